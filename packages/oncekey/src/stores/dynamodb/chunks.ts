import { RecordUnreadableError } from '../../core/errors.ts'
import { digest } from '../../core/identity.ts'
import { FORMAT_VERSION } from '../../core/record.ts'
import { checksumOf, type StoredResult } from '../../core/result.ts'
import type { CallLimits, MakeCall, OffloadRequest, Owner } from '../../core/store.ts'
import { toSeconds } from '../codec.ts'
import type { Commands } from './commands.ts'
import type { Item } from './transport.ts'

type ChunkedResult = Extract<StoredResult, { kind: 'chunked' }>

/** Below DynamoDB's 400 KB for an item with its attribute names and key. */
const CHUNK_BYTES = 380 * 1024
const WRITES_AT_ONCE = 4
/** The chunks outlive the record: whoever still reads the record finds them. */
const OUTLIVES_BY_MS = 24 * 60 * 60 * 1000
const VERSION = { N: `${FORMAT_VERSION}` }

/** Writes the result into items of their own, and returns the reference to them. */
export async function writeChunks(
  commands: Commands,
  { id, owner }: Owner,
  { result, name, expiresAtMs }: OffloadRequest,
  makeCall: MakeCall,
): Promise<ChunkedResult> {
  const isCompressed = result.kind === 'compressed'
  const bytes = isCompressed ? result.bytes : Buffer.from(result.json)
  // Named by content: a write in doubt that arrives late finds the bytes it refers to, whatever was tried since.
  const ref = `${owner}#${digest([name, bytes]).slice(0, 22)}`
  const expiresAt = { N: `${toSeconds(expiresAtMs + OUTLIVES_BY_MS)}` }
  const chunks = Math.ceil(bytes.length / CHUNK_BYTES)
  let next = 0
  const writeSome = async (): Promise<void> => {
    while (next < chunks) {
      const n = next++
      const B = bytes.subarray(n * CHUNK_BYTES, (n + 1) * CHUNK_BYTES)
      const Item = { ...chunkKey(id, ref, n), v: VERSION, bytes: { B }, expiresAt }
      try {
        await makeCall((limits) => commands.put({ Item }, limits))
      } catch (error) {
        next = chunks
        throw error
      }
    }
  }
  // All writes have ended before this function does: nothing goes on after the response.
  const ended = await Promise.allSettled(Array.from({ length: WRITES_AT_ONCE }, writeSome))
  const failed = ended.find(({ status }) => status === 'rejected')
  if (failed?.status === 'rejected') throw failed.reason
  return {
    kind: 'chunked',
    encoding: isCompressed ? 'br' : 'identity',
    chunks,
    ref,
    sizeBytes: isCompressed ? result.sizeBytes : bytes.length,
    checksum: checksumOf(bytes),
  }
}

/** Returns the bytes that the chunks hold together. @throws RecordUnreadableError if one is gone or damaged. */
export async function readChunks(
  commands: Commands,
  id: string,
  { chunks, ref }: ChunkedResult,
  limits: CallLimits,
): Promise<Uint8Array> {
  const read = async (n: number): Promise<Uint8Array> => {
    const { item } = await commands.get({ Key: chunkKey(id, ref, n) }, limits)
    if (item?.bytes?.B !== undefined && item.v?.N === VERSION.N) return item.bytes.B
    throw new RecordUnreadableError(id, `chunk ${n + 1} of ${chunks} of its result is missing or damaged`)
  }
  return Buffer.concat(await Promise.all(Array.from({ length: chunks }, (_, n) => read(n))))
}

function chunkKey(id: string, ref: string, n: number): Item {
  return { id: { S: `${id}#${ref}#${n}` } }
}
