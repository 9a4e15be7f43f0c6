import { type Claim, isOwnClaim, tryClaim } from './claim.ts'
import { type Decision, decide } from './decide.ts'
import {
  InFlightError,
  isOncekeyError,
  KeyReusedError,
  type OncekeyError,
  OutcomeUnknownError,
} from './errors.ts'
import { claimUntilMs, type Lease, remainingMs, waitUntilMs } from './lease.ts'
import { loadResult } from './offload.ts'
import type { Outcome } from './outcome.ts'
import { type IdempotencyRecord, type Snapshot, toReplayed } from './record.ts'
import type { ProtectedRequest, Replayable, Settings } from './request.ts'
import { retryUntil } from './retry.ts'

/** The state that a request finds under its key. */
export type Found =
  | { readonly kind: 'claimed'; readonly claim: Claim }
  | ({ readonly kind: 'completed' } & Replayable)
  | { readonly kind: 'refused'; readonly outcome: Outcome; readonly error: OncekeyError }

/** A claim that loses this many races in a row answers `in-flight`: whoever wins them is running. */
const MAX_CONTESTS = 8
const FIRST_POLL_MS = 50
const MAX_POLL_MS = 1_000

/** Claims the request's key, or returns why not: a stored result, or a refusal. Waits for another run, as the settings say. */
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
