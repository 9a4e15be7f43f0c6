import type { Claim } from './claim.ts'
import { RecordUnreadableError } from './errors.ts'
import { actUntilMs, claimUntilMs, type Lease } from './lease.ts'
import type { Settings } from './request.ts'
import {
  COMPRESS_ABOVE_BYTES,
  compress,
  decompress,
  joinChunks,
  type LoadedResult,
  type StoredResult,
} from './result.ts'
import { retryUntil } from './retry.ts'
import type { OffloadRequest } from './store.ts'

/**
 * Returns a result as the record will hold it: compressed if it is long, and in items of its own if it is longer.
 * Throws `StoreUnavailableError` if those could not be written.
 */
export async function offload(
  { settings, lease, record }: Claim,
  result: LoadedResult,
  facts: Omit<OffloadRequest, 'result'>,
): Promise<StoredResult> {
  if (result.kind !== 'json') return result
  const isShort = Buffer.byteLength(result.json) <= COMPRESS_ABOVE_BYTES
  if (isShort && facts.inlineBytes === 0) return result
  const request = { ...facts, result: isShort ? result : await compress(result.json) }
  // Some time is kept back: a result that cannot be written must still be recorded as completed.
  const untilMs = actUntilMs(lease)
  return settings.store.offload(record, request, (call) => retryUntil(settings.clock, untilMs, call))
}

/** Returns a stored result with its JSON. Throws `RecordUnreadableError` if bytes are gone or damaged. */
export async function loadResult(
  { store, clock }: Settings,
  lease: Lease,
  id: string,
  result: StoredResult,
): Promise<LoadedResult> {
  if (result.kind !== 'compressed' && result.kind !== 'chunked') return result
  const loaded =
    result.kind === 'compressed'
      ? await decompress(result.bytes, result.sizeBytes)
      : await joinChunks(
          result,
          await retryUntil(clock, claimUntilMs(lease), (limits) => store.load(id, result, limits)),
        )
  if ('damage' in loaded) throw new RecordUnreadableError(id, loaded.damage)
  return { kind: 'json', json: loaded.json }
}
