import type { Clock } from '../protocol/clock.ts'

/**
 * How long a claim is believed alive.
 * - `deadline`: until the service ends the run anyway. On Lambda that is local now + remaining time: the runtime
 *   computes the remaining time as deadline - local now, so the sum does not depend on the local clock.
 * - `duration`: for a while from the claim, by the store's clock.
 */
export type LeaseTerm =
  | { readonly kind: 'deadline'; readonly deadlineMs: number }
  | { readonly kind: 'duration'; readonly leaseMs: number }

/** Past the deadline: the store's time comes in whole seconds, and a run may end a little late. */
const DEADLINE_MARGIN_MS = 2_000
/** A difference up to this is the store's whole seconds and the way of the reply, not a wrong clock. */
const SKEW_TOLERANCE_MS = 2_000
const CLAIM_BUDGET_MS = 5_000
const LEAST_BUDGET_MS = 250
/** Kept back from storing, so that the caller still gets the answer. */
const ANSWER_RESERVE_MS = 250
/** Kept back from steps and commits besides, so that the run can still be completed or released. */
const END_RESERVE_MS = 500

/** What a run is taken to have left if its deadline has passed before it began: then the local clock is fast. */
const UNKNOWN_LEFT_MS = 5_000

/** How far this process's clock is from the store's, learnt from replies. One per table and process. */
export interface Skew {
  offsetMs: number
}

/** One invocation's time: the local clock, corrected where it must agree with the store's. */
export interface Timing {
  readonly clock: Clock
  /** The store's time, as far as it is known here. */
  storeNowMs(): number
  /** Takes in a reply's own time. A reply that was long under way says nothing about the clock. */
  observe(storeMs: number, sentAtMs: number): void
  /** The end of a lease that begins now, in the store's time. */
  leaseUntilMs(): number
  /** Takes in until when the claim is held, in the store's time: storing may go on until then. */
  holdUntil(leaseUntilMs: number): void
  /**
   * What a lease claimed just now ought to end at, if the claim's reply showed that the clock it was reckoned by is
   * wrong. A deadline is the service's own and needs no correction.
   */
  correctedLeaseUntilMs(leaseUntilMs: number): number | undefined
  /** Until when to keep a caller waiting who said how long it may be. Local time. */
  waitUntilMs(waitMs: number): number
  /** Until when to try to claim: within the remaining time, and soon enough to answer 503. Local time. */
  claimUntilMs(): number
  /** Until when to go on storing what the run came to. Local time. */
  storeUntilMs(): number
  /** Until when to go on trying a step or a commit: the run must still be ended after it. Local time. */
  actUntilMs(): number
}

export function createTiming(clock: Clock, term: LeaseTerm, skew: Skew): Timing {
  let endsAtMs = endOf(term, clock.nowMs())
  const storeNowMs = (): number => Math.floor(clock.nowMs() + skew.offsetMs)
  const leaseUntilMs = (): number =>
    Math.max(
      1,
      Math.ceil(
        term.kind === 'deadline' ? term.deadlineMs + DEADLINE_MARGIN_MS : storeNowMs() + term.leaseMs,
      ),
    )

  const storeUntilMs = (): number =>
    term.kind === 'deadline'
      ? endsAtMs - ANSWER_RESERVE_MS
      : Math.max(endsAtMs, clock.nowMs() + CLAIM_BUDGET_MS)

  return {
    clock,
    storeNowMs,
    observe(storeMs, sentAtMs) {
      const nowMs = clock.nowMs()
      if (nowMs - sentAtMs > SKEW_TOLERANCE_MS) return
      const differenceMs = storeMs - nowMs
      skew.offsetMs = Math.abs(differenceMs) <= SKEW_TOLERANCE_MS ? 0 : differenceMs
    },
    leaseUntilMs,
    holdUntil(heldUntilMs) {
      if (term.kind === 'duration') endsAtMs = heldUntilMs - skew.offsetMs
    },
    correctedLeaseUntilMs(claimedMs) {
      const correctMs = leaseUntilMs()
      return term.kind === 'duration' && Math.abs(correctMs - claimedMs) > SKEW_TOLERANCE_MS
        ? correctMs
        : undefined
    },
    waitUntilMs(waitMs) {
      const waitedAtMs = clock.nowMs() + waitMs
      return term.kind === 'deadline' ? Math.min(waitedAtMs, storeUntilMs()) : waitedAtMs
    },
    claimUntilMs() {
      const nowMs = clock.nowMs()
      // Without a deadline a claim begins a term of its own, however long its caller has waited or run.
      const leftMs = term.kind === 'deadline' ? endsAtMs - nowMs : term.leaseMs
      return nowMs + Math.min(CLAIM_BUDGET_MS, Math.max(LEAST_BUDGET_MS, leftMs / 2))
    },
    storeUntilMs,
    actUntilMs: () => storeUntilMs() - END_RESERVE_MS,
  }
}

/**
 * Until when the run lasts, by the local clock. A remaining time of 0 or less cannot be so where the run has just
 * begun: the claim and the completion then get a little time, and the lease keeps the service's deadline.
 */
function endOf(term: LeaseTerm, beganAtMs: number): number {
  if (term.kind === 'duration') return beganAtMs + term.leaseMs
  return term.deadlineMs > beganAtMs ? term.deadlineMs : beganAtMs + UNKNOWN_LEFT_MS
}
