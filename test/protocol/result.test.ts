import { randomBytes } from 'node:crypto'
import { brotliCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Kept } from '../../packages/oncekey/src/protocol/intent.ts'
import {
  decodeResult,
  type EncodedResult,
  encodeResult,
  isSameResult,
  MAX_RESULT_BYTES,
  type StoredResult,
} from '../../packages/oncekey/src/protocol/result.ts'

type EncodedJson = Extract<EncodedResult, { kind: 'json' }>
type StoredJson = Extract<StoredResult, { kind: 'json' }>

async function encodeJson(value: unknown): Promise<EncodedJson> {
  const encoded = await encodeResult({ value })
  if (encoded.kind === 'json') return encoded
  throw new Error(`expected JSON, got ${encoded.kind}`)
}

const stored = ({ bytes, ...facts }: EncodedJson): StoredJson => ({ ...facts, body: { bytes } })
const decode = (encoded: EncodedJson, bytes = encoded.bytes) => decodeResult(stored(encoded), bytes)

describe('a result', () => {
  test('comes back as the JSON that Lambda would have sent, whatever the value', async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue({ maxDepth: 4 }), async (value) => {
        expect(await decode(await encodeJson(value))).toEqual({ json: JSON.stringify(value) })
      }),
    )
  })

  test.each<[string, unknown, string]>([
    ['NaN', Number.NaN, 'null'],
    ['a Date', new Date(0), '"1970-01-01T00:00:00.000Z"'],
    ['a Map', new Map([['a', 1]]), '{}'],
    ['null', null, 'null'],
    ['an empty string', '', '""'],
    ['characters of several bytes', '€ 𝄞', '"€ 𝄞"'],
    ['a lone surrogate', '\ud800', '"\\ud800"'],
    ['the order of keys', { b: 1, a: 2 }, '{"b":1,"a":2}'],
    ['what toJSON says', { toJSON: () => [1] }, '[1]'],
  ])('keeps %s as JSON has it', async (_, value, json) => {
    expect(await decode(await encodeJson(value))).toEqual({ json })
  })

  test.each([
    ['undefined', undefined],
    ['a function', () => 1],
    ['a symbol', Symbol('s')],
  ])('of %s is one without JSON', async (_, value) => {
    expect(await encodeResult({ value })).toEqual({ kind: 'undefined' })
  })

  const cycle: Record<string, unknown> = {}
  cycle.self = cycle
  const throwing = {
    toJSON() {
      throw 'not an error'
    },
  }
  test.each<[string, Kept, EncodedResult]>([
    ['a BigInt', { value: 1n }, { kind: 'unavailable', reason: 'it is not JSON (TypeError)' }],
    [
      'a cycle',
      { value: cycle, status: 201 },
      { kind: 'unavailable', reason: 'it is not JSON (TypeError)', status: 201 },
    ],
    ['what throws', { value: throwing }, { kind: 'unavailable', reason: 'it is not JSON (thrown)' }],
    ['what must not be kept', { unavailable: 'a stream' }, { kind: 'unavailable', reason: 'a stream' }],
    [
      'that, with a status',
      { unavailable: 'a stream', status: 200 },
      { kind: 'unavailable', reason: 'a stream', status: 200 },
    ],
  ])('of %s is kept as done without a body', async (_, kept, encoded) => {
    expect(await encodeResult(kept)).toStrictEqual(encoded)
  })

  test('of as much as Lambda can answer with is kept, and of a byte more is not', async () => {
    const largest = 'x'.repeat(MAX_RESULT_BYTES - 2)
    expect(await encodeResult({ value: largest })).toMatchObject({
      kind: 'json',
      sizeBytes: MAX_RESULT_BYTES,
    })
    expect(await encodeResult({ value: `${largest}x`, status: 200 })).toEqual({
      kind: 'unavailable',
      reason: `its ${MAX_RESULT_BYTES + 1} bytes exceed ${MAX_RESULT_BYTES}`,
      status: 200,
    })
  })

  test('is compressed above a kilobyte', async () => {
    const [small, large] = [await encodeJson('x'.repeat(1_022)), await encodeJson('x'.repeat(1_023))]
    expect(small).toMatchObject({ encoding: 'identity', sizeBytes: 1_024 })
    expect(large).toMatchObject({ encoding: 'br', sizeBytes: 1_025 })
    expect(large.bytes.length).toBeLessThan(100)
    // Hardly anything of it repeats; as text it shrinks all the same.
    const random = await encodeJson(randomBytes(100_000).toString('base64'))
    expect(random.bytes.length).toBeLessThan(random.sizeBytes)
    expect(await decode(random)).toHaveProperty('json')
  })

  test('is compressed in little time, not as far as can be', async () => {
    const value = Array.from({ length: 2_000 }, (_, n) => ({
      id: (n * 7_919) % 10_007,
      name: `customer ${n}`,
    }))
    const furthest = brotliCompressSync(JSON.stringify(value))
    expect((await encodeJson(value)).bytes.length).toBeGreaterThan(furthest.length)
  })

  test('comes back byte for byte at several megabytes', async () => {
    const value = randomBytes(4_000_000).toString('base64')
    expect(await decode(await encodeJson(value))).toEqual({ json: JSON.stringify(value) })
  })
})

describe('a damaged result', () => {
  const damage = expect.any(String)
  test.each([
    ['small', 'x'.repeat(100)],
    ['compressed', 'x'.repeat(5_000)],
  ])('(%s) is never answered with', async (_, value) => {
    const encoded = await encodeJson(value)
    const flipped = Uint8Array.from(encoded.bytes, (byte, n) =>
      n === encoded.bytes.length >> 1 ? byte ^ 1 : byte,
    )
    expect(await decode(encoded, flipped)).toEqual({ damage })
    expect(await decode(encoded, encoded.bytes.subarray(1))).toEqual({ damage })
    expect(await decode(encoded, encoded.bytes.subarray(0, -1))).toEqual({ damage })
    expect(await decode(encoded, new Uint8Array())).toEqual({ damage })
    expect(await decode({ ...encoded, checksum: 'other' })).toEqual({ damage })
    expect(await decode({ ...encoded, sizeBytes: encoded.sizeBytes + 1 })).toEqual({ damage })
    expect(await decode({ ...encoded, sizeBytes: encoded.sizeBytes - 1 })).toEqual({ damage })
  })

  test('of another text of the same length is told by its checksum', async () => {
    const [one, other] = [await encodeJson('one'), await encodeJson('two')]
    expect(await decode(one, other.bytes)).toEqual({ damage: 'its result does not match its checksum' })
  })

  test('that grows beyond its size is told before it fills the memory', async () => {
    const bomb = await encodeJson('x'.repeat(MAX_RESULT_BYTES - 2))
    expect(await decode({ ...bomb, sizeBytes: 10 })).toEqual({
      damage: 'its result does not decompress to the size it is said to have',
    })
    expect(await decode({ ...bomb, sizeBytes: 0 })).toEqual({
      damage: 'its result does not decompress to the size it is said to have',
    })
  })
})

describe('two stored results', () => {
  const json = (checksum: string, body: StoredJson['body']): StoredResult => ({
    kind: 'json',
    encoding: 'identity',
    body,
    sizeBytes: 1,
    checksum,
  })
  const inline = { bytes: Uint8Array.of(49) }
  test.each<[string, StoredResult, StoredResult, boolean]>([
    ['of one text in two places', json('a', inline), json('a', { chunks: 1, ref: 'r' }), true],
    ['of two texts', json('a', inline), json('b', inline), false],
    ['without JSON', { kind: 'undefined' }, { kind: 'undefined' }, true],
    ['unavailable both', { kind: 'unavailable', reason: 'a' }, { kind: 'unavailable', reason: 'b' }, true],
    ['without JSON for two reasons', { kind: 'undefined' }, { kind: 'unavailable', reason: 'a' }, false],
    ['of different kinds', { kind: 'undefined' }, json('a', inline), false],
    ['of different kinds, the other way', json('a', inline), { kind: 'undefined' }, false],
  ])('%s are the same or not', (_, one, other, isSame) => {
    expect(isSameResult(one, other)).toBe(isSame)
  })
})
