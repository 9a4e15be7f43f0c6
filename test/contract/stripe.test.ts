import { DeleteTableCommand } from '@aws-sdk/client-dynamodb'
import type { IdempotencyOptions } from 'oncekey'
import Stripe from 'stripe'
import { describe, expect, it, vi } from 'vitest'
import { crashed, editItem } from '../support/items.ts'
import { startProtected } from './protected-server.ts'

const KEY = 'order-1'
const paid = { statusCode: 201, headers: { 'Content-Type': 'application/json' }, body: '{"id":"p_1"}' }

/** An API with Stripe's contract, called by Stripe's own client, which retries twice unless it is told otherwise. */
async function startStripe(options: IdempotencyOptions = {}, work: () => unknown = () => paid) {
  let runs = 0
  const server = await startProtected(
    () => {
      runs += 1
      return work()
    },
    { profile: 'stripe', ...options },
  )
  const { hostname: host, port } = new URL(server.origin)
  const pay = (amount: number, idempotencyKey = KEY, maxNetworkRetries = 2): Promise<unknown> =>
    new Stripe('sk_test_1', { host, port, protocol: 'http', telemetry: false, maxNetworkRetries }).rawRequest(
      'POST',
      '/payments',
      { amount },
      { idempotencyKey },
    )
  return { ...server, pay, runs: () => runs }
}
type StripeApi = Awaited<ReturnType<typeof startStripe>>

interface Refusal {
  readonly code: string
  readonly options?: IdempotencyOptions
  readonly prepare?: (api: StripeApi) => Promise<unknown>
  /** The request that is refused. @default the same as before */
  readonly refused?: (api: StripeApi) => Promise<unknown>
  readonly error: typeof Stripe.errors.StripeError
  readonly rawType: string
  readonly status: number
}

const { StripeAPIError, StripeIdempotencyError, StripeInvalidRequestError } = Stripe.errors
const pay = (api: StripeApi) => api.pay(100)

const refusals: readonly Refusal[] = [
  {
    code: 'key-reused',
    prepare: pay,
    refused: (api) => api.pay(200),
    error: StripeIdempotencyError,
    rawType: 'idempotency_error',
    status: 400,
  },
  {
    code: 'key-invalid',
    refused: (api) => api.pay(100, 'a b'),
    error: StripeInvalidRequestError,
    rawType: 'invalid_request_error',
    status: 400,
  },
  {
    code: 'key-missing',
    options: { header: 'X-Another' },
    error: StripeInvalidRequestError,
    rawType: 'invalid_request_error',
    status: 400,
  },
  {
    code: 'outcome-unknown',
    options: { onCrash: 'refuse' },
    prepare: async (api) => {
      await pay(api)
      await editItem(api.table, crashed())
    },
    error: StripeAPIError,
    rawType: 'api_error',
    status: 409,
  },
  {
    code: 'replay-unavailable',
    options: {
      redact: () => {
        throw new Error('no such member')
      },
    },
    prepare: pay,
    error: StripeAPIError,
    rawType: 'api_error',
    status: 410,
  },
  {
    code: 'record-unreadable',
    prepare: async (api) => {
      await pay(api)
      await editItem(api.table, { owner: { N: '1' } })
    },
    error: StripeAPIError,
    rawType: 'api_error',
    status: 500,
  },
  {
    code: 'store-unavailable',
    prepare: ({ table: { client, name } }) => client.send(new DeleteTableCommand({ TableName: name })),
    error: StripeAPIError,
    rawType: 'api_error',
    status: 500,
  },
]

describe("with profile: 'stripe', Stripe's own client", () => {
  it.each(refusals)(
    'rejects $status $code as an error, and does not retry it',
    async ({ code, options, prepare, refused = pay, error, rawType, status }) => {
      const api = await startStripe(options)
      await prepare?.(api)
      const [runs, answers] = [api.runs(), api.answers.length]
      const thrown = await refused(api).catch((reason: unknown) => reason)
      expect(thrown).toBeInstanceOf(error)
      expect(thrown).toMatchObject({
        statusCode: status,
        rawType,
        code,
        message: expect.stringMatching(/\.$/),
      })
      expect([api.runs(), api.answers.length]).toEqual([runs, answers + 1])
    },
  )

  it('rejects a run in progress as an error if it may not retry', async () => {
    const end = Promise.withResolvers<void>()
    const api = await startStripe({}, () => end.promise.then(() => paid))
    const first = pay(api)
    await vi.waitUntil(() => api.runs() > 0)
    const thrown = await api.pay(100, KEY, 0).catch((reason: unknown) => reason)
    // As Stripe's own 409.
    expect(thrown).toMatchObject({
      statusCode: 409,
      rawType: 'invalid_request_error',
      code: 'idempotency_key_in_use',
      headers: { 'stripe-should-retry': 'true', 'retry-after': expect.any(String), 'idempotency-key': KEY },
    })
    end.resolve()
    await first
  })

  it('comes to the one result of a run in progress by itself', async () => {
    const api = await startStripe({}, async () => {
      await vi.waitUntil(() => api.answers.some(({ status }) => status === 409))
      return paid
    })
    const payments = await Promise.all([pay(api), pay(api)])
    expect(payments.map((payment) => Reflect.get(Object(payment), 'id'))).toEqual(['p_1', 'p_1'])
    expect(api.runs()).toBe(1)
  })

  it('rejects a handler that threw, whose failure is stored', async () => {
    const api = await startStripe({}, () => Promise.reject(new Error('declined')))
    await expect(pay(api)).rejects.toBeInstanceOf(StripeAPIError)
    expect(api.answers.map(({ status, isReplay }) => [status, isReplay])).toEqual([
      [500, false],
      [500, true],
      [500, true],
    ])
    expect(api.runs()).toBe(1)
  })
})
