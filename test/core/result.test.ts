import { randomBytes } from 'node:crypto'
import { brotliCompressSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import {
  checksumOf,
  compress,
  decompress,
  joinChunks,
  type LoadedResult,
  MAX_RESULT_BYTES,
  parseResult,
  type StoredContent,
  type StoredResult,
  serialize,
} from '../../packages/oncekey/src/core/result.ts'
import { createLine } from './line.ts'

describe('a result', () => {
  test('is the JSON that Lambda would send, whatever the value, and comes back from it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.jsonValue({ maxDepth: 4 }), async (value) => {
        const json = JSON.stringify(value)
        expect(serialize({ value })).toEqual({ kind: 'json', json })
        expect(parseResult({ kind: 'json', json })).toEqual(JSON.parse(json))
        const { bytes, sizeBytes } = await compress(json)
        expect(await decompress(bytes, sizeBytes)).toEqual({ json })
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
    ['what toJSON returns', { toJSON: () => [1] }, '[1]'],
  ])('stores %s as JSON has it', (_, value, json) => {
    expect(serialize({ value })).toEqual({ kind: 'json', json })
  })

  test.each([
    ['undefined', undefined],
    ['a function', () => 1],
    ['a symbol', Symbol('s')],
  ])('of %s has no JSON, and is replayed as undefined', (_, value) => {
    expect(serialize({ value })).toEqual({ kind: 'undefined' })
    expect(parseResult({ kind: 'undefined' })).toBeUndefined()
  })

  const cycle: Record<string, unknown> = {}
  cycle.self = cycle
  const throwing = {
    toJSON() {
      throw 'not an error'
    },
  }
  test.each<[string, StoredContent, LoadedResult]>([
    ['a BigInt', { value: 1n }, { kind: 'unavailable', reason: 'it is not JSON (TypeError)' }],
    [
      'a cycle',
      { value: cycle, status: 201 },
      { kind: 'unavailable', reason: 'it is not JSON (TypeError)', status: 201 },
    ],
    ['what throws', { value: throwing }, { kind: 'unavailable', reason: 'it is not JSON (thrown)' }],
    ['what must not be stored', { unavailable: 'a stream' }, { kind: 'unavailable', reason: 'a stream' }],
    [
      'that, with a status',
      { unavailable: 'a stream', status: 200 },
      { kind: 'unavailable', reason: 'a stream', status: 200 },
    ],
  ])('of %s is completed without a body', (_, content, result) => {
    expect(serialize(content)).toStrictEqual(result)
  })

  test('of as many bytes as Lambda can answer with is stored, and of one more is not', () => {
    const largest = `€${'x'.repeat(MAX_RESULT_BYTES - 5)}`
    expect(serialize({ value: largest }).kind).toBe('json')
    expect(serialize({ value: `${largest}x`, status: 200 })).toEqual({
      kind: 'unavailable',
      reason: `its ${MAX_RESULT_BYTES + 1} bytes exceed ${MAX_RESULT_BYTES}`,
      status: 200,
    })
  })

  test('is compressed above a kilobyte', async () => {
    const on = createLine()
    for (const length of [1_022, 1_023]) await on.complete('x'.repeat(length), { id: `${length}` })
    expect(await on.stored('1022')).toMatchObject({ result: { kind: 'json' } })
    expect(await on.stored('1023')).toMatchObject({ result: { kind: 'compressed', sizeBytes: 1_025 } })
  })

  test('is compressed in little time, not as far as can be', async () => {
    const rows = Array.from({ length: 2_000 }, (_, n) => ({
      id: (n * 7_919) % 10_007,
      name: `customer ${n}`,
    }))
    const json = JSON.stringify(rows)
    const { bytes } = await compress(json)
    expect(bytes.length).toBeGreaterThan(brotliCompressSync(json).length)
    expect(bytes.length).toBeLessThan(json.length / 4)
  })
})

/** All bytes in one chunk. */
async function chunked(json: string, encoding: 'br' | 'identity') {
  const { bytes: compressed, sizeBytes } = await compress(json)
  const bytes = encoding === 'br' ? compressed : Buffer.from(json)
  const result: Extract<StoredResult, { kind: 'chunked' }> = {
    kind: 'chunked',
    encoding,
    chunks: 1,
    ref: 'r',
    sizeBytes,
    checksum: checksumOf(bytes),
  }
  return { result, bytes }
}

describe.each(['br', 'identity'] as const)('a result in chunks (%s)', (encoding) => {
  test('comes back byte for byte at several megabytes', async () => {
    const json = JSON.stringify(`€${randomBytes(3_000_000).toString('base64')}`)
    const { result, bytes } = await chunked(json, encoding)
    const joined = await joinChunks(result, bytes)
    // Not `toEqual`, which would print megabytes.
    expect('json' in joined && joined.json === json).toBe(true)
  })

  test('that is damaged is never answered with', async () => {
    const { result, bytes } = await chunked(JSON.stringify('x'.repeat(5_000)), encoding)
    const damage = 'its result does not match its checksum'
    const flipped = Uint8Array.from(bytes, (byte, n) => (n === bytes.length >> 1 ? byte ^ 1 : byte))
    for (const damaged of [flipped, bytes.subarray(1), bytes.subarray(0, -1), new Uint8Array()]) {
      expect(await joinChunks(result, damaged)).toEqual({ damage })
    }
  })
})

test('a compressed result of another size than its record states is damaged', async () => {
  const damage = 'its result does not decompress to its stated size'
  const { bytes, sizeBytes } = await compress('x'.repeat(MAX_RESULT_BYTES))
  for (const stated of [sizeBytes - 1, sizeBytes + 1, 10, 0]) {
    expect(await decompress(bytes, stated)).toEqual({ damage })
  }
  const { result, bytes: chunks } = await chunked('"x"', 'br')
  expect(await joinChunks({ ...result, sizeBytes: 4 }, chunks)).toEqual({ damage })
})

test('a compressed result fills no more memory than its record states', async () => {
  const { bytes } = await compress('x'.repeat(MAX_RESULT_BYTES))
  const inflate = vi.spyOn(process.getBuiltinModule('node:zlib'), 'brotliDecompress')
  onTestFinished(() => void inflate.mockRestore())
  await decompress(bytes, 10)
  expect(inflate).toHaveBeenCalledExactlyOnceWith(bytes, { maxOutputLength: 10 }, expect.any(Function))
})
