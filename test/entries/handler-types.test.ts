import middy from '@middy/core'
import type {
  APIGatewayProxyEventV2,
  APIGatewayProxyHandlerV2,
  APIGatewayProxyResultV2,
  Callback,
  Context,
  Handler,
  SQSEvent,
  SQSRecord,
} from 'aws-lambda'
import {
  type Attempt,
  type IdempotencyOptions,
  type IdempotentContext,
  idempotent,
  idempotentBatch,
  idempotentHandler,
  type ReplayedRecord,
  runOnce,
} from 'oncekey'
import { describe, expectTypeOf, it } from 'vitest'
import { memoryStore } from '../../packages/oncekey/src/stores/memory.ts'

const store = memoryStore()

describe('the types', () => {
  it('give a handler under middy its attempt, by annotation', () => {
    const createPayment = async (
      _event: APIGatewayProxyEventV2,
      context: IdempotentContext,
    ): Promise<APIGatewayProxyResultV2> => {
      expectTypeOf(context.idempotency).toEqualTypeOf<Attempt>()
      return { statusCode: 201 }
    }
    const handler = middy(createPayment).use(idempotent(store))
    expectTypeOf(handler).toBeCallableWith({} as APIGatewayProxyEventV2, {} as IdempotentContext)
  })

  it('give a handler that is set after use its attempt, by inference', () => {
    middy<APIGatewayProxyEventV2, APIGatewayProxyResultV2>()
      .use(idempotent<APIGatewayProxyEventV2, APIGatewayProxyResultV2>(store))
      .handler(async (_event, context) => {
        expectTypeOf(context.idempotency).toEqualTypeOf<Attempt>()
        return { statusCode: 201 }
      })
  })

  it('leave a handler that does not need the attempt as it is', () => {
    const plain = async (
      _event: APIGatewayProxyEventV2,
      _context: Context,
    ): Promise<APIGatewayProxyResultV2> => ({
      statusCode: 201,
    })
    middy(plain).use(idempotent(store))
  })

  it('give idempotentHandler the context with the attempt and take a plain context', () => {
    const handler = idempotentHandler(async (event: { id: string }, context) => {
      expectTypeOf(context).toEqualTypeOf<IdempotentContext>()
      return event.id
    }, store)
    expectTypeOf(handler).parameters.toEqualTypeOf<[{ id: string }, Context]>()
    expectTypeOf(handler).returns.resolves.toEqualTypeOf<string>()
  })

  it('take what Lambda’s types call a handler, with its result', () => {
    const declared: APIGatewayProxyHandlerV2 = async () => ({ statusCode: 201 })
    const handler = idempotentHandler(declared, store)
    expectTypeOf(handler).parameters.toEqualTypeOf<[APIGatewayProxyEventV2, Context]>()
    expectTypeOf(handler).returns.resolves.toEqualTypeOf<APIGatewayProxyResultV2>()

    const calling = (event: SQSEvent, _context: Context, callback: Callback<number>) =>
      callback(null, event.Records.length)
    expectTypeOf(idempotentHandler(calling, store)).returns.resolves.toEqualTypeOf<number>()
    const any: Handler = async () => undefined
    idempotentHandler(any, store, { key: (event) => event.anything })
  })

  it('give the hooks of idempotentHandler its event and Lambda’s context', () => {
    const charge = async ({ id }: { id: string }) => id
    idempotentHandler(charge, store, {
      key(event, context) {
        expectTypeOf(event).toEqualTypeOf<{ id: string }>()
        expectTypeOf(context).toEqualTypeOf<Context>()
        return event.id + context.awsRequestId
      },
      skip: (event) => event.id === '',
      principal: (_event, { tenantId }) => tenantId,
      fingerprint: ({ id }) => id,
      shouldStore: ({ statusCode }, { id }, { tenantId }) => statusCode < 400 && id !== tenantId,
      redact: (response, { id }) => ({ ...response, body: id }),
      onReplay(response, event, context, record) {
        expectTypeOf(event).toEqualTypeOf<{ id: string }>()
        expectTypeOf(context).toEqualTypeOf<Context>()
        expectTypeOf(record).toEqualTypeOf<ReplayedRecord>()
        return response
      },
    })
    // @ts-expect-error: the handler's event is not a batch
    idempotentHandler(charge, store, { key: (event: SQSEvent) => event.Records[0]?.messageId })
    // @ts-expect-error: the event has no such member
    idempotentHandler(charge, store, { key: (event) => event.orderId })
  })

  it('give the hooks of idempotent the event that they or the call names, as Middy passes on none', () => {
    const pay: APIGatewayProxyHandlerV2 = async () => ({ statusCode: 201 })
    const named = middy(pay).use(
      idempotent(store, {
        key: (event: APIGatewayProxyEventV2, { awsRequestId }) => event.body ?? awsRequestId,
      }),
    )
    const typed = middy(pay).use(idempotent<APIGatewayProxyEventV2>(store, { key: (event) => event.body }))
    const event = {} as APIGatewayProxyEventV2
    const context = {} as IdempotentContext
    expectTypeOf(named).toBeCallableWith(event, context)
    expectTypeOf(typed).toBeCallableWith(event, context)
    // @ts-expect-error: without a name, the event is unknown
    middy(pay).use(idempotent(store, { key: (event) => event.body }))
    const wrong = middy(pay).use(idempotent(store, { key: (event: SQSEvent) => event.Records[0]?.messageId }))
    // @ts-expect-error: the hook needs another event than the handler gets
    expectTypeOf(wrong).toBeCallableWith(event, context)
    // @ts-expect-error: the option's event is not the hook's
    idempotent<APIGatewayProxyEventV2>(store, { key: (event: SQSEvent) => event.Records[0]?.messageId })
  })

  it('give the hooks of idempotentBatch its record and the context', () => {
    const ship = async (record: SQSRecord) => record.body
    idempotentBatch(ship, store, {
      key: (record, context) => record.messageId + context.awsRequestId,
      group: ({ attributes }, { tenantId }) => attributes.MessageGroupId ?? tenantId,
      onRecordError(error, record, context) {
        expectTypeOf(error).toBeUnknown()
        expectTypeOf(record).toEqualTypeOf<SQSRecord>()
        expectTypeOf(context).toEqualTypeOf<Context>()
      },
    })
  })

  it('let options of every event be passed for one', () => {
    const options: IdempotencyOptions = { key: () => 'k1' }
    idempotentHandler(async (event: { id: string }) => event.id, store, options)
  })

  it('say that a result comes back as JSON', () => {
    const once = () =>
      runOnce(store, { name: 'a', key: 'b', service: 'c' }, () => ({ at: new Date(), gone: undefined }))
    expectTypeOf(once).returns.resolves.toEqualTypeOf<{ at: string }>()
    const step = (attempt: Attempt) => attempt.step('a', () => new Date())
    expectTypeOf(step).returns.resolves.toEqualTypeOf<string>()
  })
})
