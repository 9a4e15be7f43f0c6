import type { Clock } from '../protocol/clock.ts'
import type { IdempotencyRecord, InFlightRecord } from '../protocol/record.ts'
import type { Sight } from '../protocol/store.ts'
import { persist } from './persist.ts'
import type { Hold, Scene } from './scene.ts'

/** One renewal must not go on for long after its run has ended; while the run lasts, it is tried again soon. */
const RENEWAL_BUDGET_MS = 5_000
const LONGEST_CALL_MS = 3_000
/** The second begins where an earlier renewal of our own has left the lease. */
const MAX_TRIES = 2
const FIRST_PAUSE_MS = 100
const LONGEST_PAUSE_MS = 1_000

/** Whether this record is the claim of that owner, neither completed nor released. */
export function isClaimOf(record: IdempotencyRecord | undefined, owner: string): record is InFlightRecord {
  return record?.status === 'in-flight' && record.owner === owner && record.leaseUntilMs > 0
}

/**
 * Until when a claim is kept. Under a live lease, expiry would let a second run in; soon after it, the next caller
 * would not see that a run was cut off: it would count from 1 again, without the steps, and run in spite of `refuse`.
 */
export function expiryOfClaim(leaseUntilMs: number, retentionMs: number): number {
  return leaseUntilMs + retentionMs
}

/** `renewed`: the claim stands, until the time that the hold now says. */
type Renewed = { readonly kind: 'renewed' } | (Sight & { readonly kind: 'lost' })

/** Moves the end of a run's lease, and the expiry with it. */
export async function renew(scene: Scene, hold: Hold, leaseUntilMs: number): Promise<Renewed> {
  const { timing } = scene
  const leftMs = hold.leaseUntilMs - timing.storeNowMs()
  // A lapsed lease can still be moved, as long as nobody has taken over: there is no end to be in time for.
  const withinMs = leftMs > 0 ? leftMs : Number.POSITIVE_INFINITY
  const untilMs = timing.clock.nowMs() + Math.min(RENEWAL_BUDGET_MS, withinMs)
  // Half of what is left, so that a call that hangs leaves time for another.
  const callMs = Math.min(LONGEST_CALL_MS, Math.floor(withinMs / 2))
  return moveLease(scene, hold, leaseUntilMs, untilMs, callMs)
}

/** As `renew`, for as long as is said: until `untilMs` by the local clock. */
export async function moveLease(
  scene: Scene,
  hold: Hold,
  leaseUntilMs: number,
  untilMs: number,
  callMs?: number,
): Promise<Renewed> {
  const { store, timing, retentionMs } = scene
  const expiresAtMs = expiryOfClaim(leaseUntilMs, retentionMs)
  const take = (heldUntilMs: number): void => {
    hold.leaseUntilMs = heldUntilMs
    timing.holdUntil(heldUntilMs)
  }
  for (let tries = 1; ; tries += 1) {
    const lease = { fromLeaseUntilMs: hold.leaseUntilMs, leaseUntilMs, expiresAtMs }
    const answer = await persist(
      timing.clock,
      untilMs,
      (limits) => store.renew(hold.claim, lease, limits),
      callMs,
    )
    if (answer.kind === 'written') {
      take(leaseUntilMs)
      return { kind: 'renewed' }
    }
    if (!isClaimOf(answer.record, hold.claim.owner)) return { ...answer, kind: 'lost' }
    // What refused it is a renewal of our own whose reply never came: this one sent again, or an earlier one.
    take(answer.record.leaseUntilMs)
    if (hold.leaseUntilMs === leaseUntilMs || tries === MAX_TRIES) return { kind: 'renewed' }
  }
}

/**
 * Renews until told to stop or until the lease is lost. A renewal that fails is tried again soon: the table may be
 * back long before the next turn, and the lease may not last until then.
 *
 * @param claimedAtMs when the claim was begun: a lease counts from when it is asked for, and so do the turns.
 */
export function keepRenewing(
  clock: Clock,
  renewOnce: () => Promise<boolean>,
  everyMs: number,
  claimedAtMs: number,
): () => void {
  const stop = new AbortController()
  const leftOfTurn = (beganAtMs: number): number =>
    Math.min(everyMs, Math.max(0, beganAtMs + everyMs - clock.nowMs()))

  const renewals = async (): Promise<void> => {
    let retryMs = FIRST_PAUSE_MS
    let pauseMs = leftOfTurn(claimedAtMs)
    for (;;) {
      await clock.sleep(pauseMs, stop.signal)
      if (stop.signal.aborted) return
      const beganAtMs = clock.nowMs()
      try {
        if (!(await renewOnce())) return
        pauseMs = leftOfTurn(beganAtMs)
        retryMs = FIRST_PAUSE_MS
      } catch {
        pauseMs = Math.min(everyMs, retryMs * (0.5 + Math.random() / 2))
        retryMs = Math.min(retryMs * 2, LONGEST_PAUSE_MS)
      }
    }
  }
  // A clock of the user's may reject a sleep that is broken off.
  renewals().catch(() => undefined)
  return () => stop.abort()
}
