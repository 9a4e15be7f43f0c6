/** How many lines of one kind were written and suppressed since a moment. */
interface Quota {
  sinceMs: number
  written: number
  suppressed: number
}

export type Quotas = Map<string, Quota>

const INTERVAL_MS = 10_000
/** Kinds beyond these share a quota: the names of errors may vary without end. */
const MAX_KINDS = 100
const OTHER = ''

/**
 * Counts a line against the quota of its kind: `burst` lines in 10 seconds.
 *
 * @returns how many lines were suppressed before this one; `undefined` if this one is to be suppressed too.
 */
export function takeQuota(quotas: Quotas, kind: string, nowMs: number, burst: number): number | undefined {
  if (quotas.size >= MAX_KINDS && !quotas.has(kind)) {
    for (const [known, { sinceMs }] of quotas) if (nowMs - sinceMs >= INTERVAL_MS) quotas.delete(known)
  }
  const name = quotas.size < MAX_KINDS || quotas.has(kind) ? kind : OTHER
  const quota = quotas.get(name) ?? { sinceMs: nowMs, written: 0, suppressed: 0 }
  quotas.set(name, quota)
  if (nowMs - quota.sinceMs >= INTERVAL_MS) {
    quota.sinceMs = nowMs
    quota.written = 0
  }
  if (quota.written >= burst) {
    quota.suppressed += 1
    return undefined
  }
  quota.written += 1
  const { suppressed } = quota
  quota.suppressed = 0
  return suppressed
}
