import middy from '@middy/core'
import type { APIGatewayProxyEventV2, APIGatewayProxyResultV2, Context } from 'aws-lambda'
import { type Attempt, type IdempotentContext, idempotent, idempotentHandler, runOnce } from 'oncekey'
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

  it('say that a result comes back as JSON', () => {
    const once = () =>
      runOnce(store, { name: 'a', key: 'b', service: 'c' }, () => ({ at: new Date(), gone: undefined }))
    expectTypeOf(once).returns.resolves.toEqualTypeOf<{ at: string }>()
    const step = (attempt: Attempt) => attempt.step('a', () => new Date())
    expectTypeOf(step).returns.resolves.toEqualTypeOf<string>()
  })
})
