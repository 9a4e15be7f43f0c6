import type { Intent } from './protocol/intent.ts'

/** Completed results of this process: text, not objects, so that every replay is a fresh copy. */
export interface ReplayCache {
  /** The result of exactly this intent, if it is here and has not expired. `nowMs` is the store's time. */
  get(intent: Intent, nowMs: number): { readonly json: string | undefined } | undefined
  set(intent: Intent, json: string | undefined, expiresAtMs: number): void
}

/** The id holds scope and principal, so that one caller's results are never found by another. */
export function createReplayCache(maxEntries: number): ReplayCache {
  // A map keeps the order of insertion: what is used moves to its end, what is at its beginning goes first.
  const results = new Map<string, { fingerprint: string; json: string | undefined; expiresAtMs: number }>()
  return {
    get({ id, fingerprint }, nowMs) {
      const found = results.get(id)
      if (found === undefined || found.fingerprint !== fingerprint || found.expiresAtMs <= nowMs)
        return undefined
      results.delete(id)
      results.set(id, found)
      return found
    },
    set({ id, fingerprint }, json, expiresAtMs) {
      results.delete(id)
      results.set(id, { fingerprint, json, expiresAtMs })
      const [oldest] = results.keys()
      if (results.size > maxEntries && oldest !== undefined) results.delete(oldest)
    },
  }
}
