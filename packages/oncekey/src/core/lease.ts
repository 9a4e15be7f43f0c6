import type { Clock } from './clock.ts'
import type { Invocation, Settings } from './request.ts'

/** Past the deadline: the store's time comes in whole seconds, and a run may end a little late. */
const DEADLINE_MARGIN_MS = 2_000
/** A difference up to this is the store's whole seconds and the reply's time on the way, not a wrong clock. */
const SKEW_TOLERANCE_MS = 2_000
const CLAIM_BUDGET_MS = 5_000
const MIN_BUDGET_MS = 250
/** Kept back from storing, so that the caller still gets the answer. */
const ANSWER_RESERVE_MS = 250
/** Kept back from steps and commits besides, so that the run can still be completed or released. */
const END_RESERVE_MS = 500
/** What a run is assumed to have left if its deadline has passed before it began: then the local clock is fast. */
const UNKNOWN_LEFT_MS = 5_000

/** How far this process's clock is from the store's, learned from replies. One per store and process. */
export interface Skew {
  offsetMs: number
}

/**
 * The time of one request: how long a claim of it is believed alive, and until when to try what.
 *
 * With a deadline, the lease ends there. It is the host's own time: on Lambda it is local now + remaining time, and
 * the runtime computes the remaining time as deadline - local now, so that a wrong local clock cancels out.
 * Without one, the lease lasts `leaseMs` from the claim, by the store's clock.
 */
export interface Lease {
  readonly clock: Clock
  readonly skew: Skew
  readonly deadlineMs: number | undefined
  readonly leaseMs: number
  /** When the run has to be over, in local time. */
  endsAtMs: number
}

export function createLease({ clock, skew, leaseMs }: Settings, { deadlineMs }: Invocation): Lease {
  const nowMs = clock.nowMs()
  // A deadline in the past cannot be where the run has just begun: the claim and the completion then get a little
  // time, and the lease keeps the host's deadline.
  const endsAtMs =
    deadlineMs === undefined ? nowMs + leaseMs : deadlineMs > nowMs ? deadlineMs : nowMs + UNKNOWN_LEFT_MS
  return { clock, skew, deadlineMs, leaseMs, endsAtMs }
}

/** Returns the store's time, as far as it is known here. */
export function storeNowMs({ clock, skew }: Lease): number {
  return Math.floor(clock.nowMs() + skew.offsetMs)
}

/** Learns from a reply's own time. A reply that took long says nothing about the clock. */
export function observeStoreTime({ clock, skew }: Lease, storeMs: number, sentAtMs: number): void {
  const nowMs = clock.nowMs()
  if (nowMs - sentAtMs > SKEW_TOLERANCE_MS) return
  const differenceMs = storeMs - nowMs
  skew.offsetMs = Math.abs(differenceMs) <= SKEW_TOLERANCE_MS ? 0 : differenceMs
}

/** Returns the end of a lease that begins now, in the store's time. */
export function leaseEndMs(lease: Lease): number {
  const endMs =
    lease.deadlineMs === undefined ? storeNowMs(lease) + lease.leaseMs : lease.deadlineMs + DEADLINE_MARGIN_MS
  return Math.max(1, Math.ceil(endMs))
}

/**
 * Returns where a lease claimed just now ought to end, if the claim's reply showed that the clock it was computed by
 * is wrong. A deadline is the host's own and needs no correction.
 */
export function correctedLeaseEndMs(lease: Lease, claimedMs: number): number | undefined {
  if (lease.deadlineMs !== undefined) return undefined
  const correctMs = leaseEndMs(lease)
  return Math.abs(correctMs - claimedMs) > SKEW_TOLERANCE_MS ? correctMs : undefined
}

/** Lets storing go on until the end of the lease that is held. */
export function holdUntil(lease: Lease, leaseUntilMs: number): void {
  if (lease.deadlineMs === undefined) lease.endsAtMs = leaseUntilMs - lease.skew.offsetMs
}

/**
 * Returns until when a claim is kept. Under a live lease, expiry would let a second run in; soon after it, the next
 * caller would not see that a run was interrupted: it would count from 1 again, without the steps, and run in spite of
 * `onCrash: 'refuse'`.
 */
export function claimExpiryMs(leaseUntilMs: number, retentionMs: number): number {
  return wholeSecond(leaseUntilMs + retentionMs)
}

/** Returns the store's expiry, which counts in whole seconds, no earlier than `ms`. */
export function wholeSecond(ms: number): number {
  return Math.ceil(ms / 1000) * 1000
}

/** Returns until when to keep a caller waiting who allows `waitMs`. Local time, as below. */
export function waitUntilMs(lease: Lease, waitMs: number): number {
  const waitedMs = lease.clock.nowMs() + waitMs
  return lease.deadlineMs === undefined ? waitedMs : Math.min(waitedMs, storeUntilMs(lease))
}

/** Returns until when to try to claim: within the remaining time, and soon enough to answer 503. */
export function claimUntilMs({ clock, deadlineMs, leaseMs, endsAtMs }: Lease): number {
  const nowMs = clock.nowMs()
  // Without a deadline a claim begins a lease of its own, however long its caller has waited or run.
  const leftMs = deadlineMs === undefined ? leaseMs : endsAtMs - nowMs
  return nowMs + Math.min(CLAIM_BUDGET_MS, Math.max(MIN_BUDGET_MS, leftMs / 2))
}

/** Returns until when to keep trying to store the result. */
export function storeUntilMs({ clock, deadlineMs, endsAtMs }: Lease): number {
  return deadlineMs === undefined
    ? Math.max(endsAtMs, clock.nowMs() + CLAIM_BUDGET_MS)
    : endsAtMs - ANSWER_RESERVE_MS
}

/** Returns until when to keep trying a step or a commit: the run must still be completed or released after it. */
export function actUntilMs(lease: Lease): number {
  return storeUntilMs(lease) - END_RESERVE_MS
}
