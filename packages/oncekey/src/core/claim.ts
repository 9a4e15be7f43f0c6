import { randomUUID } from 'node:crypto'
import { type ClaimPlan, decide } from './decide.ts'
import { isOncekeyError, StoreUnavailableError } from './errors.ts'
import {
  claimExpiryMs,
  claimUntilMs,
  correctedLeaseEndMs,
  firstLeaseEndMs,
  holdUntil,
  type Lease,
  mayHaveLapsed,
  observeStoreTime,
  storeNowMs,
  storeUntilMs,
} from './lease.ts'
import { type IdempotencyRecord, type InFlightRecord, isClaimOf, type Snapshot } from './record.ts'
import { moveLease } from './renew.ts'
import type { ProtectedRequest, Settings } from './request.ts'
import { retryUntil } from './retry.ts'
import type { CallLimits, ClaimReply, WriteReply } from './store.ts'
import { endTurn, takeTurn } from './turn.ts'

/** The right to run one request. Only its holder can complete or release the record. */
export interface Claim {
  readonly settings: Settings
  readonly request: ProtectedRequest
  readonly lease: Lease
  /** As it was claimed: owner, attempt, and the steps of earlier attempts. */
  readonly record: InFlightRecord
  /** The names of the steps that the record may hold by now, if this run has any. Its completion removes them. */
  stepNames?: ReadonlySet<string>
  leaseUntilMs: number
  /** Set if the lease of an earlier claim had lapsed: its run was interrupted, and may have taken effect. */
  readonly isTakeover: boolean
  /** Set if the claim could not be written, or its reply never came: the run is not protected. */
  readonly isInDoubt: boolean
  /** Set while this run may write. Given up before completion or release is tried, so that neither runs twice. */
  isHeld: boolean
  /** Set if the handler protects the same request again: what it then answers is not its result. */
  isProtectedTwice?: boolean
  /** The result that the handler's own commit stored. */
  committed?: { readonly result: unknown }
  /** Aborts once the claim is lost. Made when it is first asked for. */
  lost?: AbortController
}

/** For the release of a claim in doubt, before 503 is answered, if the store does not answer. */
const RELEASE_MS = 3_000
/** For the last look at the record, before a request runs without protection. */
const READ_MS = 500

/** The end of a try to claim: the claim, or the record that was found in its place. */
type Tried = { readonly kind: 'claimed'; readonly claim: Claim } | ({ readonly kind: 'lost' } & Snapshot)

/** Makes one claim. Returns `undefined` if a transaction holds the record: which run that is cannot be seen. */
export async function tryClaim(
  settings: Settings,
  request: ProtectedRequest,
  lease: Lease,
  plan: ClaimPlan,
): Promise<Tried | undefined> {
  const { store } = settings
  const { clock } = lease
  const turn = takeTurn(store, clock, claimUntilMs(lease))
  const hasTurn = typeof turn === 'boolean' ? turn : await turn
  const record = newRecord(settings, request, lease, plan.attempt)
  let isInDoubt = false
  const onFailure = (error: unknown): void => {
    isInDoubt ||= !isThrottled(error)
  }
  try {
    if (!hasTurn) {
      throw new StoreUnavailableError('Too many claims are waiting for the store. Nothing was sent.', {
        retryable: true,
      })
    }
    let sentAtMs = 0
    let reply: ClaimReply
    try {
      const send = (limits: CallLimits): Promise<ClaimReply> => {
        sentAtMs = clock.nowMs()
        return plan.how === 'insert'
          ? store.insert(record, limits)
          : store[plan.how](record, plan.seen, limits)
      }
      reply = await retryUntil(clock, claimUntilMs(lease), send, undefined, onFailure)
    } finally {
      endTurn(store)
    }
    isInDoubt = true
    if (reply.kind === 'busy') {
      // An earlier try, here or in the store's client, may have been written and its reply lost.
      await releaseInDoubt(settings, request, lease, record)
      return undefined
    }
    observeStoreTime(lease, reply.nowMs, sentAtMs)

    // A reply can be lost and the write sent again: a refusal by our own claim is our claim.
    if (!isClaimOf(reply.record, record.owner) && !isOwnClaim(request, reply.record)) {
      // A refusal that shows no record may come from a claim of ours whose reply was lost.
      if (reply.record === undefined) await releaseInDoubt(settings, request, lease, record)
      return { kind: 'lost', record: reply.record, nowMs: reply.nowMs }
    }
    const isTakeover = plan.how === 'takeover' && plan.seen.leaseUntilMs > 0
    const claim = newClaim(settings, request, lease, reply.record, isTakeover, false)
    const correctedMs = correctedLeaseEndMs(lease, claim.leaseUntilMs)
    if (correctedMs === undefined) holdUntil(lease, claim.leaseUntilMs)
    else {
      const moved = await moveLease(claim, correctedMs, claimUntilMs(lease))
      if (moved.kind === 'lost') return moved
    }
    // The reply may have been read long after it was written (a frozen sandbox that thawed).
    if (mayHaveLapsed(claim.leaseUntilMs, reply.nowMs, clock.nowMs() - sentAtMs)) {
      const message = `The claim of record ${JSON.stringify(record.id)} was answered after its lease had ended. Nothing was run.`
      throw new StoreUnavailableError(message, { retryable: true })
    }
    return { kind: 'claimed', claim }
  } catch (error) {
    if (isOncekeyError(error, 'store-unavailable') && settings.onStoreError === 'run') {
      return runUnclaimed(settings, request, lease, record)
    }
    // Whatever the error: the store's client may have tried before, and that reply be lost. But if every request was
    // throttled, there is nothing to release, and a release would use up capacity.
    if (isInDoubt) await releaseInDoubt(settings, request, lease, record)
    throw error
  }
}

/**
 * Returns a claim in doubt, under which the request runs without protection. But if the store can be read, and its
 * record says that another run is in progress or has completed, that is the answer.
 * Returns `undefined` if its own claim stands and may have lapsed.
 */
async function runUnclaimed(
  settings: Settings,
  request: ProtectedRequest,
  lease: Lease,
  record: InFlightRecord,
): Promise<Tried | undefined> {
  const sentAtMs = lease.clock.nowMs()
  const seen = await retryUntil(lease.clock, sentAtMs + READ_MS, (limits) =>
    settings.store.read(record.id, limits),
  ).catch((error: unknown) => {
    // What cannot be understood may be a stored result.
    if (!isOncekeyError(error, 'store-unavailable')) throw error
    return undefined
  })
  if (isClaimOf(seen?.record, record.owner) || isOwnClaim(request, seen?.record)) {
    // Frozen for as long as its lease, it must not begin: another run may take over at any moment.
    if (mayHaveLapsed(seen.record.leaseUntilMs, seen.nowMs, lease.clock.nowMs() - sentAtMs)) {
      await releaseInDoubt(settings, request, lease, record)
      return undefined
    }
    observeStoreTime(lease, seen.nowMs, sentAtMs)
    holdUntil(lease, seen.record.leaseUntilMs)
    return { kind: 'claimed', claim: newClaim(settings, request, lease, seen.record, false, false) }
  }
  if (seen !== undefined && decide(seen.record, record.fingerprint, seen.nowMs).kind !== 'claim') {
    return { ...seen, kind: 'lost' }
  }
  return { kind: 'claimed', claim: newClaim(settings, request, lease, record, false, true) }
}

/**
 * Releases a claim that may stand, or may yet arrive, so that it does not block the retry that the caller is asked for.
 * A store that throttles will take it yet; with one that does not answer, the caller is not kept for long.
 */
async function releaseInDoubt(
  { store }: Settings,
  { execution }: ProtectedRequest,
  lease: Lease,
  record: InFlightRecord,
): Promise<void> {
  // The execution is invoked again, and needs the claim that an earlier invocation may have made.
  if (execution !== undefined) return
  const { clock } = lease
  const release = (limits: CallLimits): Promise<WriteReply> => store.release(record, limits)
  try {
    await retryUntil(clock, Math.min(clock.nowMs() + RELEASE_MS, storeUntilMs(lease)), release)
  } catch (error) {
    if (isThrottled(error)) await retryUntil(clock, storeUntilMs(lease), release).catch(() => undefined)
  }
}

function isThrottled(error: unknown): boolean {
  return isOncekeyError(error, 'store-unavailable') && error.isThrottled
}

function newRecord(
  { retentionMs, onCrash }: Settings,
  { id, fingerprint, execution }: ProtectedRequest,
  lease: Lease,
  attempt: number,
): InFlightRecord {
  const leaseUntilMs = firstLeaseEndMs(lease)
  return {
    id,
    status: 'in-flight',
    owner: execution?.newOwner() ?? randomUUID(),
    attempt,
    fingerprint,
    leaseUntilMs,
    createdAtMs: storeNowMs(lease),
    expiresAtMs: claimExpiryMs(leaseUntilMs, retentionMs),
    onCrash,
    steps: new Map(),
  }
}

function newClaim(
  settings: Settings,
  request: ProtectedRequest,
  lease: Lease,
  record: InFlightRecord,
  isTakeover: boolean,
  isInDoubt: boolean,
): Claim {
  const { leaseUntilMs } = record
  return { settings, request, lease, record, leaseUntilMs, isTakeover, isInDoubt, isHeld: true }
}

/** Returns whether the record is the claim of the durable execution that makes this request. */
export function isOwnClaim(
  { execution }: ProtectedRequest,
  record: IdempotencyRecord | undefined,
): record is InFlightRecord {
  return execution !== undefined && isClaimOf(record, record?.owner ?? '') && execution.owns(record.owner)
}

/** Throws if the claim is in doubt: what such a run saves or commits would pass for protected. */
export function refuseIfInDoubt({ isInDoubt }: Claim, method: 'step' | 'commit'): void {
  if (!isInDoubt) return
  const message = `${method}: this run has no claim (the store was unavailable and onStoreError is 'run').`
  throw new StoreUnavailableError(message, { retryable: true })
}
