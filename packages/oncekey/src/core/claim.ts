import { randomUUID } from 'node:crypto'
import { type ClaimPlan, type Decision, decide } from './decide.ts'
import {
  InFlightError,
  isOncekeyError,
  KeyReusedError,
  type OncekeyError,
  OutcomeUnknownError,
  StoreUnavailableError,
} from './errors.ts'
import {
  claimExpiryMs,
  claimUntilMs,
  correctedLeaseEndMs,
  firstLeaseEndMs,
  holdUntil,
  type Lease,
  mayHaveLapsed,
  observeStoreTime,
  remainingMs,
  storeNowMs,
  storeUntilMs,
  waitUntilMs,
} from './lease.ts'
import { loadResult } from './offload.ts'
import type { Outcome } from './outcome.ts'
import {
  type IdempotencyRecord,
  type InFlightRecord,
  isClaimOf,
  type Snapshot,
  toReplayed,
} from './record.ts'
import { moveLease } from './renew.ts'
import type { ProtectedRequest, Replayable, Settings } from './request.ts'
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

/** The state that a request finds under its key. */
export type Found =
  | { readonly kind: 'claimed'; readonly claim: Claim }
  | ({ readonly kind: 'completed' } & Replayable)
  | { readonly kind: 'refused'; readonly outcome: Outcome; readonly error: OncekeyError }

/** A claim that loses this many races in a row answers `in-flight`: whoever wins them is running. */
const MAX_CONTESTS = 8
const FIRST_POLL_MS = 50
const MAX_POLL_MS = 1_000
/** For the release of a claim in doubt, before 503 is answered, if the store does not answer. */
const RELEASE_MS = 3_000
/** For the last look at the record, before a request runs without protection. */
const READ_MS = 500

/** Claims the request's key, or returns why not: a stored result, or a refusal. */
export function acquire(settings: Settings, request: ProtectedRequest, lease: Lease): Promise<Found> {
  return claimOrWait(settings, request, lease).catch(toRefusal)
}

function toRefusal(error: unknown): Found {
  if (isOncekeyError(error, 'record-unreadable')) return { kind: 'refused', outcome: 'unreadable', error }
  if (!isOncekeyError(error, 'store-unavailable')) throw error
  return { kind: 'refused', outcome: 'store-unavailable', error }
}

async function claimOrWait(settings: Settings, request: ProtectedRequest, lease: Lease): Promise<Found> {
  const { store } = settings
  const { clock } = lease
  const { key, expiredKey } = request
  const untilMs = waitUntilMs(lease, Math.min(settings.waitMs, request.maxWaitMs))
  const read = (): Promise<Snapshot> =>
    retryUntil(clock, claimUntilMs(lease), (limits) => store.read(request.id, limits))

  let pollMs = FIRST_POLL_MS
  let contests = 0
  let hasWaited = false
  // Most requests are new: the first look is the insertion itself, as if no record were there.
  let seen: Snapshot | undefined = expiredKey && (await read())
  for (;;) {
    refuseIfProtectedTwice(settings, request, seen?.record)
    const isOwn = isOwnClaim(request, seen?.record)
    const decision = decide(isOwn ? undefined : seen?.record, request.fingerprint, seen?.nowMs ?? 0)
    let inFlight: Extract<Decision, { kind: 'in-flight' }> | undefined
    switch (decision.kind) {
      case 'completed': {
        const { record } = decision
        const loading = loadResult(settings, lease, request.id, record.result)
        return {
          kind: 'completed',
          result: loading instanceof Promise ? await loading : loading,
          record: toReplayed(record),
        }
      }
      case 'mismatch':
        return { kind: 'refused', outcome: 'mismatch', error: new KeyReusedError(key) }
      case 'outcome-unknown':
        return { kind: 'refused', outcome: 'outcome-unknown', error: new OutcomeUnknownError(key) }
      case 'in-flight':
        inFlight = decision
        break
      case 'claim': {
        if (expiredKey !== undefined && !isOwn)
          return { kind: 'refused', outcome: 'invalid', error: expiredKey }
        // The host would end the run before its time.
        if (hasWaited && remainingMs(lease) < settings.minRemainingMs) break
        const claimed = await tryClaim(settings, request, lease, decision.plan)
        if (claimed?.kind === 'claimed') return claimed
        if (claimed?.kind === 'lost') {
          seen = claimed
          contests += 1
          if (contests < MAX_CONTESTS) continue
        }
      }
    }

    const leftToWaitMs = untilMs - clock.nowMs()
    if (leftToWaitMs <= 0) {
      const error = new InFlightError(key, inFlight?.retryAfterMs ?? 0)
      return { kind: 'refused', outcome: 'in-flight', error }
    }
    await clock.sleep(
      Math.min(pollMs * (0.5 + Math.random() / 2), leftToWaitMs, inFlight?.leaseLeftMs ?? MAX_POLL_MS),
    )
    pollMs = Math.min(pollMs * 2, MAX_POLL_MS)
    contests = 0
    hasWaited = true
    seen = await read()
  }
}

type Tried = Extract<Found, { kind: 'claimed' }> | ({ readonly kind: 'lost' } & Snapshot)

/** Makes one claim. Returns `undefined` if a transaction holds the record: which run that is cannot be seen. */
async function tryClaim(
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
function isOwnClaim(
  { execution }: ProtectedRequest,
  record: IdempotencyRecord | undefined,
): record is InFlightRecord {
  return execution !== undefined && isClaimOf(record, record?.owner ?? '') && execution.owns(record.owner)
}

/**
 * Throws if this request is made by the handler of the very claim that it finds: it would be in progress for ever.
 * @throws TypeError
 */
function refuseIfProtectedTwice(
  { entry }: Settings,
  { invocation }: ProtectedRequest,
  record: IdempotencyRecord | undefined,
): void {
  for (let { outer } = invocation; outer !== undefined; outer = outer.request.invocation.outer) {
    if (outer.record.owner !== record?.owner) continue
    outer.isProtectedTwice = true
    throw new TypeError(
      `${entry}: this request is already protected by ${outer.settings.entry}, which holds the claim of its key. Remove one of the two, or give them different keys or services. Nothing was run.`,
    )
  }
}

/** Throws if the claim is in doubt: what such a run saves or commits would pass for protected. */
export function refuseIfInDoubt({ isInDoubt }: Claim, method: 'step' | 'commit'): void {
  if (!isInDoubt) return
  const message = `${method}: this run has no claim (the store was unavailable and onStoreError is 'run').`
  throw new StoreUnavailableError(message, { retryable: true })
}
