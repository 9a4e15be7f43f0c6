import { randomUUID } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { LeaseLostError, StoreUnavailableError } from '../protocol/errors.ts'
import { encodeResult } from '../protocol/result.ts'
import type { Completion } from '../protocol/store.ts'
import type { Attempt } from './attempt.ts'
import { persist } from './persist.ts'
import { place } from './place.ts'
import { type Hold, refuseIfInDoubt, type Scene } from './scene.ts'

/** A transaction touches several partitions and may wait for another one: it gets more time than a single write. */
const TRANSACTION_CALL_MS = 10_000

interface Sent {
  /** What was asked for, as it was then. */
  readonly asked: unknown
  readonly completion: Completion & { readonly commitToken: string }
}

/** `Attempt.commit` of one run. `onCommitted` is told the result once it is known to be stored. */
export function createCommit(
  scene: Scene,
  hold: Hold,
  onCommitted: (result: unknown) => void,
): Attempt['commit'] {
  const { store, timing, intent } = scene
  let inDoubt: Sent | undefined

  const prepare = async (result: unknown, asked: unknown): Promise<Sent> => {
    const kept = scene.keep(result)
    if (kept === undefined) {
      throw new TypeError(
        'commit: expected a result that is stored, got one that the profile or shouldStore leaves out',
      )
    }
    const completedAtMs = timing.storeNowMs()
    const expiresAtMs = completedAtMs + (kept.retentionMs ?? scene.retentionMs)
    const room = { name: 'commit', inlineBytes: 0, expiresAtMs }
    const stored = await place(scene, hold, await encodeResult(kept), room)
    return { asked, completion: { result: stored, completedAtMs, expiresAtMs, commitToken: randomUUID() } }
  }

  return async (result, writes) => {
    const commit = store.commit?.bind(store)
    if (commit === undefined) {
      throw new TypeError('commit: this store has no transactions with DynamoDB; use step and derive instead')
    }
    if (!Array.isArray(writes))
      throw new TypeError(`commit: expected an array of writes, got ${typeof writes}`)
    if (!hold.isHeld) throw new TypeError('commit: the run has already ended; commit once, and await it')
    refuseIfInDoubt(hold, 'commit')
    if (timing.storeNowMs() >= hold.leaseUntilMs) throw new LeaseLostError(intent.key)

    const shown = asShown(result)
    // The same commit again must be the same request to the letter, or DynamoDB would not know it as a repeat.
    const asked = copyOf([shown, writes])
    const repeated = isDeepStrictEqual(inDoubt?.asked, asked) ? inDoubt : undefined
    const sent = repeated ?? (await prepare(result, asked))
    const { completion } = sent
    const untilMs = timing.actUntilMs()
    // Half of what is left, so that a transaction that hangs leaves time for its repeat.
    const callMs = Math.min(TRANSACTION_CALL_MS, Math.floor((untilMs - timing.clock.nowMs()) / 2))
    try {
      const answer = await persist(
        timing.clock,
        untilMs,
        (limits) => commit(hold.claim, completion, writes, limits),
        callMs,
      )
      const isOurs =
        answer.kind === 'written' ||
        (answer.record?.status === 'completed' && answer.record.commitToken === completion.commitToken)
      if (!isOurs) {
        const cause =
          inDoubt && new Error('An earlier commit of this run, in doubt until now, has been stored.')
        throw new LeaseLostError(intent.key, cause && { cause })
      }
    } catch (error) {
      if (error instanceof StoreUnavailableError && error.retryable) inDoubt = sent
      throw error
    }
    hold.isHeld = false
    onCommitted(shown)
    return result
  }
}

/** The result as its caller will get it, whatever the handler does to it afterwards. */
function asShown(result: unknown): unknown {
  try {
    return JSON.parse(JSON.stringify(result))
  } catch {
    // `undefined`, or what cannot be stored either: a repeat is told so.
    return result
  }
}

/** As it is now: the handler's own objects may change. What cannot be copied is like nothing else. */
function copyOf(asked: readonly unknown[]): unknown {
  try {
    return structuredClone(asked)
  } catch {
    return Symbol('not to be compared')
  }
}
