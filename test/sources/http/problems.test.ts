import { httpApiEvent } from 'oncekey/testing'
import { describe, expect, it } from 'vitest'
import {
  ERROR_CODES,
  InFlightError,
  KeyInvalidError,
  KeyMissingError,
  KeyReusedError,
  LeaseLostError,
  type OncekeyError,
  OutcomeUnknownError,
  RecordUnreadableError,
  ResultUnavailableError,
  StoreUnavailableError,
} from '../../../packages/oncekey/src/core/errors.ts'
import type { IdempotencyOptions } from '../../../packages/oncekey/src/options.ts'
import { answersOf, deliver, headerValues, KEY, shapes } from './delivered.ts'
import { refused } from './identified.ts'

const OUTSTANDING = 'A request is outstanding for this Idempotency-Key'

interface Row {
  readonly error: OncekeyError
  readonly code: string
  readonly status: number
  readonly title: string
  readonly retryable: boolean
  readonly retryAfter: readonly string[]
}

/** docs/http.md "Answers", row by row. */
const rows: readonly Row[] = [
  {
    error: new KeyMissingError('Send the header Idempotency-Key.'),
    code: 'key-missing',
    status: 400,
    title: 'Idempotency-Key is missing',
    retryable: false,
    retryAfter: [],
  },
  {
    error: new KeyInvalidError('The key is longer than 255.'),
    code: 'key-invalid',
    status: 400,
    title: 'Idempotency-Key is malformed',
    retryable: false,
    retryAfter: [],
  },
  {
    error: new KeyInvalidError('The key is too old.', { code: 'key-expired' }),
    code: 'key-expired',
    status: 400,
    title: 'Idempotency-Key is expired',
    retryable: false,
    retryAfter: [],
  },
  {
    error: new KeyInvalidError('The caller is not identified.', { code: 'identity-unknown' }),
    code: 'identity-unknown',
    status: 500,
    title: 'The request cannot be identified',
    retryable: false,
    retryAfter: [],
  },
  {
    error: new KeyReusedError(KEY),
    code: 'key-reused',
    status: 422,
    title: 'Idempotency-Key is already used',
    retryable: false,
    retryAfter: [],
  },
  {
    error: new InFlightError(KEY, 1500),
    code: 'in-flight',
    status: 409,
    title: OUTSTANDING,
    retryable: true,
    retryAfter: ['2'],
  },
  {
    error: new LeaseLostError(KEY),
    code: 'lease-lost',
    status: 409,
    title: OUTSTANDING,
    retryable: true,
    retryAfter: ['1'],
  },
  {
    error: new ResultUnavailableError(KEY, 'too large', 201),
    code: 'replay-unavailable',
    status: 410,
    title: 'The response was not stored',
    retryable: false,
    retryAfter: [],
  },
  {
    error: new OutcomeUnknownError(KEY),
    code: 'outcome-unknown',
    status: 409,
    title: 'The outcome is unknown',
    retryable: false,
    retryAfter: [],
  },
  {
    error: new RecordUnreadableError('svc#digest', 'damage'),
    code: 'record-unreadable',
    status: 500,
    title: 'The idempotency record cannot be read',
    retryable: false,
    retryAfter: [],
  },
  {
    error: new StoreUnavailableError('table pay-prod: timed out', { retryable: true }),
    code: 'store-unavailable',
    status: 503,
    title: 'Idempotency is unavailable',
    retryable: true,
    retryAfter: ['1'],
  },
  {
    error: new StoreUnavailableError('table pay-prod: no such table', { retryable: false }),
    code: 'store-unavailable',
    status: 500,
    title: 'Idempotency is unavailable',
    retryable: false,
    retryAfter: [],
  },
]

const problemOf = (answer: unknown): Record<string, unknown> => JSON.parse(deliver('http', answer).body)
const refuse = (error: OncekeyError, options: IdempotencyOptions = {}, path = '/payments/7'): unknown =>
  answersOf('http', options, { path }).refuse(error)

describe.each(shapes)('a problem sent through %s', (shape) => {
  it.each(rows)('says $status for $code', ({ error, code, status, title, retryable, retryAfter }) => {
    const answer = answersOf(shape).refuse(error)
    const { status: sent, body } = deliver(shape, answer)
    expect(sent).toBe(status)
    expect(JSON.parse(body)).toMatchObject({
      type: `urn:oncekey:problem:${code}`,
      title,
      status,
      detail: expect.stringMatching(/\.$/),
      instance: '/payments/7',
      code,
      retryable,
    })
    expect(headerValues(shape, answer, 'retry-after')).toEqual(retryAfter)
    expect(headerValues(shape, answer, 'content-type')).toEqual(['application/problem+json; charset=utf-8'])
    expect(headerValues(shape, answer, 'content-language')).toEqual(['en'])
    expect(headerValues(shape, answer, 'cache-control')).toEqual(['no-store'])
    expect(headerValues(shape, answer, 'link')).toEqual([
      expect.stringMatching(/^<https:\/\/\S+>; rel="describedby"$/),
    ])
    expect(headerValues(shape, answer, 'idempotency-key')).toEqual([KEY])
    expect(headerValues(shape, answer, 'idempotent-replayed')).toEqual([])
    expect(headerValues(shape, answer, 'stripe-should-retry')).toEqual(
      code === 'outcome-unknown' ? ['false'] : [],
    )
  })

  it("has the members of that source's responses and no other", () => {
    const answer = Object(answersOf(shape).refuse(new KeyReusedError(KEY)))
    expect(Object.keys(answer).toSorted()).toEqual(
      {
        rest: ['body', 'headers', 'isBase64Encoded', 'statusCode'],
        http: ['body', 'headers', 'isBase64Encoded', 'statusCode'],
        alb: ['body', 'headers', 'isBase64Encoded', 'statusCode', 'statusDescription'],
        'alb-multi': ['body', 'isBase64Encoded', 'multiValueHeaders', 'statusCode', 'statusDescription'],
        lattice: ['body', 'headers', 'isBase64Encoded', 'statusCode', 'statusDescription'],
      }[shape],
    )
    expect(answer.isBase64Encoded).toBe(false)
  })
})

describe('status, Retry-After, text and retryable', () => {
  it('are known for every error code', () => {
    expect([...new Set(rows.map(({ code }) => code))].toSorted()).toEqual([...ERROR_CODES].toSorted())
  })

  it.each(rows)('say the same for $code with $status', ({ error }) => {
    const answer = refuse(error)
    const { status, detail } = problemOf(answer)
    expect(headerValues('http', answer, 'retry-after').length > 0).toBe(error.retryable)
    expect(/\bretry later\b/i.test(String(detail))).toBe(error.retryable)
    expect([409, 503].includes(Number(status)) || !error.retryable).toBe(true)
    expect(status === 503 && !error.retryable).toBe(false)
  })
})

it('a load balancer gets the status in words', () => {
  const { refuse: albRefuse } = answersOf('alb', { problems: { statuses: { 'in-flight': 299 } } })
  expect(albRefuse(new KeyReusedError(KEY))).toMatchObject({ statusDescription: '422 Unprocessable Entity' })
  expect(albRefuse(new InFlightError(KEY, 0))).toMatchObject({ statusDescription: '299' })
})

describe('Retry-After (still running)', () => {
  it.each([
    [0, '1'],
    [1, '1'],
    [1000, '1'],
    [1001, '2'],
    [4001, '5'],
    [15 * 60_000, '5'],
    [-5, '1'],
    [Number.NaN, '1'],
    [Number.POSITIVE_INFINITY, '5'],
  ])('that an error suggests as %d ms is %s', (leftMs, expected) => {
    expect(headerValues('http', refuse(new InFlightError(KEY, leftMs)), 'retry-after')).toEqual([expected])
  })
})

describe('what a problem tells', () => {
  it('is the original status of a response that was not stored', () => {
    expect(problemOf(refuse(new ResultUnavailableError(KEY, 'too large', 201)))).toMatchObject({
      originalStatus: 201,
    })
    expect(problemOf(refuse(new ResultUnavailableError(KEY, 'too large')))).not.toHaveProperty(
      'originalStatus',
    )
  })

  it.each(rows.filter(({ status }) => status !== 400))(
    'is nothing of the request but its path, and nothing of the store: $code',
    ({ error }) => {
      const cause = new Error('arn:aws:dynamodb:eu-west-1:123456789012:table/pay-prod')
      error.cause = cause
      const text = JSON.stringify(refuse(error))
      for (const secret of [
        'amount',
        'in-the-query',
        'pay-prod',
        '123456789012',
        'svc#digest',
        'damage',
        'too large',
      ]) {
        expect(text).not.toContain(secret)
      }
    },
  )

  it.each(rows.filter(({ status }) => status === 400))(
    'is what is wrong with the key: $code',
    ({ error }) => {
      expect(problemOf(refuse(error))).toMatchObject({ detail: error.message })
    },
  )

  it.each([
    ['', '/'],
    ['/', '/'],
    ['/a/b%20c', '/a/b%20c'],
    ['/ü/<script>"', '/%C3%BC/%3Cscript%3E%22'],
    ['/100%', '/100%25'],
    ['/%a', '/%25a'],
    ['/%zz', '/%25zz'],
    ['/a?b#c', '/a%3Fb%23c'],
    ['//evil.example/x', '/evil.example/x'],
    ['/\ud800', '/%EF%BF%BD'],
    ['/a\r\nb', '/a%0D%0Ab'],
  ])('names path %j as a URI reference', (path, instance) => {
    expect(problemOf(refuse(new KeyReusedError(KEY), {}, path))).toMatchObject({ instance })
  })
})

describe('problems', () => {
  it.each(['https://api.example.com/errors', 'https://api.example.com/errors/'])(
    'typeBase %s is where type and Link point',
    (typeBase) => {
      const answer = refuse(new KeyReusedError(KEY), { problems: { typeBase } })
      const type = 'https://api.example.com/errors/key-reused'
      expect(problemOf(answer)).toMatchObject({ type })
      expect(headerValues('http', answer, 'link')).toEqual([`<${type}>; rel="describedby"`])
    },
  )

  it.each(['https://e.example/#', 'urn:example:', 'https://e.example/?code='])(
    'typeBase %s is taken as it ends',
    (typeBase) => {
      expect(problemOf(refuse(new KeyReusedError(KEY), { problems: { typeBase } }))).toMatchObject({
        type: `${typeBase}key-reused`,
      })
    },
  )

  it('titles and statuses change those they name', () => {
    const problems = { titles: { 'key-reused': 'Keys are for one request' }, statuses: { 'key-reused': 400 } }
    const answer = refuse(new KeyReusedError(KEY), { problems })
    expect(deliver('http', answer).status).toBe(400)
    expect(problemOf(answer)).toMatchObject({ title: 'Keys are for one request', status: 400 })
    expect(problemOf(refuse(new KeyMissingError('x'), { problems }))).toMatchObject({
      title: 'Idempotency-Key is missing',
      status: 400,
    })
  })

  it('apply to a key that could not be read too', () => {
    const problems = { titles: { 'key-missing': 'Where is the key?' } }
    const { error, answer } = refused(httpApiEvent(), { problems })
    expect(error.code).toBe('key-missing')
    expect(problemOf(answer)).toMatchObject({ title: 'Where is the key?' })
  })
})

it('legacyHeaders name the key in a problem too, which is neither HIT nor MISS', () => {
  const answer = refuse(new KeyReusedError(KEY), { legacyHeaders: true })
  expect(headerValues('http', answer, 'x-idempotency-key')).toEqual([KEY])
  expect(headerValues('http', answer, 'x-idempotency-cache-status')).toEqual([])
})
