import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { answeringOf, deliver, headerValues, KEY, ownLines, shapes } from './delivered.ts'

const headerName = fc.oneof(
  fc.constantFrom(
    'Content-Type',
    'SET-cookie',
    'Oncekey-Store',
    'idempotent-replayed',
    'Idempotency-Key',
    '__proto__',
    'toJSON',
    'constructor',
  ),
  fc.string(),
)
const anything = fc.anything({
  withBigInt: true,
  withDate: true,
  withMap: true,
  withSet: true,
  withNullPrototype: true,
  withSparseArray: true,
  withTypedArray: true,
  withObjectString: true,
})
const maybe = <T>(arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | undefined> =>
  fc.option(arbitrary, { nil: undefined })

/** Anything at all, and much that is nearly a response. */
const results = fc.oneof(
  anything,
  fc.record(
    {
      statusCode: fc.oneof(
        fc.integer({ min: 0, max: 700 }),
        fc.constantFrom('201', '500', 'x', null),
        anything,
      ),
      headers: maybe(fc.oneof(fc.dictionary(headerName, fc.oneof(fc.string(), anything)), anything)),
      multiValueHeaders: maybe(
        fc.oneof(fc.dictionary(headerName, fc.oneof(fc.array(fc.string()), anything)), anything),
      ),
      body: maybe(fc.oneof(fc.string(), anything)),
      isBase64Encoded: fc.boolean(),
      cookies: maybe(fc.array(fc.string())),
      toJSON: maybe(
        fc.constantFrom(
          'text',
          () => ({ statusCode: 200 }),
          () => 1,
        ),
      ),
    },
    { requiredKeys: [] },
  ),
)

/** What JSON can say of a value, which is all that a caller or the record ever sees of it. */
const seen = (value: unknown): unknown => {
  try {
    return JSON.parse(JSON.stringify(value) ?? 'null')
  } catch (error) {
    return String(error)
  }
}

/** The header names of a stored response, in lower case. */
const storedNames = (value: unknown): string[] => {
  const { statusCode, headers, multiValueHeaders } = Object(seen(value))
  const maps = statusCode === undefined ? [] : [headers, multiValueHeaders]
  return maps.flatMap((map) => Object.keys(Object(map))).map((name) => name.toLowerCase())
}

const optionSets = [
  {},
  { profile: 'stripe', legacyHeaders: true, storeCookies: true },
  {
    redact: <T>(response: T): T => Object.assign(Object(response), { body: 'redacted' }),
    shouldStore: () => true,
  },
] as const

describe.each(shapes)('whatever the handler returned to %s', (shape) => {
  it('is kept, answered and replayed without a throw and without a change to it', () => {
    fc.assert(
      fc.property(results, fc.constantFrom(...optionSets), (result, options) => {
        const before = seen(result)
        const { keep, answer, replay } = answeringOf(shape, options)
        const kept = keep(result)
        answer(result)
        replay(result)
        expect(seen(result)).toEqual(before)
        expect(
          storedNames(kept && 'value' in kept ? kept.value : undefined).filter((name) =>
            /^(oncekey-store|idempoten.*)$/.test(name),
          ),
        ).toEqual([])
      }),
      { numRuns: 500 },
    )
  })

  it('comes back as the first answer did, but for what is never stored', () => {
    const text = fc.string({ unit: 'grapheme' })
    const own = fc.stringMatching(/^X-Own-[a-z]{1,8}$/)
    const responses = fc.record({
      statusCode: fc.integer({ min: 200, max: 299 }),
      headers: fc.dictionary(own, text),
      multiValueHeaders: fc.dictionary(own, fc.array(text)),
      body: text,
    })
    const withoutOwn = (answer: unknown): object => {
      const { headers, ...rest } = deliver(shape, answer)
      return { ...rest, headers: headers.filter((line) => !ownLines.test(line)) }
    }
    fc.assert(
      fc.property(responses, (response) => {
        const { keep, answer, replay } = answeringOf(shape)
        const kept = keep(response)
        const again = replay(JSON.parse(JSON.stringify(kept && 'value' in kept ? kept.value : null)))
        expect(withoutOwn(again)).toEqual(withoutOwn(answer(response)))
        expect(headerValues(shape, again, 'Idempotent-Replayed')).toEqual(['true'])
        expect(headerValues(shape, again, 'Idempotency-Key')).toEqual([KEY])
      }),
    )
  })

  it('never breaks a header with a key of any characters', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.option(fc.string(), { nil: undefined }), (key, sent) => {
        const headers = new Map(sent === undefined ? [] : [['idempotency-key', [sent]]])
        const values = headerValues(
          shape,
          answeringOf(shape, {}, { headers }, key).answer({ statusCode: 200 }),
          'idempotency-key',
        )
        expect(values.every((value) => /^[\x20-\x7e]+$/.test(value))).toBe(true)
      }),
    )
  })
})

describe('results that cannot be read', () => {
  const cyclic: Record<string, unknown> = {}
  cyclic.self = cyclic
  const hostile = {
    get statusCode(): number {
      throw new TypeError('no')
    },
  }
  it.each([
    ['a cycle', cyclic],
    ['a big integer', { statusCode: 200, body: 1n }],
    ['a getter that throws', hostile],
  ])('%s is answered untouched by us, and the work stays done', (_what, result) => {
    const { answer, keep, replay } = answeringOf('http')
    expect(() => answer(result)).not.toThrow()
    expect(() => replay(result)).not.toThrow()
    expect(keep(result)).toBeDefined()
    expect(answeringOf('http', { redact: (response) => response }).keep(result)).toHaveProperty('unavailable')
  })
})
