import { RecordUnreadableError } from '../protocol/errors.ts'
import { decodeResult, type EncodedResult, type StoredResult } from '../protocol/result.ts'
import { persist } from './persist.ts'
import type { Scene } from './scene.ts'

/** A stored result, read back. `json` is the text that Lambda would send; absent for `undefined`. */
export type Recalled =
  | { readonly kind: 'value'; readonly json: string | undefined }
  | { readonly kind: 'unavailable'; readonly reason: string; readonly status: number | undefined }

/** What a repeat will get of a result that is being stored. */
export function recallable(encoded: EncodedResult): Recalled {
  switch (encoded.kind) {
    case 'json':
      return { kind: 'value', json: encoded.json }
    case 'undefined':
      return { kind: 'value', json: undefined }
    case 'unavailable':
      return { kind: 'unavailable', reason: encoded.reason, status: encoded.status }
  }
}

/** @throws RecordUnreadableError if the bytes are gone or are not those that were stored. */
export async function recall({ store, timing, intent }: Scene, result: StoredResult): Promise<Recalled> {
  if (result.kind !== 'json') return recallable(result)
  const { body } = result
  const bytes =
    'bytes' in body
      ? body.bytes
      : await persist(timing.clock, timing.claimUntilMs(), (limits) => store.load(intent.id, body, limits))
  const decoded = await decodeResult(result, bytes)
  if ('damage' in decoded) throw new RecordUnreadableError(intent.id, decoded.damage)
  return { kind: 'value', json: decoded.json }
}

/** The value that a recalled text stands for: a fresh one each time, so that no two callers share an object. */
export function parseRecalled(json: string | undefined): unknown {
  return json === undefined ? undefined : JSON.parse(json)
}
