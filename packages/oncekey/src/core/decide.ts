import type { CompletedRecord, IdempotencyRecord } from './record.ts'
import type { Seen } from './store.ts'

/** The way to claim: insert a first record, or replace exactly the record that was seen. */
export type ClaimPlan =
  | { readonly how: 'insert'; readonly attempt: 1 }
  | { readonly how: 'replace' | 'takeover'; readonly attempt: number; readonly seen: Seen }

export type Decision =
  | { readonly kind: 'claim'; readonly plan: ClaimPlan }
  | { readonly kind: 'mismatch' }
  | { readonly kind: 'completed'; readonly record: CompletedRecord }
  | { readonly kind: 'outcome-unknown' }
  /** `retryAfterMs`: as long as the run has taken so far, and never longer than its lease lasts. */
  | { readonly kind: 'in-flight'; readonly leaseLeftMs: number; readonly retryAfterMs: number }

/**
 * Returns what a caller with this fingerprint may do about this record at this time: the whole protocol.
 *
 * `replace` writes the record anew; `takeover` keeps its steps. `nowMs` is the store's time, never the caller's:
 * a caller whose clock is wrong must not take over a live lease. The rows are those of "The rule" in docs/concepts.md.
 */
export function decide(record: IdempotencyRecord | undefined, fingerprint: string, nowMs: number): Decision {
  if (record === undefined) return { kind: 'claim', plan: { how: 'insert', attempt: 1 } }

  const seen: Seen = { owner: record.owner, leaseUntilMs: record.leaseUntilMs }
  if (nowMs >= record.expiresAtMs) return { kind: 'claim', plan: { how: 'replace', attempt: 1, seen } }

  const attempt = record.attempt + 1
  const isReleased = record.status === 'in-flight' && record.leaseUntilMs === 0
  if (isReleased && record.steps.size === 0) return { kind: 'claim', plan: { how: 'replace', attempt, seen } }

  if (record.fingerprint !== fingerprint) return { kind: 'mismatch' }
  if (record.status === 'completed') return { kind: 'completed', record }
  if (isReleased) return { kind: 'claim', plan: { how: 'takeover', attempt, seen } }

  const leaseLeftMs = record.leaseUntilMs - nowMs
  if (leaseLeftMs > 0) {
    // A run that began by a clock ahead of the store's has not taken any time yet.
    const runningMs = Math.max(0, nowMs - (record.takenOverAtMs ?? record.createdAtMs))
    return { kind: 'in-flight', leaseLeftMs, retryAfterMs: Math.min(runningMs, leaseLeftMs) }
  }
  if (record.onCrash === 'refuse') return { kind: 'outcome-unknown' }
  return { kind: 'claim', plan: { how: 'takeover', attempt, seen } }
}
