import { randomUUID } from 'node:crypto'
import { type ClaimPlan, decide } from './decide.ts'
import {
  InFlightError,
  KeyReusedError,
  type OncekeyError,
  OutcomeUnknownError,
  RecordUnreadableError,
  StoreUnavailableError,
} from './errors.ts'
import {
  claimExpiryMs,
  claimUntilMs,
  correctedLeaseEndMs,
  holdUntil,
  type Lease,
  leaseEndMs,
  observeStoreTime,
  storeNowMs,
  storeUntilMs,
  waitUntilMs,
} from './lease.ts'
import { loadResult } from './offload.ts'
import { type Outcome, warnOnce } from './outcome.ts'
import { type InFlightRecord, isClaimOf, type Snapshot } from './record.ts'
import { moveLease } from './renew.ts'
import type { ProtectedRequest, Settings } from './request.ts'
import type { LoadedResult } from './result.ts'
import { retryUntil } from './retry.ts'

/** The right to run one request. Only its holder can complete or release the record. */
export interface Claim {
  readonly settings: Settings
  readonly request: ProtectedRequest
  readonly lease: Lease
  /** As it was claimed: owner, attempt, and the steps of earlier attempts. */
  readonly record: InFlightRecord
  /** The names of the steps that the record may hold by now. Its completion removes them. */
  readonly stepNames: Set<string>
  leaseUntilMs: number
  /** Whether the lease of an earlier claim had lapsed: its run was interrupted, and may have taken effect. */
  readonly isTakeover: boolean
  /** Whether the claim could not be written, or its reply never came: the run is not protected. */
  readonly isInDoubt: boolean
  /** Whether this run may still write. Given up before completion or release is tried, so that neither runs twice. */
  isHeld: boolean
  /** What the handler's own commit stored. */
  committed?: { readonly result: unknown }
}

/** What a request finds under its key. */
export type Found =
  | { readonly kind: 'claimed'; readonly claim: Claim }
  | { readonly kind: 'completed'; readonly result: LoadedResult; readonly expiresAtMs: number }
  | { readonly kind: 'refused'; readonly outcome: Outcome; readonly error: OncekeyError }

/** A claim that loses this many races in a row answers `in-flight`: whoever wins them is running. */
const MAX_CONTESTS = 8
const FIRST_POLL_MS = 50
const MAX_POLL_MS = 1_000
/** For the release of a claim in doubt, before 503 is answered. */
const RELEASE_MS = 500

/** Claims the request's key, or returns why not: a stored result, or a refusal. */
export async function acquire(settings: Settings, request: ProtectedRequest, lease: Lease): Promise<Found> {
  try {
    return await claimOrWait(settings, request, lease)
  } catch (error) {
    if (error instanceof RecordUnreadableError) return { kind: 'refused', outcome: 'unreadable', error }
    if (!(error instanceof StoreUnavailableError)) throw error
    if (!error.retryable) warnOnce('ONCEKEY_STORE', error.message)
    return { kind: 'refused', outcome: 'store-unavailable', error }
  }
}

async function claimOrWait(settings: Settings, request: ProtectedRequest, lease: Lease): Promise<Found> {
  const { store, clock } = settings
  const { key, expiredKey } = request
  const untilMs = waitUntilMs(lease, Math.min(settings.waitMs, request.maxWaitMs))
  const read = (): Promise<Snapshot> =>
    retryUntil(clock, claimUntilMs(lease), (limits) => store.read(request.id, limits))

  let pollMs = FIRST_POLL_MS
  let contests = 0
  // Most requests are new: the first look is the insertion itself, as if no record were there.
  let seen: Snapshot | undefined = expiredKey && (await read())
  for (;;) {
    const decision = decide(seen?.record, request.fingerprint, seen?.nowMs ?? 0)
    let leaseLeftMs: number | undefined
    switch (decision.kind) {
      case 'completed': {
        const { result, expiresAtMs } = decision.record
        return {
          kind: 'completed',
          result: await loadResult(settings, lease, request.id, result),
          expiresAtMs,
        }
      }
      case 'mismatch':
        return { kind: 'refused', outcome: 'mismatch', error: new KeyReusedError(key) }
      case 'outcome-unknown':
        return { kind: 'refused', outcome: 'outcome-unknown', error: new OutcomeUnknownError(key) }
      case 'in-flight':
        leaseLeftMs = decision.leaseLeftMs
        break
      case 'claim': {
        if (expiredKey !== undefined) return { kind: 'refused', outcome: 'invalid', error: expiredKey }
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
      return { kind: 'refused', outcome: 'in-flight', error: new InFlightError(key, leaseLeftMs ?? 0) }
    }
    await clock.sleep(Math.min(pollMs * (0.5 + Math.random() / 2), leftToWaitMs, leaseLeftMs ?? MAX_POLL_MS))
    pollMs = Math.min(pollMs * 2, MAX_POLL_MS)
    contests = 0
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
  const { store, clock } = settings
  const record = newRecord(settings, request, lease, plan.attempt)
  try {
    let sentAtMs = 0
    const reply = await retryUntil(clock, claimUntilMs(lease), (limits) => {
      sentAtMs = clock.nowMs()
      return plan.how === 'insert' ? store.insert(record, limits) : store[plan.how](record, plan.seen, limits)
    })
    if (reply.kind === 'busy') {
      // An earlier try, here or in the store's client, may have been written and its reply lost.
      await releaseInDoubt(settings, lease, record)
      return undefined
    }
    observeStoreTime(lease, reply.nowMs, sentAtMs)

    // A reply can be lost and the write sent again: a refusal by our own claim is our claim.
    if (!isClaimOf(reply.record, record.owner)) {
      return { kind: 'lost', record: reply.record, nowMs: reply.nowMs }
    }
    const isTakeover = plan.how === 'takeover' && plan.seen.leaseUntilMs > 0
    const claim = newClaim(settings, request, lease, reply.record, isTakeover, false)
    holdUntil(lease, claim.leaseUntilMs)
    const correctedMs = correctedLeaseEndMs(lease, claim.leaseUntilMs)
    if (correctedMs !== undefined) {
      const moved = await moveLease(claim, correctedMs, claimUntilMs(lease))
      if (moved.kind === 'lost') return moved
    }
    // The reply may have been read long after it was written (a frozen sandbox that thawed).
    if (reply.nowMs + (clock.nowMs() - sentAtMs) >= claim.leaseUntilMs) {
      const message = `The claim of record ${JSON.stringify(record.id)} was answered after its lease had ended. Nothing was run.`
      throw new StoreUnavailableError(message, { retryable: true })
    }
    return { kind: 'claimed', claim }
  } catch (error) {
    if (!(error instanceof StoreUnavailableError)) throw error
    if (settings.onStoreError === 'run') {
      return { kind: 'claimed', claim: newClaim(settings, request, lease, record, false, true) }
    }
    if (error.retryable) await releaseInDoubt(settings, lease, record)
    throw error
  }
}

/** Releases a claim that may stand, or may yet arrive, so that it does not block the retry that the caller is told to make. */
async function releaseInDoubt(
  { store, clock }: Settings,
  lease: Lease,
  record: InFlightRecord,
): Promise<void> {
  const untilMs = Math.min(clock.nowMs() + RELEASE_MS, storeUntilMs(lease))
  await retryUntil(clock, untilMs, (limits) => store.release(record, limits)).catch(() => undefined)
}

function newRecord(
  { retentionMs, onCrash }: Settings,
  { id, fingerprint }: ProtectedRequest,
  lease: Lease,
  attempt: number,
): InFlightRecord {
  const leaseUntilMs = leaseEndMs(lease)
  return {
    id,
    status: 'in-flight',
    owner: randomUUID(),
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
  const stepNames = new Set(record.steps.keys())
  return { settings, request, lease, record, stepNames, leaseUntilMs, isTakeover, isInDoubt, isHeld: true }
}

/** Throws if the claim is in doubt: what such a run saves or commits would pass for protected. */
export function refuseIfInDoubt({ isInDoubt }: Claim, method: 'step' | 'commit'): void {
  if (!isInDoubt) return
  const message = `${method}: this run has no claim (the store was unavailable and onStoreError is 'run').`
  throw new StoreUnavailableError(message, { retryable: true })
}
