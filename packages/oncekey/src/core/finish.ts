import type { Claim } from './claim.ts'
import { decide } from './decide.ts'
import { LeaseLostError } from './errors.ts'
import { claimUntilMs, resultExpiryMs, storeNowMs, storeUntilMs } from './lease.ts'
import { loadResult, offload } from './offload.ts'
import { type Snapshot, toReplayed } from './record.ts'
import type { Replayable } from './request.ts'
import { type StoredContent, type StoredResult, serialize, unavailable } from './result.ts'
import { retryUntil } from './retry.ts'

/** The end of a claim. */
export type End =
  /** The record holds what this run came to. `error` says why it holds no result although there was one. */
  | ({ readonly kind: 'stored'; readonly error?: unknown } & Replayable)
  /** The handler's own commit completed the record before, with this result. */
  | { readonly kind: 'committed'; readonly result: unknown }
  /** As `committed`, but by a commit whose reply never came. */
  | ({ readonly kind: 'committed-unseen' } & Replayable)
  /** The lease was lost, and another run has completed. */
  | ({ readonly kind: 'superseded' } & Replayable)
  /** The lease was lost, and another run is in progress. */
  | { readonly kind: 'in-flight'; readonly retryAfterMs: number }
  | { readonly kind: 'released' }
  /** Nothing could be written, or the claim is gone. The lease, if it is ours, ends by itself. */
  | { readonly kind: 'failed'; readonly error: unknown }

/**
 * Ends a claim: completes its record with `content`, or releases it. Never throws. The claim is given up before the
 * write is tried, and `content` is read before this function first waits.
 */
export function finish(claim: Claim, content: StoredContent | undefined): Promise<End> {
  claim.isHeld = false
  if (claim.committed !== undefined) {
    return Promise.resolve({ kind: 'committed', result: claim.committed.result })
  }
  const ending = content === undefined ? release(claim) : complete(claim, content)
  return ending.catch((error: unknown) => ({ kind: 'failed', error }))
}

async function complete(claim: Claim, content: StoredContent): Promise<End> {
  const { settings, lease, record } = claim
  const result = serialize(content)
  const completedAtMs = storeNowMs(lease)
  const expiresAtMs = resultExpiryMs(settings, completedAtMs, content)
  let stored: StoredResult
  const completed = toReplayed({ ...record, completedAtMs, expiresAtMs })
  let end: End = { kind: 'stored', result, record: completed }
  try {
    const placing = offload(claim, result, { name: 'result', inlineBytes: 0, expiresAtMs })
    stored = placing instanceof Promise ? await placing : placing
  } catch (error) {
    // Finished work must not run again because its result could not be written.
    const missing = unavailable('it could not be written', content.status)
    stored = missing
    end = { kind: 'stored', result: missing, record: completed, error }
  }
  const completion = {
    result: stored,
    completedAtMs,
    expiresAtMs,
    steps: [...(claim.stepNames ?? record.steps.keys())],
  }
  const reply = await retryUntil(lease.clock, endUntilMs(claim), (limits) =>
    settings.store.complete(record, completion, limits),
  )
  if (reply.kind === 'written') return end
  const found = reply.record
  // The write of a lost reply, sent again, is refused by itself. A record with a token is a commit's.
  const isOurs =
    found?.status === 'completed' && found.owner === record.owner && found.commitToken === undefined
  return isOurs ? end : explain(claim, reply)
}

async function release(claim: Claim): Promise<End> {
  const { settings, record } = claim
  const reply = await retryUntil(claim.lease.clock, endUntilMs(claim), (limits) =>
    settings.store.release(record, limits),
  )
  if (reply.kind === 'written') return { kind: 'released' }
  // Refused, an own claim that is still in flight has no lease any more.
  const isFree = reply.record?.owner === record.owner && reply.record.status === 'in-flight'
  return isFree ? { kind: 'released' } : explain(claim, reply)
}

/** A run without a claim needs an answer more than a record: it does not use up the time that is left. */
function endUntilMs({ lease, isInDoubt }: Claim): number {
  return isInDoubt ? claimUntilMs(lease) : storeUntilMs(lease)
}

/** Returns what became of the run, from the record that refused its last write. */
async function explain(
  { settings, request, lease, record }: Claim,
  { record: found, nowMs }: Snapshot,
): Promise<End> {
  const decision = found && decide(found, request.fingerprint, nowMs)
  if (decision?.kind === 'in-flight') return decision
  if (decision?.kind !== 'completed') return { kind: 'failed', error: new LeaseLostError(request.key) }
  try {
    const result = await loadResult(settings, lease, record.id, decision.record.result)
    const kind = decision.record.owner === record.owner ? 'committed-unseen' : 'superseded'
    return { kind, result, record: toReplayed(decision.record) }
  } catch {
    // There is a result, and it is not this run's: repeats get it, or an error that says what is wrong with it.
    return { kind: 'in-flight', retryAfterMs: 0 }
  }
}
