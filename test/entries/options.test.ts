import { idempotent, idempotentHandler, runOnce } from 'oncekey'
import { memoryStore } from 'oncekey/memory'
import { describe, expect, it } from 'vitest'

const store = memoryStore()

/** What makes no sense, and what the error at cold start says that it should be. */
const nonsense: readonly (readonly [options: unknown, expected: string])[] = [
  [{ retention: 1 }, 'got "retention"'],
  [
    { retentionMs: -5 },
    'expected retentionMs to be a whole number of milliseconds above 0, at most 100 years, got -5',
  ],
  [{ retentionMs: Number.MAX_SAFE_INTEGER }, 'above 0, at most 100 years, got 9007199254740991'],
  [{ leaseMs: 3_153_600_000_001 }, 'got 3153600000001'],
  [{ retentionMs: Number.POSITIVE_INFINITY }, 'got Infinity'],
  [{ retentionMs: '1h' }, 'got "1h"'],
  [{ leaseMs: 0.5 }, 'got 0.5'],
  [{ renewEveryMs: 0 }, 'expected renewEveryMs to be a whole number of milliseconds above 0'],
  [{ renewEveryMs: 60_000 }, 'expected renewEveryMs to be less than leaseMs (60000), got 60000'],
  [{ leaseMs: 3_000, renewEveryMs: 3_001 }, 'expected renewEveryMs to be less than leaseMs (3000), got 3001'],
  [{ minRemainingMs: -1 }, 'expected minRemainingMs to be a whole number of milliseconds above 0'],
  [{ onCrash: 'retry' }, 'expected onCrash to be one of "rerun", "refuse", got "retry"'],
  [{ inFlight: 'wait' }, "expected inFlight to be 'reject' or { waitMs"],
  [{ inFlight: { waitMs: 0 } }, 'got an object'],
  [{ inFlight: { waitMs: 3_153_600_000_001 } }, 'at most 100 years }, got an object'],
  [{ onStoreError: true }, 'expected onStoreError to be one of "refuse", "run", got true'],
  [{ cache: 100 }, 'expected cache to be { maxEntries: a whole number from 1 to 100000 }, got 100'],
  [{ client: {} }, 'expected client to be a DynamoDBClient or DynamoDBDocumentClient'],
  [{ clock: {} }, 'expected clock to be an object with nowMs()'],
  [{ onOutcome: 'log' }, 'expected onOutcome to be a function, got "log"'],
  [{ service: '' }, 'expected service to be a non-empty string, got ""'],
  [{ fingerprint: 'body' }, 'expected fingerprint to be a function, a list of JSON pointers'],
  [{ methods: [] }, 'expected methods to be a list of HTTP methods'],
  [{ methods: ['*'] }, 'got ["*"]'],
  [{ methods: ['ANY'] }, 'got ["ANY"]'],
  [{ methods: [' post '] }, 'got [" post "]'],
  [{ header: 'Idempotency Key' }, 'expected header to be a header name or a list of them'],
  [{ header: ['X-Key', 'a:b'] }, 'got ["X-Key","a:b"]'],
  [{ minLength: 256 }, 'expected minLength to be a whole number from 1 to 255, got 256'],
  [{ pattern: 'k' }, 'expected pattern to be a regular expression, got "k"'],
  [{ profile: 'strict' }, 'expected profile to be one of "default", "stripe", "success-only", got "strict"'],
  [{ problems: { typeBase: 'a b' } }, 'expected problems to be'],
  [{ problems: { statuses: { 'key-reused': 200 } } }, 'expected problems to be'],
  [{ problems: { titles: { 'no-such-code': 'x' } } }, 'expected problems to be'],
  [{ archiveReplays: true }, 'expected archiveReplays to be one of "run", "repeat", got true'],
  [{ syntax: 'loose' }, 'expected syntax to be one of "strict", got "loose"'],
  [null, 'expected options to be an object, got null'],
]

describe('at cold start', () => {
  it.each(nonsense)('options %j are refused: %s', (options, expected) => {
    for (const protect of [
      () => Reflect.apply(idempotent, undefined, [store, options]),
      () => Reflect.apply(idempotentHandler, undefined, [() => 1, store, options]),
    ]) {
      expect(protect).toThrow(TypeError)
      expect(protect).toThrow(expected)
    }
  })

  it('an option that does not exist is refused with the names of those that do', () => {
    expect(() => Reflect.apply(idempotent, undefined, [store, { retention: 1 }])).toThrow(
      /^idempotent: expected one of the options service, retentionMs, .*, got "retention"\. Rename or remove it\.$/,
    )
  })

  it.each([undefined, '', 7, {}])('a table that is %j is refused', (table) => {
    expect(() => Reflect.apply(idempotent, undefined, [table])).toThrow(
      /expected a table name or a Store, got .*environment variable/,
    )
  })

  it('a handler that is none is refused', () => {
    expect(() => Reflect.apply(idempotentHandler, undefined, ['x', store])).toThrow(
      'expected a handler function, got string',
    )
  })

  it('a handler that streams its response is refused', () => {
    const streaming = Object.assign(() => undefined, {
      [Symbol.for('aws.lambda.runtime.handler.streaming')]: 'response',
    })
    expect(() => idempotentHandler(streaming, store)).toThrow('awslambda.streamifyResponse')
  })

  it('a lease of 1 ms needs no other option', () => {
    expect(() => idempotent(store, { leaseMs: 100 })).not.toThrow()
    expect(() => idempotent(store, { leaseMs: 100, renewEveryMs: 1 })).not.toThrow()
  })

  it('an option that is undefined counts as left out', () => {
    expect(() => Reflect.apply(idempotent, undefined, [store, { retentionMs: undefined }])).not.toThrow()
  })
})

describe('a JSON pointer to leave out of the fingerprint (RFC 6901 §3)', () => {
  const protect = (pointer: string) => () => idempotent(store, { fingerprint: [pointer] })

  it.each(['/', '/a', '/a/b', '/a~0b', '/a~1b', '/0', '/a//b', '/ ', '/é', `/${'a/'.repeat(10_000)}`])(
    'may be %s',
    (pointer) => {
      expect(protect(pointer)).not.toThrow()
    },
  )

  it.each(['', 'a', '#/a', '/~', '/a~2', '/~~0', ' /a', `${'/a'.repeat(10_000)}~`])(
    'may not be %j',
    (pointer) => {
      expect(protect(pointer)).toThrow(`got ${JSON.stringify([pointer])}`)
    },
  )
})

describe('runOnce', () => {
  const options = { service: 'billing', name: 'charge', key: 'o1' }
  it.each([
    [{ ...options, name: '' }, 'expected name to be a non-empty string'],
    [{ ...options, service: undefined }, 'expected the option service outside Lambda'],
    [
      { ...options, renewEveryMs: 60_000 },
      'expected renewEveryMs to be less than leaseMs (60000), got 60000',
    ],
    [{ ...options, methods: ['POST'] }, 'got "methods"'],
    [{ ...options, cache: { maxEntries: 1 } }, 'got "cache"'],
  ])('refuses %j', async (given, expected) => {
    await expect(Reflect.apply(runOnce, undefined, [store, given, () => 1])).rejects.toThrow(expected)
  })

  it.each([undefined, null])('refuses the key %s as missing', async (key) => {
    const once = Reflect.apply(runOnce, undefined, [store, { ...options, key }, () => 1])
    await expect(once).rejects.toMatchObject({ name: 'KeyMissingError', code: 'key-missing' })
  })

  it.each(['', 7, 'k'.repeat(256)])('refuses the key %j as invalid', async (key) => {
    const once = Reflect.apply(runOnce, undefined, [store, { ...options, key }, () => 1])
    await expect(once).rejects.toMatchObject({ name: 'KeyInvalidError', code: 'key-invalid' })
  })
})
