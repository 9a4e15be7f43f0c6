import type { EncodedResult, StoredResult } from '../protocol/result.ts'
import type { SpillRoom } from '../protocol/store.ts'
import { persist } from './persist.ts'
import type { Hold, Scene } from './scene.ts'

/** Finds room for a result's bytes: in the record, or beside it. */
export async function place(
  { store, timing }: Scene,
  { claim }: Hold,
  encoded: EncodedResult,
  room: SpillRoom,
): Promise<StoredResult> {
  if (encoded.kind !== 'json') return encoded
  const { bytes, json: _, ...facts } = encoded
  // Something is kept back of the time: what cannot be placed must still be told of in the record.
  const untilMs = timing.actUntilMs()
  const body = await store.spill(claim, bytes, room, (call) => persist(timing.clock, untilMs, call))
  return { ...facts, body }
}
