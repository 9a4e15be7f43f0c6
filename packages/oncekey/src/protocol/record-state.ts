import type { IdempotencyRecord } from './record.ts'

/**
 * Where a record stands at an instant.
 * - `in-flight`: a run holds the lease
 * - `lapsed`: a run was cut off, and its lease is over
 * - `released`: a run gave its claim back; nobody runs
 * - `completed`: the result is stored
 * - `expired`: the next request is a first one, whatever the record holds
 */
export type RecordState = 'in-flight' | 'lapsed' | 'released' | 'completed' | 'expired'

/** @param nowMs the store's time, which is the one that leases are judged by. */
export function stateOf(record: IdempotencyRecord, nowMs: number): RecordState {
  if (nowMs >= record.expiresAtMs) return 'expired'
  if (record.status === 'completed') return 'completed'
  if (record.leaseUntilMs === 0) return 'released'
  return nowMs < record.leaseUntilMs ? 'in-flight' : 'lapsed'
}
