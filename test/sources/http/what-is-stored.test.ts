import { Readable } from 'node:stream'
import { describe, expect, it } from 'vitest'
import type { HttpResponse, IdempotencyOptions } from '../../../packages/oncekey/src/options.ts'
import { answersOf, responseIn, shapes } from './delivered.ts'

type Profile = NonNullable<IdempotencyOptions['profile']>

const storedStatuses = (options: IdempotencyOptions): number[] =>
  Array.from({ length: 500 }, (_, index) => 100 + index).filter(
    (status) => answersOf('http', options).toStore({ statusCode: status }) !== undefined,
  )
const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from }, (_, index) => from + index)

describe('docs/http.md "What is stored", the profiles', () => {
  it.each<[string, Profile, number[]]>([
    [
      'default',
      'default',
      range(200, 500).filter((status) => ![401, 403, 408, 409, 423, 425, 429].includes(status)),
    ],
    ['stripe', 'stripe', range(100, 600)],
    ['success-only', 'success-only', range(200, 300)],
  ])('%s stores its statuses and no other', (_row, profile, expected) => {
    expect(storedStatuses({ profile })).toEqual(expected)
  })

  it('default is the default', () => {
    expect(storedStatuses({})).toEqual(storedStatuses({ profile: 'default' }))
  })

  it.each(shapes)('store what has no status as a success on %s', (shape) => {
    for (const profile of ['default', 'stripe', 'success-only'] as const) {
      for (const result of [
        undefined,
        null,
        'text',
        { id: 1 },
        { body: 'x' },
        { statusCode: null, body: 'x' },
      ]) {
        expect(answersOf(shape, { profile }).toStore(result)).toMatchObject({ status: 200 })
      }
    }
  })

  it.each([100, 599])('store the status that the client got: %d', (statusCode) => {
    expect(answersOf('rest', { profile: 'stripe' }).toStore({ statusCode })).toMatchObject({
      status: statusCode,
    })
  })

  it('read a status that is a string', () => {
    expect(answersOf('rest').toStore({ statusCode: '201' })).toEqual({
      value: { statusCode: '201' },
      status: 201,
    })
    expect(answersOf('rest').toStore({ statusCode: '500' })).toBeUndefined()
  })

  it.each([Number.NaN, 'abc', '', 99, 600, 200.5, -1, {}, true])(
    'take status %j for the 502 that the client gets',
    (statusCode) => {
      expect(answersOf('rest').toStore({ statusCode })).toBeUndefined()
      expect(answersOf('rest', { profile: 'stripe' }).toStore({ statusCode })).toMatchObject({ status: 502 })
    },
  )
})

describe('what the handler throws', () => {
  it.each<Profile>(['default', 'success-only'])('is released under %s', (profile) => {
    expect(
      answersOf('rest', { profile, shouldStore: () => true }).errorToStore(new Error('boom')),
    ).toBeUndefined()
  })

  it.each(shapes)('is stored as a bare 500 under stripe, without a word of the error: %s', (shape) => {
    const stored = answersOf(shape, { profile: 'stripe' }).errorToStore(new Error('card 4242'))
    expect(stored).toEqual({ value: { statusCode: 500, body: '' }, status: 500 })
  })

  it('is for shouldStore to decide under stripe too', () => {
    const shouldStore = ({ statusCode }: HttpResponse): boolean => statusCode < 500
    expect(
      answersOf('rest', { profile: 'stripe', shouldStore }).errorToStore(new Error('boom')),
    ).toBeUndefined()
  })
})

describe('shouldStore', () => {
  it("decides in the profile's place", () => {
    expect(answersOf('http', { shouldStore: () => true }).toStore({ statusCode: 503 })).toMatchObject({
      status: 503,
    })
    expect(
      answersOf('http', { shouldStore: () => false, profile: 'stripe' }).toStore({ statusCode: 200 }),
    ).toBeUndefined()
  })

  it('sees the response, with a status that is a number', () => {
    const seen: HttpResponse[] = []
    const { toStore } = answersOf('http', { shouldStore: (response) => seen.push(response) > 0 })
    toStore({ statusCode: '201', headers: { 'X-Own': 'yes' }, body: 'x' })
    toStore({ id: 1 })
    toStore(undefined)
    expect(seen).toEqual([
      { statusCode: 201, headers: { 'X-Own': 'yes' }, body: 'x' },
      { statusCode: 200, body: { id: 1 } },
      { statusCode: 200, body: undefined },
    ])
  })

  it.each<[string, () => unknown]>([
    [
      'throws',
      () => {
        throw new Error('broken rule')
      },
    ],
    ['forgets to return', () => undefined],
    ['is asynchronous', async () => false],
  ])('leaves it to the profile if it %s', (_how, rule) => {
    const { toStore } = Reflect.apply(answersOf, undefined, ['http', { shouldStore: rule }])
    expect(toStore({ statusCode: 200 })).toMatchObject({ status: 200 })
    expect(toStore({ statusCode: 500 })).toBeUndefined()
  })
})

describe.each(shapes)('Oncekey-Store on %s', (shape) => {
  const storeWith = (value: string, statusCode = 200, options: IdempotencyOptions = {}): unknown =>
    answersOf(shape, options).toStore(responseIn(shape, statusCode, { 'onceKEY-store': value }))

  it.each(['no-store', 'NO-STORE', ' no-store ', 'no-store, max-age=60', 'max-age=60,no-store', 'max-age=0'])(
    '%j: not stored',
    (value) => {
      expect(storeWith(value)).toBeUndefined()
      expect(storeWith(value, 200, { profile: 'stripe', shouldStore: () => true })).toBeUndefined()
    },
  )

  it.each([
    ['max-age=60', 60_000],
    ['Max-Age=1', 1000],
    ['max-age="60"', 60_000],
    ['max-age=60, max-age=30', 30_000],
    [`max-age=${'9'.repeat(40)}`, 2 ** 31 * 1000],
  ])('%j: stored for that long', (value, retentionMs) => {
    expect(storeWith(value)).toMatchObject({ retentionMs })
  })

  it('stores what the profile leaves out, if it names a time', () => {
    expect(storeWith('max-age=60', 503, { shouldStore: () => false })).toMatchObject({
      retentionMs: 60_000,
      status: 503,
    })
  })

  it.each([
    '',
    'max-age',
    'max-age=',
    'max-age=-1',
    'max-age=1.5',
    'max-age=1e3',
    'max-age=soon',
    'x-max-age=60',
    'max-age=60s',
    'private',
    'nostore',
  ])('%j: as if it were not there', (value) => {
    expect(storeWith(value)).not.toHaveProperty('retentionMs')
    expect(storeWith(value)).toMatchObject({ status: 200 })
    expect(storeWith(value, 500)).toBeUndefined()
  })

  it('is never stored itself', () => {
    expect(JSON.stringify(storeWith('max-age=60')).toLowerCase()).not.toContain('oncekey-store')
  })
})

it('Oncekey-Store is read from either map of a REST response', () => {
  const { toStore } = answersOf('rest')
  expect(
    toStore({
      statusCode: 200,
      headers: {},
      multiValueHeaders: { 'Oncekey-Store': ['max-age=9', 'no-store'] },
    }),
  ).toBeUndefined()
})

describe('redact', () => {
  it('changes what is stored and not what is answered, even if it writes to what it gets', () => {
    const result = { statusCode: 201, headers: { 'X-Own': 'yes' }, body: '{"card":"4242"}' }
    const redact = (response: HttpResponse): HttpResponse =>
      Object.assign(response, { body: '{}', headers: {} })
    const { toStore, respond } = answersOf('http', { redact })
    expect(toStore(result)).toEqual({ value: { statusCode: 201, headers: {}, body: '{}' }, status: 201 })
    expect(respond(result)).toMatchObject({ headers: { 'X-Own': 'yes' }, body: '{"card":"4242"}' })
  })

  it('cannot bring back a header that is never stored', () => {
    const redact = (response: HttpResponse): HttpResponse => ({
      ...response,
      headers: { 'Set-Cookie': 'a=1' },
      cookies: ['b=2'],
    })
    expect(answersOf('http', { redact }).toStore({ statusCode: 200 })).toEqual({
      value: { statusCode: 200, headers: {} },
      status: 200,
    })
  })

  it('sees a bare result as the body, and what it leaves of it is stored', () => {
    const redact = (response: HttpResponse): HttpResponse => ({
      ...response,
      body: { ...Object(response.body), card: '****' },
    })
    expect(answersOf('http', { redact }).toStore({ id: 1, card: '4242' })).toEqual({
      value: { id: 1, card: '****' },
      status: 200,
    })
  })

  it('leaves undefined what is undefined', () => {
    expect(answersOf('http', { redact: (response) => response }).toStore(undefined)).toEqual({
      value: undefined,
      status: 200,
    })
  })

  it.each<[string, () => unknown, string]>([
    [
      'throws',
      () => {
        throw new RangeError('card 4242')
      },
      'redact threw (RangeError)',
    ],
    [
      'throws no error',
      () => {
        throw 'card 4242'
      },
      'redact threw (thrown)',
    ],
    ['returns nothing', () => undefined, 'redact returned no response'],
    ['is asynchronous', async () => ({ statusCode: 200 }), 'redact returned no response'],
    ['returns a body without a response', () => ({ card: '****' }), 'redact returned no response'],
    ['returns a body in a response without a status', () => ({ body: '{}' }), 'redact returned no response'],
    ['returns a status that is no number', () => ({ statusCode: '201' }), 'redact returned no response'],
    ['returns a list', () => [201, '{}'], 'redact returned no response'],
  ])('that %s stores nothing of the result, and the work stays done', (_how, broken, unavailable) => {
    const { toStore } = Reflect.apply(answersOf, undefined, ['http', { redact: broken }])
    const result = { statusCode: 201, headers: { 'Oncekey-Store': 'max-age=60' }, body: 'card 4242' }
    expect(toStore(result)).toEqual({
      unavailable,
      status: 201,
      retentionMs: 60_000,
    })
  })
})

describe('a body that is a stream', () => {
  async function* chunks(): AsyncGenerator<string> {
    yield 'chunk'
  }
  const streams = {
    Readable: Readable.from(['chunk']),
    ReadableStream: new ReadableStream(),
    'async iterable': chunks(),
    'a bare pipe': { pipe: () => undefined },
    'a bare reader': { getReader: () => undefined },
  }

  it.each(Object.entries(streams))('is never half stored: %s', (_kind, body) => {
    const expected = { unavailable: 'its body is a stream', status: 201 }
    expect(answersOf('http').toStore({ statusCode: 201, body })).toEqual(expected)
    expect(answersOf('http').toStore(body)).toEqual({ ...expected, status: 200 })
  })

  it('is released like any other under a status that is', () => {
    expect(answersOf('http').toStore({ statusCode: 500, body: Readable.from([]) })).toBeUndefined()
  })

  it('is passed on in a first answer', () => {
    const body = Readable.from(['chunk'])
    expect(answersOf('http').respond({ statusCode: 200, body })).toMatchObject({ body })
    expect(answersOf('http').respond(body)).toBe(body)
  })
})
