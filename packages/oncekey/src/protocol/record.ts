import type { StoredResult } from './result.ts'

/** The only format version that this release writes and reads. */
export const FORMAT_VERSION = 1

/** After a lease lapsed without completion: run again (at least once), or answer `outcome-unknown` (at most once). */
export type CrashMode = 'rerun' | 'refuse'

interface RecordBase {
  readonly id: string
  /** The random token that names the latest claim; every later write of a run is conditional on it. */
  readonly owner: string
  /** 1, 2, 3 … while the record lives. */
  readonly attempt: number
  readonly fingerprint: string
  readonly createdAtMs: number
  readonly expiresAtMs: number
  readonly onCrash: CrashMode
}

/** A claim that has not been completed. `leaseUntilMs` 0 means that its owner released it. */
export interface InFlightRecord extends RecordBase {
  readonly status: 'in-flight'
  readonly leaseUntilMs: number
  readonly steps: Steps
}

/**
 * A claim whose result is stored. Its lease is 0, so that a takeover that saw the live lease can no longer match.
 */
export interface CompletedRecord extends RecordBase {
  readonly status: 'completed'
  readonly leaseUntilMs: 0
  readonly completedAtMs: number
  readonly result: StoredResult
  /** The `ClientRequestToken` of the transaction that completed the record, if one did. */
  readonly commitToken?: string
}

/** What the table holds for one key. */
export type IdempotencyRecord = InFlightRecord | CompletedRecord

/** The results of the steps saved so far, by name. */
export type Steps = ReadonlyMap<string, StoredResult>
