import type { Kept } from '../protocol/intent.ts'
import { encodeResult, type StoredResult } from '../protocol/result.ts'
import type { SpillRoom } from '../protocol/store.ts'
import { persist } from './persist.ts'
import type { Hold, Scene } from './scene.ts'

/** Encodes a value and finds room for its bytes: in the record, or beside it. */
export async function place(
  { store, timing }: Scene,
  { claim }: Hold,
  kept: Kept,
  room: SpillRoom,
): Promise<StoredResult> {
  const encoded = await encodeResult(kept)
  if (encoded.kind !== 'json') return encoded
  const { bytes, ...facts } = encoded
  const body = await persist(timing.clock, timing.storeUntilMs(), (limits) =>
    store.spill(claim, bytes, room, limits),
  )
  return { ...facts, body }
}
