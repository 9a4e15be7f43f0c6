import axios from 'axios'
import axiosRetry from 'axios-retry'
import got from 'got'
import ky from 'ky'
import { createIdempotentFetch } from 'oncekey/client'
import Stripe from 'stripe'
import { Agent, RetryAgent, request } from 'undici'
import { describe, expect, it, vi } from 'vitest'
import { type ProtectedServer, startProtected } from './protected-server.ts'

/** The handler's time, as of a payment. */
const HANDLER_MS = 300
/** Enough for the tries of any client, and less than a client waits that is told to wait 5 seconds. */
const MAX_MS = 4_000

/** Sends one payment, and resolves to the id of the payment, or to nothing if the client gave up. */
type Pay = (origin: string, key: string) => Promise<unknown>

interface Client {
  readonly client: string
  /** As the client comes. */
  readonly byDefault: Pay
  readonly retriesByDefault: boolean
  /** As docs/client.md says. */
  readonly toldToRetry: Pay
}

const json = { amount: 100 }
const headersOf = (key: string) => ({ 'Content-Type': 'application/json', 'Idempotency-Key': key })
const gaveUp = (): undefined => undefined
const post = (key: string) =>
  ({ method: 'POST', headers: headersOf(key), body: JSON.stringify(json) }) as const
const idOf = (payment: unknown): unknown => Object(payment).id

const gotPay =
  (client: typeof got): Pay =>
  (origin, key) =>
    client
      .post(`${origin}/payments`, { json, headers: headersOf(key) })
      .json()
      .then(idOf, gaveUp)

const kyPay =
  (client: typeof ky): Pay =>
  (origin, key) =>
    client
      .post(`${origin}/payments`, { json, headers: headersOf(key) })
      .json()
      .then(idOf, gaveUp)

const axiosPay =
  (options?: Parameters<typeof axiosRetry>[1]): Pay =>
  (origin, key) => {
    const client = axios.create()
    axiosRetry(client, options)
    return client
      .post(`${origin}/payments`, json, { headers: headersOf(key) })
      .then(({ data }) => idOf(data), gaveUp)
  }

const undiciPay =
  (options?: ConstructorParameters<typeof RetryAgent>[1]): Pay =>
  async (origin, key) => {
    const agent = new Agent()
    const dispatcher = new RetryAgent(agent, options)
    const { statusCode, body } = await request(`${origin}/payments`, { ...post(key), dispatcher })
    const payment = await body.json()
    await agent.close()
    return statusCode < 400 ? idOf(payment) : undefined
  }

const fetchPay =
  (send: typeof fetch | ReturnType<typeof createIdempotentFetch>): Pay =>
  async (origin, key) => {
    const response = await send(`${origin}/payments`, post(key))
    return response.ok ? idOf(await response.json()) : undefined
  }

const stripePay: Pay = (origin, key) => {
  const { hostname: host, port } = new URL(origin)
  const stripe = new Stripe('sk_test_1', { host, port, protocol: 'http', telemetry: false })
  return stripe.rawRequest('POST', '/payments', json, { idempotencyKey: key }).then(idOf, gaveUp)
}

const idempotentFetch = createIdempotentFetch()

const clients: readonly Client[] = [
  {
    client: 'oncekey/client',
    byDefault: fetchPay(idempotentFetch),
    retriesByDefault: true,
    toldToRetry: fetchPay(idempotentFetch),
  },
  { client: 'stripe', byDefault: stripePay, retriesByDefault: true, toldToRetry: stripePay },
  {
    client: 'got',
    byDefault: gotPay(got),
    retriesByDefault: false,
    toldToRetry: gotPay(got.extend({ retry: { limit: 4, methods: ['POST'], statusCodes: [409, 503] } })),
  },
  {
    client: 'ky',
    byDefault: kyPay(ky),
    retriesByDefault: false,
    toldToRetry: kyPay(
      ky.extend({
        retry: { limit: 4, methods: ['post'], statusCodes: [409, 503], afterStatusCodes: [409, 503] },
      }),
    ),
  },
  {
    client: 'axios-retry',
    byDefault: axiosPay(),
    retriesByDefault: false,
    toldToRetry: axiosPay({
      retries: 4,
      retryCondition: ({ response }) =>
        response === undefined || response.status === 409 || response.status === 503,
    }),
  },
  {
    client: "undici's RetryAgent",
    byDefault: undiciPay(),
    retriesByDefault: false,
    toldToRetry: undiciPay({ maxRetries: 4, methods: ['POST'], statusCodes: [409, 503] }),
  },
]

const nameKey = (client: string): string => client.replaceAll(/\W/g, '-')

/** Starts payments that take as long as one does, and at least until their repeat has been refused. */
async function startPayments(): Promise<ProtectedServer & { readonly runs: string[] }> {
  const runs: string[] = []
  const server: ProtectedServer = await startProtected(async (_event, { idempotency: { key } }) => {
    runs.push(key)
    const isRefused = () => tries(server, key).some(({ status }) => status === 409)
    await Promise.all([
      new Promise((resolve) => setTimeout(resolve, HANDLER_MS)),
      vi.waitUntil(isRefused, { timeout: 5_000 }),
    ])
    return { statusCode: 201, headers: { 'Content-Type': 'application/json' }, body: `{"id":"of ${key}"}` }
  })
  return { ...server, runs }
}

/** Returns the answers to the requests with this key, in their order. */
function tries({ answers }: Pick<ProtectedServer, 'answers'>, key: string) {
  return answers.filter(({ header }) => header('idempotency-key') === key)
}

/** Sends the payment twice, the second time once the first runs. Returns what came of the second, and when. */
async function clickTwice(pay: Pay, { origin, runs }: { origin: string; runs: string[] }, key: string) {
  const first = pay(origin, key)
  await vi.waitUntil(() => runs.includes(key))
  const startedAtMs = performance.now()
  const second = await pay(origin, key)
  return { first: await first, second, durationMs: performance.now() - startedAtMs }
}

describe('a click that is sent twice, on a handler of 300 ms', () => {
  it('has one result, a second later, with every client that is told to retry 409', async () => {
    const server = await startPayments()
    const ends = await Promise.all(
      clients.map(async ({ client, toldToRetry }) => {
        const key = nameKey(client)
        const { first, second, durationMs } = await clickTwice(toldToRetry, server, key)
        const seen = tries(server, key)
        const [refusal] = seen
        return {
          client,
          first,
          second,
          isInTime: durationMs < MAX_MS,
          retryAfter: refusal?.header('retry-after'),
          tries: seen.length,
          isReplay: seen.at(-1)?.isReplay,
        }
      }),
    )
    expect(ends).toEqual(
      clients.map(({ client }) => {
        const id = `of ${nameKey(client)}`
        return {
          ...{ client, first: id, second: id, isInTime: true, isReplay: true },
          // On a busy machine the refusal, or the result, may come later than within a second.
          retryAfter: expect.stringMatching(/^[12]$/),
          tries: expect.toSatisfy((count) => count >= 3 && count <= 5),
        }
      }),
    )
    expect(server.runs.toSorted()).toEqual([...new Set(server.runs)].toSorted())
  })

  it('is answered with 409 at once, with most clients as they come', async () => {
    const server = await startPayments()
    const ends = await Promise.all(
      clients.map(async ({ client, byDefault }) => {
        const key = nameKey(client)
        const { second } = await clickTwice(byDefault, server, key)
        return { client, retries: tries(server, key).length > 2, hasResult: second !== undefined }
      }),
    )
    expect(ends).toEqual(
      clients.map(({ client, retriesByDefault: retries }) => ({ client, retries, hasResult: retries })),
    )
  })

  it('is answered in one go if the repeat waits', async () => {
    const runs: string[] = []
    const waiting = Promise.withResolvers<void>()
    const { origin, answers } = await startProtected(
      async (_event, { idempotency: { key } }) => {
        runs.push(key)
        await waiting.promise
        return { statusCode: 201, headers: { 'Content-Type': 'application/json' }, body: '{"id":"p_1"}' }
      },
      { inFlight: { waitMs: 5_000 } },
    )
    const pay = fetchPay(fetch)
    const first = pay(origin, 'k1')
    await vi.waitUntil(() => runs.length > 0)
    const second = pay(origin, 'k1')
    waiting.resolve()
    expect(await Promise.all([first, second])).toEqual(['p_1', 'p_1'])
    expect(answers.map(({ status, isReplay }) => [status, isReplay])).toEqual([
      [201, false],
      [201, true],
    ])
  })
})
