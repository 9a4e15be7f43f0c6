import type { CompletedRecord, IdempotencyRecord, InFlightRecord, Snapshot } from './record.ts'
import type { StoredResult } from './result.ts'

/** The budget of one call to the store: `timeoutMs` from now, retries of the store's own client included. */
export interface CallLimits {
  readonly timeoutMs: number
}

/** Makes one call to the store, and repeats it within its caller's budget while it fails for a transient reason. */
export type MakeCall = <T>(call: (limits: CallLimits) => Promise<T>) => Promise<T>

/** The claim that a write of its owner is conditional on. */
export type Owner = Pick<InFlightRecord, 'id' | 'owner'>

/** The part of a record that a claim must find unchanged when it replaces the record. */
export type Seen = Pick<IdempotencyRecord, 'owner' | 'leaseUntilMs'>

/** The condition failed, because of the record in the snapshot. */
export type Refused = Snapshot & { readonly kind: 'refused' }

export type WriteReply = { readonly kind: 'written' } | Refused

/**
 * - `written`: the record as it stands after the claim.
 * - `busy`: a transaction holds the record at this moment, so another run is at work.
 */
export type ClaimReply =
  | { readonly kind: 'written'; readonly nowMs: number; readonly record: InFlightRecord }
  | Refused
  | { readonly kind: 'busy' }

export type Completion = Pick<CompletedRecord, 'result' | 'completedAtMs' | 'expiresAtMs' | 'commitToken'> & {
  /** The names of the steps that the record may hold: a store that cannot find them itself removes these. */
  readonly steps?: readonly string[]
}

/** A completion inside a transaction. */
export type Commit = Completion & { readonly commitToken: string }

export interface LeaseChange {
  readonly fromLeaseUntilMs: number
  readonly leaseUntilMs: number
  readonly expiresAtMs: number
}

/** A result, compressed if that pays, on its way to the store. */
export interface OffloadRequest {
  readonly result: Extract<StoredResult, { kind: 'json' | 'compressed' }>
  /** Distinguishes these bytes from others of the same claim. */
  readonly name: string
  /** The size of the results that the record already carries: the larger a record, the more each of its writes costs. */
  readonly inlineBytes: number
  readonly expiresAtMs: number
}

/** One DynamoDB write of a handler's own, in the plain JavaScript form of `TransactWriteCommand` in lib-dynamodb. */
export interface TransactionWrite {
  readonly Put?: object
  readonly Update?: object
  readonly Delete?: object
  readonly ConditionCheck?: object
}

/**
 * What the protocol needs of a store. Each write is atomic and conditional; no condition holds a time.
 *
 * "The claim's condition" below means: `owner` is the claim's, `status` is `in-flight` and `leaseUntilMs` is above 0.
 *
 * Every method throws `StoreUnavailableError` if the store does not answer within the limits or refuses for good
 * (an owner's write that meets a transaction on its record counts as unanswered),
 * and `RecordUnreadableError` if the record that it returns cannot be read.
 */
export interface Store {
  /** Writes the record if none exists under its id. */
  insert(record: InFlightRecord, limits: CallLimits): Promise<ClaimReply>

  /** Replaces the record seen, whole, if it still has the `owner` and `leaseUntilMs` seen. */
  replace(record: InFlightRecord, seen: Seen, limits: CallLimits): Promise<ClaimReply>

  /**
   * Changes owner, attempt, lease, expiry and crash mode of the record seen, on the same condition as `replace`, and
   * keeps its steps as they stand at that moment. The time of this claim, `record.createdAtMs`, becomes its
   * `takenOverAtMs`.
   */
  takeover(record: InFlightRecord, seen: Seen, limits: CallLimits): Promise<ClaimReply>

  /** Stores the result and ends the lease, on the claim's condition. */
  complete(claim: Owner, completion: Completion, limits: CallLimits): Promise<WriteReply>

  /** Sets the lease to 0 and deletes nothing, on the claim's condition. */
  release(claim: Owner, limits: CallLimits): Promise<WriteReply>

  /** Adds a step's result to the record, on the claim's condition. */
  saveStep(claim: Owner, name: string, result: StoredResult, limits: CallLimits): Promise<WriteReply>

  /**
   * Moves lease and expiry, on the claim's condition and only from `fromLeaseUntilMs`:
   * a late copy of an earlier renewal must not shorten the lease again.
   */
  renew(claim: Owner, change: LeaseChange, limits: CallLimits): Promise<WriteReply>

  /**
   * Completes the record and does the writes in one transaction: all happen or none, on the claim's condition.
   * Absent where the store has no transactions. `refused` is the claim's condition failing; a condition of the
   * writes failing rejects with the SDK's own error.
   */
  commit?(
    claim: Owner,
    completion: Commit,
    writes: readonly TransactionWrite[],
    limits: CallLimits,
  ): Promise<WriteReply>

  /** Reads the record with strong consistency. */
  read(id: string, limits: CallLimits): Promise<Snapshot>

  /**
   * Returns the result to put into the record: the same one if it is small, else a reference to items of their own,
   * which outlive `expiresAtMs` and which no other claim writes. `makeCall` makes and repeats each write by itself.
   */
  offload(claim: Owner, request: OffloadRequest, makeCall: MakeCall): Promise<StoredResult>

  /** Returns the bytes that `offload` moved out of the record. Throws `RecordUnreadableError` if some are gone. */
  load(
    id: string,
    result: Extract<StoredResult, { kind: 'chunked' }>,
    limits: CallLimits,
  ): Promise<Uint8Array>
}
