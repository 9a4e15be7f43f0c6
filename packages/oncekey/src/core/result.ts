import { digest } from './identity.ts'

/** A result as its repeats get it: what JSON makes of it. As `type-fest` is an ES module, CommonJS must say so. */
export type Jsonify<T> = import('type-fest', { with: { 'resolution-mode': 'import' }}).Jsonify<T>

/** The part of a run's result that is stored. */
export type StoredContent = {
  /** Replaces the usual retention. */
  readonly retentionMs?: number
} & (
  | {
      readonly value: unknown
      /** The HTTP status to store if the value turns out not to be JSON, or too large. */
      readonly status?: number
    }
  /** The run completed, but its result cannot or must not be stored. Repeats get an error, and nothing runs again. */
  | { readonly unavailable: string; readonly status?: number }
)

/** A result that can be answered with: the JSON that the Lambda runtime would send, never the value itself. */
export type LoadedResult =
  | { readonly kind: 'json'; readonly json: string }
  | { readonly kind: 'undefined' }
  | { readonly kind: 'unavailable'; readonly reason: string; readonly status?: number }

/** A result as its record holds it. */
export type StoredResult =
  | LoadedResult
  | {
      readonly kind: 'compressed'
      /** Brotli of the JSON. */
      readonly bytes: Uint8Array
      /** The size of the JSON: decompression stops there. */
      readonly sizeBytes: number
    }
  | {
      /** The bytes are in items of their own. */
      readonly kind: 'chunked'
      readonly encoding: 'identity' | 'br'
      /** At least 1. */
      readonly chunks: number
      /** Distinguishes these chunks from any others of the record. */
      readonly ref: string
      /** The size of the JSON. */
      readonly sizeBytes: number
      /** Of the bytes, as the chunks hold them. */
      readonly checksum: string
    }

/** The largest response of Lambda. @see AWS Lambda quotas, "Invocation payload", synchronous */
export const MAX_RESULT_BYTES: number = 6 * 1024 * 1024

/** Below this, compression costs more than the write unit that it might save. Every store keeps so much inline. */
export const COMPRESS_ABOVE_BYTES = 1024

/**
 * Returns the JSON of what a run came to. Never throws: what is not JSON becomes `unavailable`, because work that is
 * done must be completed all the same.
 */
export function serialize(content: StoredContent): LoadedResult {
  if ('unavailable' in content) return unavailable(content.unavailable, content.status)
  let json: string | undefined
  try {
    json = JSON.stringify(content.value)
  } catch (error) {
    return unavailable(`it is not JSON (${error instanceof Error ? error.name : 'thrown'})`, content.status)
  }
  if (json === undefined) return { kind: 'undefined' }
  const sizeBytes = Buffer.byteLength(json)
  return sizeBytes > MAX_RESULT_BYTES
    ? unavailable(`its ${sizeBytes} bytes exceed ${MAX_RESULT_BYTES}`, content.status)
    : { kind: 'json', json }
}

export function unavailable(
  reason: string,
  status: number | undefined,
): Extract<LoadedResult, { kind: 'unavailable' }> {
  return { kind: 'unavailable', reason, ...(status !== undefined && { status }) }
}

/** Returns the value that a loaded result stands for: a new one each time, so that no two callers share an object. */
export function parseResult(result: Exclude<LoadedResult, { kind: 'unavailable' }>): unknown {
  return result.kind === 'json' ? JSON.parse(result.json) : undefined
}

/** The last quality that is about as fast as gzip. What it saves in write units is worth more than its time. */
const BROTLI_QUALITY = 5

export function compress(json: string): Promise<Extract<StoredResult, { kind: 'compressed' }>> {
  const { brotliCompress, constants } = process.getBuiltinModule('node:zlib')
  const text = Buffer.from(json)
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: BROTLI_QUALITY,
    [constants.BROTLI_PARAM_SIZE_HINT]: text.length,
  }
  return new Promise((resolve, reject) => {
    brotliCompress(text, { params }, (error, bytes) =>
      error ? reject(error) : resolve({ kind: 'compressed', bytes, sizeBytes: text.length }),
    )
  })
}

/** Returns the JSON, or what is wrong: damaged bytes are never answered with. */
export async function decompress(
  bytes: Uint8Array,
  sizeBytes: number,
): Promise<{ readonly json: string } | { readonly damage: string }> {
  const { brotliDecompress } = process.getBuiltinModule('node:zlib')
  return new Promise((resolve) => {
    // Without the limit, a few stored bytes could fill the memory.
    brotliDecompress(bytes, { maxOutputLength: Math.max(1, sizeBytes) }, (error, text) =>
      resolve(
        error === null && text.length === sizeBytes
          ? { json: text.toString() }
          : { damage: 'its result does not decompress to its stated size' },
      ),
    )
  })
}

/** Returns the JSON that these chunks hold together, or what is wrong with them. */
export async function joinChunks(
  { encoding, sizeBytes, checksum }: Extract<StoredResult, { kind: 'chunked' }>,
  bytes: Uint8Array,
): Promise<{ readonly json: string } | { readonly damage: string }> {
  if (checksumOf(bytes) !== checksum) return { damage: 'its result does not match its checksum' }
  return encoding === 'br' ? decompress(bytes, sizeBytes) : { json: Buffer.from(bytes).toString() }
}

export function checksumOf(bytes: Uint8Array): string {
  return digest([bytes])
}

export function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
