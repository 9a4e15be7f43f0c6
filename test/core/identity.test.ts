import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { KeyInvalidError } from '../../packages/oncekey/src/core/errors.ts'
import { deriveUuid, digest, type Identity, recordId } from '../../packages/oncekey/src/core/identity.ts'

const identity: Identity = {
  kind: 'http',
  service: 'payments',
  name: 'POST /payments',
  principal: 'anonymous',
  key: 'a-key',
}

/** Short texts of few characters, the delimiters among them: collisions would come up soon. */
const texts = fc.string({ unit: fc.constantFrom('a', '#', ':', '/', '1', 's'), maxLength: 4 })
const identities: fc.Arbitrary<Identity> = fc.record({
  kind: fc.constantFrom('http', 'event', 'batch', 'run'),
  service: texts,
  name: texts,
  principal: texts,
  key: texts,
})

describe('a digest', () => {
  test('is the base64url SHA-256 of the parts with their lengths', () => {
    const expected = createHash('sha256').update('s1:as2:bc').digest('base64url')
    expect(digest(['a', 'bc'])).toBe(expected)
  })

  test('of bytes counts bytes, and says so', () => {
    const expected = createHash('sha256').update('s1:ab2:\u0001\u0002').digest('base64url')
    expect(digest(['a', Uint8Array.of(1, 2)])).toBe(expected)
  })

  test('of text beside bytes is of its UTF-8, as without', () => {
    const expected = createHash('sha256').update('s1:€b0:').digest('base64url')
    expect(digest(['€', new Uint8Array()])).toBe(expected)
  })

  test('differs for any two lists of parts', () => {
    const parts = fc.array(fc.oneof(texts, fc.uint8Array({ maxLength: 3 })), { maxLength: 4 })
    fc.assert(
      fc.property(parts, parts, (one, other) => {
        const isEqual = JSON.stringify(one) === JSON.stringify(other)
        expect(digest(one) === digest(other)).toBe(isEqual)
      }),
      { numRuns: 2_000 },
    )
  })

  test('keeps texts and bytes apart', () => {
    expect(digest(['a'])).not.toBe(digest([Buffer.from('a')]))
  })
})

describe('a record id', () => {
  test('is the readable scope and the digest of the whole identity', () => {
    const whole = digest(['http', 'payments', 'POST /payments', 'anonymous', 'a-key'])
    expect(recordId(identity)).toBe(`payments/POST /payments#${whole}`)
  })

  test('without an operation has the service alone for a scope', () => {
    expect(recordId({ ...identity, name: '' })).toMatch(/^payments#[\w-]{43}$/)
  })

  test('shows neither principal nor key', () => {
    const id = recordId({ ...identity, principal: 'user-1234', key: 'secret-key' })
    expect(id).not.toMatch(/user-1234|secret-key/)
  })

  test('shows the first 64 characters of a long scope, and _ for what is not safe to print', () => {
    const id = recordId({ ...identity, service: 'pay€ments', name: 'x'.repeat(80) })
    expect(id).toMatch(/^pay_ments\/x{54}#[\w-]{43}$/)
  })

  test('has a scope of at most 64 characters that are safe to print', () => {
    const wild = fc.string({
      unit: fc.constantFrom('a', 'Z', '0', '€', '𝄞', '\n', '"', '#', '/', '-', ' '),
      maxLength: 80,
    })
    fc.assert(
      fc.property(wild, wild, (service, name) => {
        expect(recordId({ ...identity, service, name })).toMatch(/^[\w./: -]{0,64}#[\w-]{43}$/)
      }),
    )
  })

  test('differs for any two identities: no delimiter confuses two of them', () => {
    fc.assert(
      fc.property(identities, identities, (one, other) => {
        const isEqual = JSON.stringify(one) === JSON.stringify(other)
        expect(recordId(one) === recordId(other)).toBe(isEqual)
      }),
      { numRuns: 2_000 },
    )
  })

  test.each<[keyof Identity, Identity]>([
    ['kind', { ...identity, kind: 'event' }],
    ['service', { ...identity, service: 'refunds' }],
    ['name', { ...identity, name: 'POST /refunds' }],
    ['principal', { ...identity, principal: 'user-1' }],
    ['key', { ...identity, key: 'another-key' }],
  ])('differs by %s', (_, other) => {
    const digestOf = (id: string) => id.split('#')[1]
    expect(digestOf(recordId(other))).not.toBe(digestOf(recordId(identity)))
  })
})

/** Two emojis, each cut after its first half: as UTF-8 both would be the same. */
const halves = ['order-\ud83c', 'order-\ud83e', '\udf69-order']

describe('text that is not well-formed Unicode', () => {
  test.each(halves)('is no key (%j)', (key) => {
    expect(() => recordId({ ...identity, key })).toThrow(KeyInvalidError)
    expect(() => recordId({ ...identity, key })).toThrow(
      `Expected the key to be well-formed Unicode, got ${JSON.stringify(key)} with half of a surrogate pair.`,
    )
    expect(() => recordId({ ...identity, key })).toThrow(expect.objectContaining({ code: 'key-invalid' }))
  })

  test.each(['service', 'name', 'principal'])('is no %s', (part) => {
    for (const text of halves) {
      const refused = expect.objectContaining({
        name: 'KeyInvalidError',
        code: 'identity-unknown',
        message: expect.stringContaining(`Expected the ${part} to be well-formed Unicode`),
      })
      expect(() => recordId({ ...identity, [part]: text })).toThrow(refused)
    }
  })

  test('is shown without what is too long', () => {
    const key = `${'k'.repeat(200)}\ud83c`
    expect(() => recordId({ ...identity, key })).toThrow(`got "${'k'.repeat(64)}" with`)
  })

  test.each(halves)('is no name to derive a UUID for (%j)', (name) => {
    expect(() => deriveUuid('payments#1', name)).toThrow(
      new TypeError(`derive: expected a name of well-formed Unicode, got ${JSON.stringify(name)}.`),
    )
  })

  test('has a digest of its own all the same, as in a request’s fingerprint', () => {
    const texts = [...halves, '\ufffd', 'order-\ufffd', JSON.stringify(halves[0])]
    const parts = [...texts.map((text) => [text]), ...texts.map((text) => [text, new Uint8Array()])]
    expect(new Set(parts.map(digest)).size).toBe(parts.length)
  })
})

test.each([undefined, 42, null])('%j is no name to derive a UUID for', (name) => {
  expect(() => Reflect.apply(deriveUuid, undefined, ['payments#1', name])).toThrow(
    `derive: expected a name of well-formed Unicode, got ${JSON.stringify(name)}.`,
  )
})

describe('a derived UUID', () => {
  test('is the same on every attempt', () => {
    expect(deriveUuid('payments#1', 'charge')).toBe(deriveUuid('payments#1', 'charge'))
  })

  test('is the SHA-256 of id and name with their lengths', () => {
    const hex = createHash('sha256').update('s10:payments#1s6:charge').digest('hex')
    const uuid = deriveUuid('payments#1', 'charge').replaceAll('-', '')
    expect(uuid.slice(0, 12)).toBe(hex.slice(0, 12))
    expect(uuid.slice(13, 16)).toBe(hex.slice(13, 16))
    expect(uuid.slice(17)).toBe(hex.slice(17, 32))
  })

  test('is one of version 8 and of the RFC variant, for every id and name', () => {
    fc.assert(
      fc.property(fc.string(), fc.string(), (id, name) => {
        expect(deriveUuid(id, name)).toMatch(
          /^[\da-f]{8}-[\da-f]{4}-8[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/,
        )
      }),
    )
  })

  test('differs for any two pairs of id and name', () => {
    fc.assert(
      fc.property(texts, texts, texts, texts, (id, name, otherId, otherName) => {
        const isEqual = id === otherId && name === otherName
        expect(deriveUuid(id, name) === deriveUuid(otherId, otherName)).toBe(isEqual)
      }),
      { numRuns: 2_000 },
    )
  })
})
