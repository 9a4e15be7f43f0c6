import { type Clock, runClock } from './clock.ts'
import type { ProtectedRequest, Settings } from './request.ts'
import type { StoredContent } from './result.ts'

/**
 * How far apart two clocks may be without anybody noticing: the store's time comes in whole seconds, and a reply takes
 * time. Every lease is stored that much longer than its run believes in it.
 */
const CLOCK_MARGIN_MS = 2_000
/** The `Date` header is rounded down. */
const DATE_STEP_MS = 1_000
const CLAIM_BUDGET_MS = 5_000
const MIN_BUDGET_MS = 250
/** Kept back from storing, so that the caller still gets the answer. */
const ANSWER_RESERVE_MS = 250
/** Kept back from steps and commits besides, so that the run can still be completed or released. */
const END_RESERVE_MS = 500
/** The time that a run is assumed to have left if its deadline has passed before it began: then the local clock is fast. */
const UNKNOWN_LEFT_MS = 5_000
/** A caller waits for an answer that is ready while its result is stored: never longer than this … */
const MAX_STORE_MS = 30_000
/** … and, even if its gateway may have given up, at least this, or a short outage would lose the result. */
const MIN_STORE_MS = 5_000

/** The difference of the store's clock from this process's, learned from replies. One per store and process. */
export interface Skew {
  offsetMs: number
}

/**
 * The time of one request: how long a claim of it is believed alive, and until when to try what.
 *
 * If the host ends the run at a deadline, the lease ends there. The deadline is the host's own time: on Lambda it is
 * local now + remaining time, and the runtime computes the remaining time as deadline - local now, so that a wrong
 * local clock cancels out. On any other host the lease lasts `leaseMs` by the store's clock, and is renewed.
 */
export interface Lease {
  readonly clock: Clock
  readonly skew: Skew
  /** As `skew`, by the clock of this run. */
  offsetMs: number
  readonly deadlineMs: number | undefined
  readonly isEnforced: boolean
  readonly leaseMs: number
  /** When the caller's gateway gives up, in local time. */
  readonly answerByMs: number
  /** When the run has to be over, in local time. */
  endsAtMs: number
}

export function createLease({ clock, skew, leaseMs }: Settings, request: ProtectedRequest): Lease {
  const { deadlineMs: givenMs, isDeadlineEnforced: isEnforced = false, startedAtMs } = request.invocation
  const ownClock = runClock(clock)
  const nowMs = ownClock.nowMs()
  const hasPassed = (givenMs ?? Number.POSITIVE_INFINITY) <= nowMs
  // A deadline in the past cannot be where the run has just begun. If the host enforces it, the lease keeps it, and the
  // claim and the completion get a little time; otherwise it says nothing, such as that of a context made long ago.
  const deadlineMs = hasPassed && !isEnforced ? undefined : givenMs
  const endsAtMs =
    deadlineMs === undefined ? nowMs + leaseMs : hasPassed ? nowMs + UNKNOWN_LEFT_MS : deadlineMs
  return {
    clock: ownClock,
    skew,
    offsetMs: skew.offsetMs,
    deadlineMs,
    isEnforced,
    leaseMs,
    answerByMs: startedAtMs + request.maxWaitMs,
    endsAtMs,
  }
}

/** Returns the store's time, as far as it is known here. */
export function storeNowMs({ clock, offsetMs }: Lease): number {
  return Math.floor(clock.nowMs() + offsetMs)
}

/**
 * Learns from a reply's own time, which is rounded down and was true at some moment since the call was sent. A run that
 * takes the store's time for more than the margin earlier than it is would believe in a lease that has lapsed.
 */
export function observeStoreTime(lease: Lease, storeMs: number, sentAtMs: number): void {
  const nowMs = lease.clock.nowMs()
  const leastMs = storeMs + DATE_STEP_MS - sentAtMs - CLOCK_MARGIN_MS
  if (nowMs - sentAtMs > CLOCK_MARGIN_MS) {
    // A reply that took long says little about the clock.
    lease.offsetMs = Math.max(lease.offsetMs, leastMs)
    return
  }
  const isClose = leastMs <= 0 && nowMs - storeMs <= CLOCK_MARGIN_MS
  lease.offsetMs = isClose ? 0 : Math.max(storeMs - nowMs, leastMs)
  lease.skew.offsetMs = lease.offsetMs
}

/** Returns the end of a first lease that begins now, in the store's time. */
export function firstLeaseEndMs(lease: Lease): number {
  const { deadlineMs, isEnforced, offsetMs } = lease
  if (deadlineMs === undefined) return renewedLeaseEndMs(lease)
  if (isEnforced) return Math.max(1, Math.ceil(deadlineMs + CLOCK_MARGIN_MS))
  return Math.max(1, Math.min(Math.ceil(deadlineMs + offsetMs + CLOCK_MARGIN_MS), renewedLeaseEndMs(lease)))
}

/** Returns the end of a lease that is renewed now, in the store's time. */
export function renewedLeaseEndMs(lease: Lease): number {
  return Math.ceil(storeNowMs(lease) + lease.leaseMs + CLOCK_MARGIN_MS)
}

/**
 * Returns where a lease claimed just now ought to end, if the claim's reply showed that the clock it was computed by
 * is wrong. An enforced deadline is the host's own and needs no correction.
 */
export function correctedLeaseEndMs(lease: Lease, claimedMs: number): number | undefined {
  if (lease.isEnforced) return undefined
  const correctMs = firstLeaseEndMs(lease)
  return Math.abs(correctMs - claimedMs) > CLOCK_MARGIN_MS ? correctMs : undefined
}

/** Returns until when a run may act under a lease: a clock within the margin must not see it live beyond its end. */
export function actsUntilMs(leaseUntilMs: number): number {
  return leaseUntilMs - CLOCK_MARGIN_MS
}

/** Returns whether a lease may be over by now, given a reply of the store's and the time since it was asked for. */
export function mayHaveLapsed(leaseUntilMs: number, replyMs: number, sinceSentMs: number): boolean {
  return replyMs + DATE_STEP_MS + sinceSentMs >= leaseUntilMs
}

/** Lets storing go on until the end of the lease that is held. */
export function holdUntil(lease: Lease, leaseUntilMs: number): void {
  const endsAtMs = actsUntilMs(leaseUntilMs) - lease.offsetMs
  lease.endsAtMs = lease.deadlineMs === undefined ? endsAtMs : Math.max(lease.endsAtMs, endsAtMs)
}

/**
 * Returns until when a claim is kept. Under a live lease, expiry would let a second run in; soon after it, the next
 * caller would not see that a run was interrupted: it would count from 1 again, without the steps, and run in spite of
 * `onCrash: 'refuse'`.
 */
export function claimExpiryMs(leaseUntilMs: number, retentionMs: number): number {
  return wholeSecond(leaseUntilMs + retentionMs)
}

/** Returns until when a result is kept. */
export function resultExpiryMs(
  { retentionMs, minRetentionMs = 0 }: Settings,
  completedAtMs: number,
  content: StoredContent,
): number {
  return wholeSecond(completedAtMs + Math.max(content.retentionMs ?? retentionMs, minRetentionMs))
}

/** Returns the store's expiry, which counts in whole seconds, no earlier than `ms`. */
function wholeSecond(ms: number): number {
  return Math.ceil(ms / 1000) * 1000
}

/** Returns until when to keep a caller waiting who allows `waitMs`. Local time, as below. */
export function waitUntilMs(lease: Lease, waitMs: number): number {
  const waitedMs = lease.clock.nowMs() + waitMs
  return lease.deadlineMs === undefined ? waitedMs : Math.min(waitedMs, lease.endsAtMs - ANSWER_RESERVE_MS)
}

/** Returns the time left before the host's deadline. */
export function remainingMs({ clock, deadlineMs, endsAtMs }: Lease): number {
  return deadlineMs === undefined ? Number.POSITIVE_INFINITY : endsAtMs - clock.nowMs()
}

/** Returns until when to try to claim: within the remaining time, and soon enough to answer 503. */
export function claimUntilMs({ clock, deadlineMs, leaseMs, endsAtMs }: Lease): number {
  const nowMs = clock.nowMs()
  // Without a deadline a claim begins a lease of its own, however long its caller has waited or run.
  const leftMs = deadlineMs === undefined ? leaseMs : endsAtMs - nowMs
  return nowMs + Math.min(CLAIM_BUDGET_MS, Math.max(MIN_BUDGET_MS, leftMs / 2))
}

/** Returns until when to keep trying to store the result. */
export function storeUntilMs({ clock, deadlineMs, endsAtMs, answerByMs }: Lease): number {
  const nowMs = clock.nowMs()
  const runUntilMs =
    deadlineMs === undefined ? Math.max(endsAtMs, nowMs + CLAIM_BUDGET_MS) : endsAtMs - ANSWER_RESERVE_MS
  return Math.min(runUntilMs, nowMs + MAX_STORE_MS, Math.max(answerByMs, nowMs + MIN_STORE_MS))
}

/** Returns until when to keep trying a step or a commit: the run must still be completed or released after it. */
export function actUntilMs(lease: Lease): number {
  return storeUntilMs(lease) - END_RESERVE_MS
}
