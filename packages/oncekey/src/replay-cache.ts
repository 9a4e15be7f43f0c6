import { createLRU } from 'lru.min'
import type { Intent } from './protocol/intent.ts'

/** Completed results of this process: text, not objects, so that every replay is a fresh copy. */
export interface ReplayCache {
  /** The result of exactly this intent, if it is here and has not expired. `nowMs` is the store's time. */
  get(intent: Intent, nowMs: number): { readonly json: string | undefined } | undefined
  set(intent: Intent, json: string | undefined, expiresAtMs: number): void
}

interface Cached {
  readonly fingerprint: string
  readonly json: string | undefined
  readonly expiresAtMs: number
}

/** The id holds scope and principal, so that one caller's results are never found by another. */
export function createReplayCache(maxEntries: number): ReplayCache {
  const results = createLRU<string, Cached>({ max: maxEntries })
  return {
    get({ id, fingerprint }, nowMs) {
      const found = results.get(id)
      return found?.fingerprint === fingerprint && found.expiresAtMs > nowMs ? found : undefined
    },
    set: ({ id, fingerprint }, json, expiresAtMs) => results.set(id, { fingerprint, json, expiresAtMs }),
  }
}
