import { digest } from './digest.ts'
import type { Kept } from './intent.ts'

/** Where a result's bytes are: in the record itself, or in chunks beside it. */
export type Body =
  | { readonly bytes: Uint8Array }
  | {
      /** How many; at least 1. */
      readonly chunks: number
      /** What tells these chunks from any others of the record. */
      readonly ref: string
    }

/** A result as the record keeps it: the JSON that the Lambda runtime would send, never the value itself. */
export type StoredResult =
  | {
      readonly kind: 'json'
      readonly encoding: 'identity' | 'br'
      readonly body: Body
      /** The length of the JSON before compression: what decompression may come to, and no more. */
      readonly sizeBytes: number
      /** Of the JSON before compression. */
      readonly checksum: string
    }
  | { readonly kind: 'undefined' }
  | { readonly kind: 'unavailable'; readonly reason: string; readonly status?: number }

/** A result on its way to the store: its bytes are not placed yet. `json` is what they hold. */
export type EncodedResult =
  | (Omit<Extract<StoredResult, { kind: 'json' }>, 'body'> & {
      readonly bytes: Uint8Array
      readonly json: string
    })
  | Exclude<StoredResult, { kind: 'json' }>

/** What Lambda itself can answer with. @see AWS Lambda quotas, "Invocation payload", synchronous */
export const MAX_RESULT_BYTES: number = 6 * 1024 * 1024

/** Below this, compression costs more than the write unit that it might save. */
const COMPRESS_ABOVE_BYTES = 1024

/**
 * The result as the record will keep it. Never fails: what JSON cannot say becomes `unavailable`, because work that
 * is done must be completed all the same. The value is read before this function first waits: what changes in it
 * later changes nothing.
 */
export async function encodeResult(kept: Kept): Promise<EncodedResult> {
  const unavailable = (reason: string): EncodedResult => ({
    kind: 'unavailable',
    reason,
    ...(kept.status === undefined ? {} : { status: kept.status }),
  })
  if ('unavailable' in kept) return unavailable(kept.unavailable)

  let json: string | undefined
  try {
    json = JSON.stringify(kept.value)
  } catch (error) {
    return unavailable(`it is not JSON (${error instanceof Error ? error.name : 'thrown'})`)
  }
  if (json === undefined) return { kind: 'undefined' }

  const bytes = Buffer.from(json)
  if (bytes.length > MAX_RESULT_BYTES)
    return unavailable(`its ${bytes.length} bytes exceed ${MAX_RESULT_BYTES}`)

  const facts = { kind: 'json', json, sizeBytes: bytes.length, checksum: digest([bytes]) } as const
  if (bytes.length <= COMPRESS_ABOVE_BYTES) return { ...facts, encoding: 'identity', bytes }
  const { compress } = await import('./compress.ts')
  return { ...facts, encoding: 'br', bytes: await compress(bytes) }
}

/**
 * The JSON text that these stored bytes hold, or what is wrong with them: bytes that do not match their checksum
 * are never answered with.
 */
export async function decodeResult(
  result: Extract<StoredResult, { kind: 'json' }>,
  stored: Uint8Array,
): Promise<{ readonly json: string } | { readonly damage: string }> {
  let bytes = stored
  if (result.encoding === 'br') {
    const { decompress } = await import('./compress.ts')
    try {
      bytes = await decompress(stored, result.sizeBytes)
    } catch {
      return { damage: 'its result does not decompress to the size it is said to have' }
    }
  }
  if (bytes.length !== result.sizeBytes || digest([bytes]) !== result.checksum) {
    return { damage: 'its result does not match its checksum' }
  }
  return { json: Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8') }
}

/** Whether two stored results stand for the same JSON. */
export function isSameResult(one: StoredResult, other: StoredResult): boolean {
  return mark(one) === mark(other)
}

const mark = (result: StoredResult): string => (result.kind === 'json' ? result.checksum : result.kind)
