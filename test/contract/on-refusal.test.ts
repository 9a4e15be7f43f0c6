import {
  type IdempotencyOptions,
  idempotentHandler,
  type OncekeyError,
  type Problem,
  type RefusalResponse,
} from 'oncekey'
import { memoryStore } from 'oncekey/memory'
import { lambdaContext } from 'oncekey/testing'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import {
  KeyMissingError,
  KeyReusedError,
  OutcomeUnknownError,
  StoreUnavailableError,
} from '../../packages/oncekey/src/core/errors.ts'
import { answersOf, deliver, headerValues, KEY, shapes } from '../sources/http/delivered.ts'
import { eachDoorOnce, scenario } from './scenario.ts'

const teapot: RefusalResponse = {
  statusCode: 418,
  headers: { 'Content-Type': 'application/json' },
  body: '{"refused":true}',
}

describe.each(eachDoorOnce)('$entrance', (entrance) => {
  it.each([
    ['key-reused', { body: '{"amount":7}' }],
    ['key-missing', { key: undefined }],
  ])('answers %s with the response of onRefusal, which gets all there is to know', async (code, facts) => {
    const calls: (readonly [Problem, OncekeyError, unknown, string])[] = []
    const { send, runs } = await scenario(entrance, {
      async onRefusal(problem, error, event, context) {
        calls.push([problem, error, event, context.awsRequestId])
        return teapot
      },
    })
    await send()
    const answer = await send(facts)
    expect(answer).toMatchObject({ status: 418, body: teapot.body })
    expect(answer.header('content-type')).toBe('application/json')
    expect(calls).toEqual([
      [
        expect.objectContaining({ code, detail: expect.any(String), status: expect.any(Number) }),
        expect.objectContaining({ code, message: expect.any(String) }),
        expect.objectContaining({ requestContext: expect.any(Object) }),
        lambdaContext().awsRequestId,
      ],
    ])
    expect(runs()).toBe(1)
  })
})

describe.each(shapes)('a response of onRefusal through %s', (shape) => {
  const refuse = async (
    error: OncekeyError,
    response: RefusalResponse | undefined,
    options: IdempotencyOptions = {},
  ) => answersOf(shape, { onRefusal: () => response, ...options }).refuse(error)

  it('is sent with the headers that caches and retrying clients act on', async () => {
    expect(deliver(shape, await refuse(new OutcomeUnknownError(KEY), teapot))).toEqual({
      status: 418,
      headers: [
        'cache-control: no-store',
        'content-type: application/json',
        `idempotency-key: ${KEY}`,
        'stripe-should-retry: false',
      ],
      body: teapot.body,
    })
  })

  it.each([
    [new KeyReusedError(KEY), 'stripe-should-retry: false'],
    [new StoreUnavailableError('denied', { retryable: false }), 'stripe-should-retry: false'],
    [new StoreUnavailableError('away', { retryable: true }), 'retry-after: 1'],
  ])('tells clients that cannot read its body whether to retry: %s', async (error, header) => {
    const { headers } = deliver(shape, await refuse(error, { statusCode: 500, body: '{}' }))
    expect(headers).toEqual(['cache-control: no-store', `idempotency-key: ${KEY}`, header].sort())
  })

  it('has its own headers in place of those, in any case, but not in place of the key', async () => {
    const headers = {
      'cache-control': 'private',
      'STRIPE-SHOULD-RETRY': 'true',
      'idempotency-key': 'another',
      'Idempotent-Replayed': 'true',
      'Oncekey-Store': 'no-store',
    }
    const answer = await refuse(new OutcomeUnknownError(KEY), { statusCode: 200, headers })
    expect(deliver(shape, answer)).toEqual({
      status: 200,
      headers: ['cache-control: private', `idempotency-key: ${KEY}`, 'stripe-should-retry: true'],
      body: '',
    })
  })

  it("is the profile's or the problem if there is none", async () => {
    const problem = await refuse(new KeyReusedError(KEY), undefined)
    expect(problem).toEqual(answersOf(shape).refuse(new KeyReusedError(KEY)))
    const stripe = await refuse(new KeyReusedError(KEY), undefined, { profile: 'stripe' })
    expect(deliver(shape, stripe).status).toBe(400)
    expect(JSON.parse(deliver(shape, stripe).body)).toMatchObject({ error: { type: 'idempotency_error' } })
    const own = await refuse(new KeyReusedError(KEY), teapot, { profile: 'stripe' })
    expect(deliver(shape, own).status).toBe(418)
  })
})

it.each(['default', 'stripe'] as const)('cannot change the refusal of the profile %s', async (profile) => {
  const onRefusal = (problem: object) => void Object.assign(problem, { status: 777, detail: 'changed' })
  const changed = await answersOf('http', { profile, onRefusal }).refuse(new KeyReusedError(KEY))
  expect(changed).toEqual(await answersOf('http', { profile }).refuse(new KeyReusedError(KEY)))
})

it.each([
  ['key-reused', 409, new KeyReusedError(KEY), 'idempotency_error'],
  ['key-missing', 500, new KeyMissingError('Send a key.'), 'api_error'],
] as const)("profile: 'stripe' follows problems.statuses: %s, %i", async (code, status, error, type) => {
  const options: IdempotencyOptions = { profile: 'stripe', problems: { statuses: { [code]: status } } }
  const { status: sent, body } = deliver('http', await answersOf('http', options).refuse(error))
  expect([sent, JSON.parse(body)]).toMatchObject([status, { error: { type } }])
})

describe('an onRefusal that fails', () => {
  let warnings: unknown[]
  beforeEach(() => {
    // Each text is printed once for a process.
    vi.resetModules()
    warnings = []
    vi.spyOn(process, 'emitWarning').mockImplementation((...warning) => void warnings.push(warning))
  })
  afterEach(() => vi.restoreAllMocks())

  it.each<[string, () => unknown, string]>([
    [
      'throws',
      () => {
        throw new TypeError('no member "secret"')
      },
      'threw TypeError',
    ],
    ['rejects', () => Promise.reject(new RangeError('secret')), 'threw RangeError'],
    [
      'throws an error whose name is a sentence',
      () => Promise.reject(Object.assign(new Error('x'), { name: 'secret,\nin two lines' })),
      'threw Error',
    ],
    [
      'throws an error whose name cannot be read',
      () => {
        throw Object.defineProperty(new Error('x'), 'name', { get: () => JSON.parse('secret') })
      },
      'threw Error',
    ],
    [
      'throws an error whose name is no text',
      () => Promise.reject(Object.assign(new Error('x'), { name: Symbol('secret') })),
      'threw Error',
    ],
    ['returns a status alone', () => 409, 'returned no response'],
    ['returns a response without a status', () => ({ body: '{}' }), 'returned no response'],
    ['returns a status in words', () => ({ statusCode: '409' }), 'returned no response'],
    ['returns a status below 200', () => ({ statusCode: 100 }), 'returned no response'],
    ['returns a status above 599', () => ({ statusCode: 600 }), 'returned no response'],
    ['returns an object as body', () => ({ statusCode: 409, body: {} }), 'returned no response'],
    ['returns a list of headers', () => ({ statusCode: 409, headers: [] }), 'returned no response'],
  ])('and %s has the default refusal, and a warning without what it said', async (_, onRefusal, says) => {
    const refuse = answersOf('http', {
      onRefusal: onRefusal as NonNullable<IdempotencyOptions['onRefusal']>,
    }).refuse
    const answer = await refuse(new KeyReusedError(KEY))
    expect(headerValues('http', answer, 'content-type')).toEqual(['application/problem+json; charset=utf-8'])
    expect(deliver('http', answer).status).toBe(422)
    expect(warnings).toEqual([
      [expect.stringContaining(says), { type: 'OncekeyWarning', code: 'ONCEKEY_ON_REFUSAL' }],
    ])
    expect(JSON.stringify(warnings)).not.toContain('secret')
  })
})

it('is not called for an event that is not HTTP, whose refusal is thrown', async () => {
  const onRefusal = vi.fn(() => teapot)
  const key = ({ id }: { readonly id: string }) => id
  const handler = idempotentHandler(async () => 'done', memoryStore(), { key, onRefusal })
  await handler({ id: 'k1', amount: 1 }, lambdaContext())
  await expect(handler({ id: 'k1', amount: 2 }, lambdaContext())).rejects.toMatchObject({
    code: 'key-reused',
  })
  expect(onRefusal).not.toHaveBeenCalled()
})
