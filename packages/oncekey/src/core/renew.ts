import type { Claim } from './claim.ts'
import { startTimer } from './clock.ts'
import { LeaseLostError } from './errors.ts'
import { actsUntilMs, claimExpiryMs, holdUntil, renewedLeaseEndMs, storeNowMs } from './lease.ts'
import { isClaimOf, type Snapshot } from './record.ts'
import { retryUntil } from './retry.ts'

/** One renewal must not go on for long after its run has ended; while the run lasts, it is tried again soon. */
const RENEWAL_BUDGET_MS = 5_000
const MAX_CALL_MS = 3_000
/** The second begins where an earlier renewal of our own has left the lease. */
const MAX_TRIES = 2
/** The host may end a run a little after its deadline: a renewal sent by then would only block the key. */
const OVERTIME_MS = 500
const FIRST_PAUSE_MS = 100
const MAX_PAUSE_MS = 1_000

/** `renewed`: the claim stands, until its `leaseUntilMs`. */
type Renewed = { readonly kind: 'renewed' } | (Snapshot & { readonly kind: 'lost' })

/** Moves the end of the lease to one full term from now. Resolves to false once the claim is lost or given up. */
export async function renew(claim: Claim): Promise<boolean> {
  if (!claim.isHeld) return false
  const { lease } = claim
  const nowMs = storeNowMs(lease)
  // The run should be in time for what it believes in, then for what is stored. A lapsed lease can still be moved, as
  // long as nobody has taken over: there is no end to be in time for.
  const endsMs = [actsUntilMs(claim.leaseUntilMs), claim.leaseUntilMs].find((endMs) => endMs > nowMs)
  const withinMs = (endsMs ?? Number.POSITIVE_INFINITY) - nowMs
  const untilMs = lease.clock.nowMs() + Math.min(RENEWAL_BUDGET_MS, withinMs)
  // Half of what is left, so that a call that hangs leaves time for another.
  const callMs = Math.min(MAX_CALL_MS, Math.floor(withinMs / 2))
  const moved = await moveLease(claim, renewedLeaseEndMs(lease), untilMs, callMs)
  if (moved.kind === 'renewed') return true
  // A run that has ended meanwhile is refused by its own completion, and one in doubt may never have had a claim.
  if (claim.isHeld && !claim.isInDoubt) loseClaim(claim)
  return false
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
      lease.clock,
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
    if (claim.leaseUntilMs >= leaseUntilMs || tries === MAX_TRIES) return { kind: 'renewed' }
  }
}

/**
 * Makes sure that the run may begin another effect. A run that was frozen, or that outlasts its deadline, asks the
 * store first whether its claim still stands.
 * @throws LeaseLostError if it does not.
 */
export async function ensureLease(claim: Claim): Promise<void> {
  if (mayAct(claim)) return
  if ((await renew(claim)) && mayAct(claim)) return
  throw new LeaseLostError(claim.request.key)
}

function mayAct({ lease, leaseUntilMs }: Claim): boolean {
  return storeNowMs(lease) < actsUntilMs(leaseUntilMs)
}

/** Returns the signal that aborts once the claim is lost. */
export function lossSignal(claim: Claim): AbortSignal {
  claim.lost ??= new AbortController()
  return claim.lost.signal
}

/** Tells the handler to stop, because its claim is lost or nobody waits for it any more. */
export function loseClaim(claim: Claim, reason: unknown = new LeaseLostError(claim.request.key)): void {
  claim.lost ??= new AbortController()
  claim.lost.abort(reason)
}

/**
 * Renews the lease until the returned function is called or the claim is lost. Where the host ends the run at its
 * deadline, the first renewal is due soon after, and so never happens. A renewal that fails is tried again soon: the
 * table may be back long before the next turn, and the lease may not last until then.
 */
export function keepRenewing(claim: Claim): () => void {
  const { lease, settings } = claim
  const { clock, isEnforced } = lease
  const { renewEveryMs } = settings
  // The lease of a durable execution outlasts its invocations, and each of them renews it as it begins.
  if (renewEveryMs === Number.POSITIVE_INFINITY) return () => undefined
  let retryMs = FIRST_PAUSE_MS
  let stopTimer = (): void => undefined
  let isStopped = false

  const renewIn = (delayMs: number): void => {
    if (!isStopped) stopTimer = startTimer(clock, delayMs, () => void renewNow())
  }
  const renewNow = async (): Promise<void> => {
    const startedAtMs = clock.nowMs()
    try {
      if (!(await renew(claim))) return
      retryMs = FIRST_PAUSE_MS
      // A lease counts from when it is asked for, and so do the turns.
      renewIn(renewEveryMs - (clock.nowMs() - startedAtMs))
    } catch {
      // Nobody knows whether another run has taken over: this one should stop.
      if (!claim.isInDoubt && storeNowMs(lease) >= claim.leaseUntilMs) loseClaim(claim)
      renewIn(Math.min(renewEveryMs, retryMs * (0.5 + Math.random() / 2)))
      retryMs = Math.min(retryMs * 2, MAX_PAUSE_MS)
    }
  }

  const leftMs = actsUntilMs(claim.leaseUntilMs) - storeNowMs(lease)
  if (isEnforced) renewIn(leftMs + OVERTIME_MS)
  else {
    // A turn counts from the claim, but a short lease has to be renewed before it is over.
    const sinceClaimMs = clock.nowMs() - claim.request.invocation.startedAtMs
    renewIn(Math.min(renewEveryMs - sinceClaimMs, (leftMs * 2) / 3))
  }
  return () => {
    isStopped = true
    stopTimer()
  }
}
