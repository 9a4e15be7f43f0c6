import fc from 'fast-check'
import { httpApiEvent, restEvent } from 'oncekey/testing'
import { describe, expect, it } from 'vitest'
import { KeyInvalidError, KeyMissingError } from '../../../packages/oncekey/src/core/errors.ts'
import { eventSources } from '../../../packages/oncekey/src/testing/http-events.ts'
import { accepted, expectReused, expectSame, identifyHttp, read } from './identified.ts'

const MEGABYTE = 1024 * 1024

/** Reads whatever came, and says what the reader may not say. */
function findFault(event: unknown): string | undefined {
  const identified = identifyHttp(event, { maxKeyAgeMs: 1000 })
  switch (identified?.kind) {
    case 'refused': {
      const { error } = identified
      const isDeclared = error instanceof KeyInvalidError || error instanceof KeyMissingError
      return isDeclared && error.message.length < 400 ? undefined : `error ${error.message}`
    }
    case 'request': {
      const { id, key, fingerprint } = identified.request
      const isWell =
        /^[ -~]{1,255}$/.test(key) &&
        /^(json|bytes):[\w-]{43}$/.test(fingerprint) &&
        /^payments#[\w-]{43}$/.test(id)
      return isWell ? undefined : `request ${id} ${key} ${fingerprint}`
    }
    default:
      return undefined
  }
}

function readAnything(event: unknown): void {
  expect(findFault(event)).toBeUndefined()
}

/** Any JSON value, with the names that the reader looks for and those that reach for prototypes. */
const odd = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    fc.constantFrom(null, undefined, true, 0, -1, '', 'k1', '"k1"', 'k1,k2', '{"a":1}', '2.0', 'POST'),
    fc.string({ unit: 'binary' }),
    fc.double(),
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(
      fc.constantFrom(
        'Idempotency-Key',
        'idempotency-key',
        '__proto__',
        'constructor',
        'toString',
        'http',
        'length',
      ),
      tie('value'),
    ),
    fc.anything({ withMap: true, withSet: true, withBigInt: true, withDate: true, withNullPrototype: true }),
  ),
})).value

describe('whatever event comes', () => {
  it.each(eventSources)('only declared errors come out, one part of $source being odd', ({ build }) => {
    const event = build({ key: 'k1', query: 'a=1' })
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(event)), odd, (name, value) => {
        readAnything({ ...event, [name]: value })
      }),
      { numRuns: 1000 },
    )
  })

  it.each(eventSources)(
    'only declared errors come out, one part of the context of $source being odd',
    ({ build }) => {
      const event = build({ key: 'k1' })
      const parts = ['authorizer', 'identity', 'authentication', 'http', 'elb', 'httpMethod', 'path']
      fc.assert(
        fc.property(fc.constantFrom(...parts), odd, (name, value) => {
          readAnything({ ...event, requestContext: { ...event.requestContext, [name]: value } })
        }),
        { numRuns: 500 },
      )
    },
  )

  it('only declared errors come out, everything being odd', () => {
    fc.assert(fc.property(fc.anything(), readAnything), { numRuns: 1000 })
  })
})

describe('whatever key comes', () => {
  it.each(eventSources)('is one key or a declared error ($source)', ({ build }) => {
    const value = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 300 }),
      fc.string({ unit: fc.constantFrom('"', '\\', ';', '=', ' ', ',', 'a', '1', ':', '?', '@', '%', '*') }),
    )
    fc.assert(
      fc.property(value, (key) => readAnything(build({ key }))),
      { numRuns: 1000 },
    )
  })

  it('that is visible ASCII is read back as it was, quoted', () => {
    const visible = fc.string({
      unit: fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCharCode(code)),
      minLength: 1,
      maxLength: 255,
    })
    fc.assert(
      fc.property(
        visible.filter((key) => key.trim() !== ''),
        (key) => {
          const quoted = `"${key.replace(/["\\]/g, '\\$&')}"`
          expect(accepted(httpApiEvent({ key: quoted })).key).toBe(key)
        },
      ),
    )
  })

  it.each([
    { what: 'quotes', key: '"'.repeat(MEGABYTE) },
    { what: 'escaped quotes', key: `"${'\\"'.repeat(MEGABYTE)}` },
    { what: 'backslashes', key: `"${'\\'.repeat(8000)}` },
    { what: 'spaces', key: `${' '.repeat(MEGABYTE)}a${' '.repeat(MEGABYTE)}b` },
    { what: 'spaces in quotes', key: `"${' '.repeat(250)}\u0000"` },
    { what: 'parameters', key: `"k"${';a'.repeat(3000)};` },
    { what: 'parameters with values', key: `"k"${';a=a'.repeat(2000)}=` },
    { what: 'numbers', key: `"k";a=${'1'.repeat(8000)}` },
    { what: 'spaces before a parameter', key: `"k";${' '.repeat(8000)}` },
    { what: 'percent signs', key: `"k";a=%"${'%aa'.repeat(2500)}` },
  ])('is refused soon: $what', ({ key }) => {
    expect(read(restEvent({ key })).kind).toBe('refused')
  })
})

describe('whatever JSON comes', () => {
  it('has one fingerprint for every order of its members', () => {
    const shuffled = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(shuffled)
      if (typeof value !== 'object' || value === null) return value
      return Object.fromEntries(
        Object.entries(value)
          .reverse()
          .map(([name, member]) => [name, shuffled(member)]),
      )
    }
    fc.assert(
      fc.property(fc.jsonValue(), fc.nat(4), (value, indent) => {
        const one = httpApiEvent({ key: 'k1', body: JSON.stringify(value) })
        expectSame(one, httpApiEvent({ key: 'k1', body: JSON.stringify(shuffled(value), null, indent) }))
      }),
    )
  })

  it('has another fingerprint than any other JSON', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (one, other) => {
        const [first, second] = [one, other].map((value) =>
          accepted(httpApiEvent({ key: 'k1', body: JSON.stringify(value) })),
        )
        const areEqual = JSON.stringify(sorted(one)) === JSON.stringify(sorted(other))
        expect(first?.fingerprint === second?.fingerprint).toBe(areEqual)
      }),
    )
  })

  it('tells any two integers apart, however long', () => {
    const digits = fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n })
    fc.assert(
      fc.property(digits, fc.bigInt({ min: 1n, max: 1000n }), (integer, more) => {
        const body = (value: bigint): string => `{"amount":${value}}`
        expectReused(
          httpApiEvent({ key: 'k1', body: body(integer) }),
          httpApiEvent({ key: 'k1', body: body(integer + more) }),
        )
      }),
    )
  })

  it('tells any two decimals apart, however long', () => {
    const decimal = fc.stringMatching(/^-?(0|[1-9]\d{0,20})(\.\d{1,25})?$/)
    fc.assert(
      fc.property(decimal, fc.constantFrom('1', '2', '9'), (text, digit) => {
        const longer = text.includes('.') ? `${text}${digit}` : `${text}.${digit}`
        expectReused(
          httpApiEvent({ key: 'k1', body: `[${text}]` }),
          httpApiEvent({ key: 'k1', body: `[${longer}]` }),
        )
      }),
    )
  })
})

function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(sorted)
  if (typeof value === 'number') return value === 0 ? 0 : value
  if (typeof value !== 'object' || value === null) return value
  return Object.entries(value)
    .sort(([one], [other]) => (one < other ? -1 : 1))
    .map(([name, member]) => ({ [`.${name}`]: sorted(member) }))
    .concat([{ object: true }])
}

describe('deep nesting', () => {
  const deep = [
    { what: 'lists', body: '['.repeat(100_000) + ']'.repeat(100_000) },
    { what: 'objects', body: `${'{"a":'.repeat(100_000)}1${'}'.repeat(100_000)}` },
    { what: 'lists that never end', body: '['.repeat(100_000) },
  ]

  it.each(deep)('is compared as bytes: $what, 100,000 deep', ({ body }) => {
    const event = restEvent({ key: 'k1', body })
    expect(accepted(event).fingerprint).toMatch(/^bytes:/)
    expectSame(event, restEvent({ key: 'k1', body, base64: true }))
    expectSame(event, event, { fingerprint: ['/a'] })
  })

  it('is compared at any depth where other middleware has parsed it', () => {
    const body: unknown = JSON.parse('['.repeat(100_000) + ']'.repeat(100_000))
    const event = httpApiEvent({ key: 'k1' })
    expectSame({ ...event, body }, { ...event, body })
  })
})

describe('a request with members named __proto__', () => {
  it('is read like any other', () => {
    const text = JSON.stringify(restEvent({ key: 'k1', query: 'a=1' }))
    const event = JSON.parse(text.replace('{', '{"__proto__":{"httpMethod":"GET"},'))
    expect(accepted(event)).toEqual(accepted(restEvent({ key: 'k1', query: 'a=1' })))
  })

  it('never finds a key or a caller there', () => {
    const event = restEvent({ caller: null })
    const headers: unknown = JSON.parse('{"__proto__":{"Idempotency-Key":"k1"}}')
    expect(read({ ...event, headers, multiValueHeaders: headers })).toMatchObject({
      error: { code: 'key-missing' },
    })
  })
})
