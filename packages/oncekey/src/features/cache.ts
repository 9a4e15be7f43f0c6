import { createLRU } from 'lru.min'
import type { ReplayCache } from '../core/request.ts'
import type { LoadedResult } from '../core/result.ts'

interface Cached {
  readonly fingerprint: string
  readonly result: LoadedResult
  readonly expiresAtMs: number
}

/** Creates a cache of this process. The id holds scope and principal, so callers never find each other's results. */
export function createReplayCache(maxEntries: number): ReplayCache {
  const results = createLRU<string, Cached>({ max: maxEntries })
  return {
    get({ id, fingerprint }, nowMs) {
      const found = results.get(id)
      return found?.fingerprint === fingerprint && found.expiresAtMs > nowMs ? found.result : undefined
    },
    set({ id, fingerprint }, result, expiresAtMs) {
      if (result.kind !== 'unavailable') results.set(id, { fingerprint, result, expiresAtMs })
    },
  }
}
