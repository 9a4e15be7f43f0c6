import type { Claim } from './claim.ts'
import { claimExpiryMs, holdUntil, leaseEndMs, storeNowMs } from './lease.ts'
import { isClaimOf, type Snapshot } from './record.ts'
import { retryUntil } from './retry.ts'

/** One renewal must not go on for long after its run has ended; while the run lasts, it is tried again soon. */
const RENEWAL_BUDGET_MS = 5_000
const MAX_CALL_MS = 3_000
/** The second begins where an earlier renewal of our own has left the lease. */
const MAX_TRIES = 2
const FIRST_PAUSE_MS = 100
const MAX_PAUSE_MS = 1_000

/** `renewed`: the claim stands, until its `leaseUntilMs`. */
type Renewed = { readonly kind: 'renewed' } | (Snapshot & { readonly kind: 'lost' })

/** Moves the end of the lease to one full term from now. Resolves to false once the claim is lost or given up. */
export async function renew(claim: Claim): Promise<boolean> {
  if (!claim.isHeld) return false
  const { lease, settings } = claim
  const leftMs = claim.leaseUntilMs - storeNowMs(lease)
  // A lapsed lease can still be moved, as long as nobody has taken over: there is no end to be in time for.
  const withinMs = leftMs > 0 ? leftMs : Number.POSITIVE_INFINITY
  const untilMs = settings.clock.nowMs() + Math.min(RENEWAL_BUDGET_MS, withinMs)
  // Half of what is left, so that a call that hangs leaves time for another.
  const callMs = Math.min(MAX_CALL_MS, Math.floor(withinMs / 2))
  return (await moveLease(claim, leaseEndMs(lease), untilMs, callMs)).kind === 'renewed'
}

/** Moves the end of the lease, and the expiry with it, trying until `untilMs`, local time. */
export async function moveLease(
  claim: Claim,
  leaseUntilMs: number,
  untilMs: number,
  callMs?: number,
): Promise<Renewed> {
  const { settings, lease, record } = claim
  const expiresAtMs = claimExpiryMs(leaseUntilMs, settings.retentionMs)
  const hold = (heldUntilMs: number): void => {
    claim.leaseUntilMs = heldUntilMs
    holdUntil(lease, heldUntilMs)
  }
  for (let tries = 1; ; tries += 1) {
    const change = { fromLeaseUntilMs: claim.leaseUntilMs, leaseUntilMs, expiresAtMs }
    const reply = await retryUntil(
      settings.clock,
      untilMs,
      (limits) => settings.store.renew(record, change, limits),
      callMs,
    )
    if (reply.kind === 'written') {
      hold(leaseUntilMs)
      return { kind: 'renewed' }
    }
    if (!isClaimOf(reply.record, record.owner)) return { ...reply, kind: 'lost' }
    // It was refused by a renewal of our own whose reply never came: this one sent again, or an earlier one.
    hold(reply.record.leaseUntilMs)
    if (claim.leaseUntilMs === leaseUntilMs || tries === MAX_TRIES) return { kind: 'renewed' }
  }
}

/**
 * Renews the lease until the returned function is called or the claim is lost. A renewal that fails is tried again
 * soon: the table may be back long before the next turn, and the lease may not last until then.
 * A lease counts from when it is asked for, and so do the turns.
 */
export function keepRenewing(claim: Claim, everyMs: number): () => void {
  const { clock } = claim.settings
  const stop = new AbortController()
  const leftOfTurn = (startedAtMs: number): number =>
    Math.min(everyMs, Math.max(0, startedAtMs + everyMs - clock.nowMs()))

  const renewals = async (): Promise<void> => {
    let retryMs = FIRST_PAUSE_MS
    let pauseMs = leftOfTurn(claim.request.invocation.startedAtMs)
    for (;;) {
      await clock.sleep(pauseMs, stop.signal)
      if (stop.signal.aborted) return
      const startedAtMs = clock.nowMs()
      try {
        if (!(await renew(claim))) return
        pauseMs = leftOfTurn(startedAtMs)
        retryMs = FIRST_PAUSE_MS
      } catch {
        pauseMs = Math.min(everyMs, retryMs * (0.5 + Math.random() / 2))
        retryMs = Math.min(retryMs * 2, MAX_PAUSE_MS)
      }
    }
  }
  // A user's clock may reject a sleep that is aborted.
  renewals().catch(() => undefined)
  return () => stop.abort()
}
