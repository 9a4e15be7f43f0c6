import { createLRU } from 'lru.min'
import type { Replayable, ReplayCache } from '../core/request.ts'
import type { LoadedResult } from '../core/result.ts'

/** A cache of large results must not fill the memory of a small function. */
const MAX_BYTES = 32 * 1024 * 1024

interface Cached extends Replayable {
  readonly fingerprint: string
}

/** Creates a cache of this process. The id holds scope and principal, so callers never find each other's results. */
export function createReplayCache(maxEntries: number): ReplayCache {
  let bytes = 0
  const results = createLRU<string, Cached>({
    max: maxEntries,
    onEviction: (_id, { result }) => {
      bytes -= sizeOf(result)
    },
  })
  return {
    get({ id, fingerprint }, nowMs) {
      const found = results.get(id)
      return found?.fingerprint === fingerprint && found.record.expiresAtMs > nowMs ? found : undefined
    },
    set({ id, fingerprint }, { result, record }) {
      const sizeBytes = sizeOf(result)
      if (result.kind === 'unavailable' || sizeBytes > MAX_BYTES) return
      results.delete(id)
      results.set(id, { fingerprint, result, record })
      bytes += sizeBytes
      while (bytes > MAX_BYTES) results.evict(1)
    },
  }
}

/** Returns the memory that a result takes at most: two bytes a character. */
function sizeOf(result: LoadedResult): number {
  return result.kind === 'json' ? result.json.length * 2 : 0
}
