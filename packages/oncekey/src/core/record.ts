import type { StoredResult } from './result.ts'

/** The only format version that this release writes and reads. */
export const FORMAT_VERSION = 1

/** The behaviour after a lapsed lease: run again (at least once), or answer `outcome-unknown` (at most once). */
export type CrashMode = 'rerun' | 'refuse'

interface RecordBase {
  readonly id: string
  /** The random token of the latest claim. Every later write of its run is conditional on it. */
  readonly owner: string
  /** 1, 2, 3 … while the record lives. */
  readonly attempt: number
  readonly fingerprint: string
  /** When the first claim was made. */
  readonly createdAtMs: number
  /** When the latest claim took the record over, if it did. */
  readonly takenOverAtMs?: number
  /** A whole second: the table stores seconds, because DynamoDB's TTL does. */
  readonly expiresAtMs: number
  readonly onCrash: CrashMode
}

/** A claim that has not been completed. `leaseUntilMs` 0 means that its owner released it. */
export interface InFlightRecord extends RecordBase {
  readonly status: 'in-flight'
  readonly leaseUntilMs: number
  /** The results of the steps saved so far, by name. */
  readonly steps: ReadonlyMap<string, StoredResult>
}

/** A claim whose result is stored. Its lease is 0, so that a takeover that saw a live lease no longer matches. */
export interface CompletedRecord extends RecordBase {
  readonly status: 'completed'
  readonly leaseUntilMs: 0
  readonly completedAtMs: number
  readonly result: StoredResult
  /** The `ClientRequestToken` of the transaction that completed the record, if one did. */
  readonly commitToken?: string
}

/** The facts of a replayed record, for `onReplay`. Times are epoch milliseconds of the store's clock. */
export interface ReplayedRecord {
  /** The number of the run whose result this is. */
  readonly attempt: number
  /** When the key was first claimed. */
  readonly createdAtMs: number
  readonly completedAtMs: number
  /** From then on, a request with the same key runs again. */
  readonly expiresAtMs: number
}

/** Returns the facts alone: a record also holds its owner, and its result as it is stored. */
export function toReplayed(record: ReplayedRecord): ReplayedRecord {
  const { attempt, createdAtMs, completedAtMs, expiresAtMs } = record
  return { attempt, createdAtMs, completedAtMs, expiresAtMs }
}

/** The record of one key. */
export type IdempotencyRecord = InFlightRecord | CompletedRecord

/** A record as it stands in the store, or `undefined` if there is none, with the store's own time. */
export interface Snapshot {
  readonly nowMs: number
  readonly record: IdempotencyRecord | undefined
}

/** Returns whether the record is a live claim of this owner: neither completed nor released. */
export function isClaimOf(record: IdempotencyRecord | undefined, owner: string): record is InFlightRecord {
  return record?.status === 'in-flight' && record.owner === owner && record.leaseUntilMs > 0
}

/**
 * - `in-flight`: a run holds the lease
 * - `lapsed`: a run was interrupted, and its lease is over
 * - `released`: a run gave up its claim
 * - `completed`: the result is stored
 * - `expired`: the next request starts from the beginning, whatever the record holds
 */
export type RecordState = 'in-flight' | 'lapsed' | 'released' | 'completed' | 'expired'

/** Returns the state of a record at `nowMs`, the store's time. */
export function stateOf(record: IdempotencyRecord, nowMs: number): RecordState {
  if (nowMs >= record.expiresAtMs) return 'expired'
  if (record.status === 'completed') return 'completed'
  if (record.leaseUntilMs === 0) return 'released'
  return nowMs < record.leaseUntilMs ? 'in-flight' : 'lapsed'
}
