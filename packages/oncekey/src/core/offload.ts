import type { Claim } from './claim.ts'
import { RecordUnreadableError } from './errors.ts'
import { actUntilMs, claimUntilMs, type Lease } from './lease.ts'
import type { Settings } from './request.ts'
import {
  COMPRESS_ABOVE_BYTES,
  compress,
  decompress,
  isJson,
  joinChunks,
  type LoadedResult,
  type StoredResult,
} from './result.ts'
import { retryUntil } from './retry.ts'
import type { OffloadRequest } from './store.ts'

/**
 * Returns a result as the record will hold it: itself if it is short, else compressed, and in items of its own if it
 * is still too long. Throws `StoreUnavailableError` if those could not be written.
 */
export function offload(
  claim: Claim,
  result: LoadedResult,
  facts: Omit<OffloadRequest, 'result'>,
): StoredResult | Promise<StoredResult> {
  if (result.kind !== 'json') return result
  const isShort = Buffer.byteLength(result.json) <= COMPRESS_ABOVE_BYTES
  return isShort && facts.inlineBytes === 0 ? result : offloadLong(claim, result, isShort, facts)
}

async function offloadLong(
  { settings, lease, record }: Claim,
  result: Extract<LoadedResult, { kind: 'json' }>,
  isShort: boolean,
  facts: Omit<OffloadRequest, 'result'>,
): Promise<StoredResult> {
  const request = { ...facts, result: isShort ? result : await compress(result.json) }
  // Some time is kept back: a result that cannot be written must still be recorded as completed.
  const untilMs = actUntilMs(lease)
  return settings.store.offload(record, request, (call) => retryUntil(lease.clock, untilMs, call))
}

/** Returns a stored result with its JSON. Throws `RecordUnreadableError` if bytes are gone or damaged. */
export function loadResult(
  settings: Settings,
  lease: Lease,
  id: string,
  result: StoredResult,
): LoadedResult | Promise<LoadedResult> {
  const isLong = result.kind === 'compressed' || result.kind === 'chunked'
  return isLong ? loadLong(settings, lease, id, result) : result
}

async function loadLong(
  { store }: Settings,
  lease: Lease,
  id: string,
  result: Exclude<StoredResult, LoadedResult>,
): Promise<LoadedResult> {
  const loaded =
    result.kind === 'compressed'
      ? await decompress(result.bytes, result.sizeBytes)
      : await joinChunks(
          result,
          await retryUntil(lease.clock, claimUntilMs(lease), (limits) => store.load(id, result, limits)),
        )
  if ('damage' in loaded) throw new RecordUnreadableError(id, loaded.damage)
  if (!isJson(loaded.json)) throw new RecordUnreadableError(id, 'its result is not JSON')
  return { kind: 'json', json: loaded.json }
}
