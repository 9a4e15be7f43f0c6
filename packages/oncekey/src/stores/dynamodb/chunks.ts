import { digest } from '../../protocol/digest.ts'
import { RecordUnreadableError } from '../../protocol/errors.ts'
import type { Body } from '../../protocol/result.ts'
import type { CallLimits, Store } from '../../protocol/store.ts'
import { text, ttl, VERSION } from './item.ts'
import { type Deadline, type Wire, within } from './wire.ts'

/** Below DynamoDB's 400 KB for an item with its attribute names and key. */
const CHUNK_BYTES = 380 * 1024
const WRITES_AT_ONCE = 4
/** The chunks outlive the record: whoever still reads the record finds them. */
const OUTLIVES_BY_MS = 24 * 60 * 60 * 1000

interface Chunks extends Pick<Store, 'spill'> {
  load(id: string, body: Exclude<Body, { bytes: Uint8Array }>, limits: CallLimits): Promise<Uint8Array>
}

/** Puts large results into items of their own, beside the record. */
export function createChunks(wire: Wire): Chunks {
  return {
    async spill({ id, owner }, bytes, room, makeCall) {
      // Named by content: a write in doubt that lands late finds the bytes it refers to, whatever was tried since.
      const ref = `${owner}#${digest([room.name, bytes]).slice(0, 22)}`
      const expiresAt = ttl(room.expiresAtMs + OUTLIVES_BY_MS)
      const chunks = Math.ceil(bytes.length / CHUNK_BYTES)
      let next = 0
      const write = async (): Promise<void> => {
        while (next < chunks) {
          const n = next++
          const B = bytes.subarray(n * CHUNK_BYTES, (n + 1) * CHUNK_BYTES)
          const Item = { ...chunkKey(id, ref, n), v: VERSION, bytes: { B }, expiresAt }
          try {
            await makeCall(({ timeoutMs }) => within(timeoutMs, (deadline) => wire.put({ Item }, deadline)))
          } catch (error) {
            next = chunks
            throw error
          }
        }
      }
      // All of them have ended when this ends: nothing goes on behind the answer.
      const ended = await Promise.allSettled(Array.from({ length: WRITES_AT_ONCE }, write))
      const failed = ended.find(({ status }) => status === 'rejected')
      if (failed?.status === 'rejected') throw failed.reason
      return { chunks, ref }
    },

    async load(id, { chunks, ref }, { timeoutMs }) {
      const read = async (n: number, deadline: Deadline): Promise<Uint8Array> => {
        const { output } = await wire.get({ Key: chunkKey(id, ref, n), ConsistentRead: true }, deadline)
        const item = output?.Item
        if (item?.bytes?.B !== undefined && item.v?.N === VERSION.N) return item.bytes.B
        throw new RecordUnreadableError(
          id,
          `chunk ${n + 1} of the ${chunks} of its result is gone or damaged`,
        )
      }
      const parts = await within(timeoutMs, (deadline) =>
        Promise.all(Array.from({ length: chunks }, (_, n) => read(n, deadline))),
      )
      return Buffer.concat(parts)
    },
  }
}

const chunkKey = (id: string, ref: string, n: number) => ({ id: text(`${id}#${ref}#${n}`) })
