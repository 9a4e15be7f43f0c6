import type { Seen } from './decide.ts'
import type { CompletedRecord, IdempotencyRecord, InFlightRecord } from './record.ts'
import type { Body, StoredResult } from './result.ts'

/** What one call to the store may cost: `timeoutMs` from now, retries of the store's own client included. */
export interface CallLimits {
  readonly timeoutMs: number
}

/** Makes one of several calls to the store, again and again if need be, as long as its maker has time. */
export type MakeCall = <T>(call: (limits: CallLimits) => Promise<T>) => Promise<T>

/** What names a claim in every later write: the record and the owner's token. */
export interface ClaimToken {
  readonly id: string
  readonly owner: string
}

/** A record as it stands in the store, if there is one, with the store's own time. */
export interface Sight {
  readonly nowMs: number
  readonly record: IdempotencyRecord | undefined
}

/** The condition did not hold. What is seen is what stood in its way. */
export type Refused = Sight & { readonly kind: 'refused' }

/** What an owner's write came to. */
export type WriteAnswer = { readonly kind: 'written' } | Refused

/**
 * What a claim came to.
 * - `written`: the record as it stands after it.
 * - `busy`: a transaction holds the record at this moment. Somebody is at work, so it need not try again.
 */
export type ClaimAnswer =
  | { readonly kind: 'written'; readonly nowMs: number; readonly record: IdempotencyRecord }
  | Refused
  | { readonly kind: 'busy' }

export type Completion = Pick<CompletedRecord, 'result' | 'completedAtMs' | 'expiresAtMs' | 'commitToken'>

/** What a store must know to find room for a result's bytes. */
export interface SpillRoom {
  /** Tells these bytes from others of the same claim. */
  readonly name: string
  /** What the record already carries beside them: the longer a record, the dearer each of its writes. */
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
 * (an owner's write that meets a transaction on its record counts as not answered),
 * and `RecordUnreadableError` if the record in the way cannot be read.
 */
export interface Store {
  /** Writes the record only if none exists under its id. */
  insert(record: InFlightRecord, limits: CallLimits): Promise<ClaimAnswer>

  /** Writes the record in place of the one seen, whole, only if that has the `owner` and `leaseUntilMs` seen. */
  replace(record: InFlightRecord, seen: Seen, limits: CallLimits): Promise<ClaimAnswer>

  /**
   * Changes owner, attempt, lease, expiry and crash mode of the record seen, on the same condition as `replace`,
   * and leaves its steps as they stand at that moment.
   */
  takeover(record: InFlightRecord, seen: Seen, limits: CallLimits): Promise<ClaimAnswer>

  /** Stores the result and ends the lease, on the claim's condition. */
  complete(claim: ClaimToken, completion: Completion, limits: CallLimits): Promise<WriteAnswer>

  /** Sets the lease to 0 and deletes nothing, on the claim's condition. */
  release(claim: ClaimToken, limits: CallLimits): Promise<WriteAnswer>

  /** Adds a step's result to the record, on the claim's condition. */
  saveStep(claim: ClaimToken, name: string, result: StoredResult, limits: CallLimits): Promise<WriteAnswer>

  /**
   * Moves lease and expiry, on the claim's condition and only from `fromLeaseUntilMs`:
   * a late copy of an earlier renewal must not shorten the lease again.
   */
  renew(
    claim: ClaimToken,
    lease: { readonly fromLeaseUntilMs: number; readonly leaseUntilMs: number; readonly expiresAtMs: number },
    limits: CallLimits,
  ): Promise<WriteAnswer>

  /**
   * Completes the record and does the writes in one transaction: all happen or none, on the claim's condition.
   * Absent where the store has no transactions. `refused` is the claim's condition failing; a condition of the
   * writes failing rejects with the SDK's own error.
   */
  commit?(
    claim: ClaimToken,
    completion: Completion & { readonly commitToken: string },
    writes: readonly TransactionWrite[],
    limits: CallLimits,
  ): Promise<WriteAnswer>

  /** Reads the record, seeing every write that was answered before. */
  read(id: string, limits: CallLimits): Promise<Sight>

  /**
   * Makes bytes fit into a record: returns them as they are if they are small, else writes them elsewhere, where no
   * other claim writes, and returns the reference. They outlive `expiresAtMs`. Each of its writes is made by itself,
   * so that one that fails is all that is written again.
   */
  spill(claim: ClaimToken, bytes: Uint8Array, room: SpillRoom, makeCall: MakeCall): Promise<Body>

  /** The bytes of a body that `spill` returned. Throws `RecordUnreadableError` if some are gone. */
  load(id: string, body: Body, limits: CallLimits): Promise<Uint8Array>
}
