import fc from 'fast-check'
import { httpApiEvent } from 'oncekey/testing'
import { describe, expect, it } from 'vitest'
import { answersOf, deliver, headerValues, KEY, ownLines, shapes } from './delivered.ts'
import { requestOf } from './identified.ts'

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
  it('is stored, answered and replayed without a throw and without a change to it', () => {
    fc.assert(
      fc.property(results, fc.constantFrom(...optionSets), (result, options) => {
        const before = seen(result)
        const { toStore, respond, replay } = answersOf(shape, options)
        const stored = toStore(result)
        respond(result)
        replay(result)
        expect(seen(result)).toEqual(before)
        expect(
          storedNames(stored && 'value' in stored ? stored.value : undefined).filter((name) =>
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
        const { toStore, respond, replay } = answersOf(shape)
        const stored = toStore(response)
        const again = replay(JSON.parse(JSON.stringify(stored && 'value' in stored ? stored.value : null)))
        expect(withoutOwn(again)).toEqual(withoutOwn(respond(response)))
        expect(headerValues(shape, again, 'Idempotent-Replayed')).toEqual(['true'])
        expect(headerValues(shape, again, 'Idempotency-Key')).toEqual([KEY])
      }),
    )
  })
})

it('a key of any visible characters never breaks the header that shows it', () => {
  const visible = fc.string({ minLength: 1 }).filter((key) => key.trim() !== '')
  fc.assert(
    fc.property(visible, (key) => {
      const { responder, source } = requestOf(httpApiEvent(), { key: () => key })
      const [echo] = headerValues('http', responder.respond({ statusCode: 200 }, source), 'idempotency-key')
      expect(echo).toMatch(/^[\x20-\x7e]+$/)
    }),
  )
})

describe('results that cannot be read', () => {
  const cyclic: Record<string, unknown> = {}
  cyclic.self = cyclic
  it.each([
    ['a cycle', cyclic],
    ['a big integer', { statusCode: 200, body: 1n }],
  ])('%s is answered untouched by us, and the work stays done', (_what, result) => {
    const { respond, toStore, replay } = answersOf('http')
    expect(() => respond(result)).not.toThrow()
    expect(() => replay(result)).not.toThrow()
    expect(toStore(result)).toBeDefined()
    expect(answersOf('http', { redact: (response) => response }).toStore(result)).toHaveProperty(
      'unavailable',
    )
  })

  it('a getter that throws is answered untouched by us', () => {
    const hostile = {
      get statusCode(): number {
        throw new TypeError('no')
      },
    }
    expect(answersOf('http').respond(hostile)).toBe(hostile)
  })
})
