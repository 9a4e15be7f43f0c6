import { type IdempotencyOptions, idempotentBatch } from 'oncekey'
import { memoryStore } from 'oncekey/memory'
import { httpApiEvent, lambdaContext } from 'oncekey/testing'
import { describe, expect, it } from 'vitest'
import { frontDoors, withoutMiddy } from '../support/front-doors.ts'
import { sqsEvent, sqsRecord } from '../triggers/fixtures.ts'

const context = lambdaContext()
const event = httpApiEvent({ key: 'k1' })
const response = { statusCode: 201, body: 'paid' }
const echoed = { ...response, headers: { 'Idempotency-Key': 'k1', 'Idempotent-Replayed': 'true' } }

/** Each hook, with what it returns and the arguments that it gets. */
const hooks: readonly (readonly [name: keyof IdempotencyOptions, result: unknown, given: unknown[]])[] = [
  ['key', 'k1', [event, context]],
  ['skip', false, [event, context]],
  ['principal', 'ann', [event, context]],
  ['fingerprint', 1, [event, context]],
  ['shouldStore', true, [response, event, context]],
  ['redact', response, [response, event, context]],
  [
    'onReplay',
    response,
    [
      echoed,
      event,
      context,
      {
        attempt: 1,
        createdAtMs: expect.any(Number),
        completedAtMs: expect.any(Number),
        expiresAtMs: expect.any(Number),
      },
    ],
  ],
]

describe.each(frontDoors)('behind $door', ({ protect }) => {
  it.each(hooks)('%s gets the event and the context of its invocation', async (name, result, given) => {
    const calls: unknown[][] = []
    const hook = (...args: unknown[]) => {
      calls.push(args)
      return result
    }
    const handler = protect(() => response, memoryStore(), { service: 'payments', [name]: hook })
    await handler(event, context)
    await handler(event, context)
    expect(calls[0]).toEqual(given)
    expect(calls[0]?.at(given.indexOf(context))).toBe(context)
  })
})

it.each(['key', 'fingerprint', 'group', 'onRecordError'])(
  '%s of a batch gets the record and the context',
  async (name) => {
    const record = sqsRecord('m-1', 'paid')
    const calls: unknown[][] = []
    const hook = (...args: unknown[]) => {
      calls.push(args)
      return 'k1'
    }
    const fail = () => {
      throw new Error('declined')
    }
    await idempotentBatch(fail, memoryStore(), { onRecordError: () => undefined, [name]: hook })(
      sqsEvent(record),
      context,
    )
    expect(calls[0]?.slice(-2)).toEqual([record, context])
  },
)

describe('tenants of a function with tenant isolation', () => {
  const inTenant = (tenantId: string) => ({ ...context, tenantId })
  const ran = async (options: IdempotencyOptions, ...tenants: string[]) => {
    let runs = 0
    const run = () => {
      runs += 1
      return response
    }
    const handler = withoutMiddy.protect(run, memoryStore(), { service: 'payments', ...options })
    for (const tenant of tenants) await handler(httpApiEvent({ key: 'k1', caller: null }), inTenant(tenant))
    return runs
  }

  it.each<[string, IdempotencyOptions]>([
    ['callers that nothing names', {}],
    ['callers whom the option names alike', { principal: () => 'ann' }],
  ])('never share the keys of %s', async (_who, options) => {
    expect(await ran(options, 'one', 'two', 'one')).toBe(2)
  })

  it('can be read by a hook', async () => {
    const key: IdempotencyOptions['key'] = (_event, { tenantId = '', awsRequestId }) =>
      tenantId + awsRequestId
    expect(await ran({ key }, 'one', 'two', 'one')).toBe(2)
  })
})
