import { randomUUID } from 'node:crypto'
import { type Claim, refuseIfInDoubt } from '../core/claim.ts'
import { isOncekeyError, LeaseLostError } from '../core/errors.ts'
import { actUntilMs, resultExpiryMs, storeNowMs } from '../core/lease.ts'
import { offload } from '../core/offload.ts'
import { ensureLease, loseClaim } from '../core/renew.ts'
import { serialize } from '../core/result.ts'
import { retryUntil } from '../core/retry.ts'
import type { Commit, TransactionWrite } from '../core/store.ts'

/** A transaction touches several partitions and may wait for another one: it gets more time than a single write. */
const TRANSACTION_CALL_MS = 10_000

interface Sent {
  /** A copy of the arguments, as they were then. */
  readonly asked: unknown
  readonly completion: Commit
}

/** The commit of each run whose reply never came. */
const inDoubt = new WeakMap<Claim, Sent>()

/** Does the writes and completes the record in one transaction. @see Attempt.commit */
export async function commit<R>(claim: Claim, result: R, writes: readonly TransactionWrite[]): Promise<R> {
  const { settings, lease, record, request } = claim
  const { store } = settings
  const { clock } = lease
  const transact = store.commit?.bind(store)
  if (transact === undefined) {
    throw new TypeError('commit: this store has no transactions with DynamoDB. Use step and derive instead.')
  }
  if (!Array.isArray(writes))
    throw new TypeError(`commit: expected an array of writes, got ${typeof writes}.`)
  if (!claim.isHeld) throw new TypeError('commit: the run has already ended. Commit once, and await it.')
  refuseIfInDoubt(claim, 'commit')
  await ensureLease(claim)

  const answer = jsonCopy(result)
  // A repeated commit must be the same request to the letter, or DynamoDB would not recognise it.
  const asked = copyOf([answer, writes])
  const earlier = inDoubt.get(claim)
  const { isDeepStrictEqual } = process.getBuiltinModule('node:util')
  const sent =
    isDeepStrictEqual(earlier?.asked, asked) && earlier ? earlier : await prepare(claim, result, asked)
  const { completion } = sent
  const untilMs = actUntilMs(lease)
  // Half of what is left, so that a transaction that hangs leaves time for its repeat.
  const callMs = Math.min(TRANSACTION_CALL_MS, Math.floor((untilMs - clock.nowMs()) / 2))
  try {
    const reply = await retryUntil(
      clock,
      untilMs,
      (limits) => transact(record, completion, writes, limits),
      callMs,
    )
    const isOurs =
      reply.kind === 'written' ||
      (reply.record?.status === 'completed' && reply.record.commitToken === completion.commitToken)
    if (!isOurs) {
      const cause = earlier && new Error('An earlier commit of this run, whose reply never came, was stored.')
      loseClaim(claim)
      throw new LeaseLostError(request.key, cause && { cause })
    }
  } catch (error) {
    if (isOncekeyError(error, 'store-unavailable') && error.retryable) inDoubt.set(claim, sent)
    throw error
  }
  claim.isHeld = false
  claim.committed = { result: answer }
  return result
}

async function prepare(claim: Claim, result: unknown, asked: unknown): Promise<Sent> {
  const { settings, lease, request } = claim
  const content = request.responder.toStore(result, request.source, request.invocation)
  if (content === undefined) {
    throw new TypeError(
      'commit: expected a result that is stored, got one that profile or shouldStore excludes.',
    )
  }
  const completedAtMs = storeNowMs(lease)
  const expiresAtMs = resultExpiryMs(settings, completedAtMs, content)
  const stored = await offload(claim, serialize(content), { name: 'commit', inlineBytes: 0, expiresAtMs })
  const steps = [...(claim.stepNames ?? claim.record.steps.keys())]
  return {
    asked,
    completion: { result: stored, completedAtMs, expiresAtMs, steps, commitToken: randomUUID() },
  }
}

/** Returns the result as its caller will get it, whatever the handler does to it afterwards. */
function jsonCopy(result: unknown): unknown {
  try {
    return JSON.parse(JSON.stringify(result))
  } catch {
    // `undefined`, or a value that cannot be stored either: repeats get an error.
    return result
  }
}

/** Returns a copy, because the handler's own objects may change. A value that cannot be copied equals nothing. */
function copyOf(asked: readonly unknown[]): unknown {
  try {
    return structuredClone(asked)
  } catch {
    return Symbol('not comparable')
  }
}
