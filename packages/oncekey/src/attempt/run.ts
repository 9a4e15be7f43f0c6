import { decide } from '../protocol/decide.ts'
import { LeaseLostError, StoreUnavailableError } from '../protocol/errors.ts'
import { deriveUuid } from '../protocol/identity.ts'
import type { Kept } from '../protocol/intent.ts'
import { encodeResult, isSameResult, type StoredResult } from '../protocol/result.ts'
import type { Sight } from '../protocol/store.ts'
import type { Attempt } from './attempt.ts'
import { createCommit } from './commit.ts'
import { persist } from './persist.ts'
import { place } from './place.ts'
import { type Recalled, recall, recallable } from './recall.ts'
import { renew } from './renew.ts'
import type { Hold, Scene } from './scene.ts'
import { createStep } from './steps.ts'

/**
 * What became of a run's end.
 * - `stored`: what this run came to is what the record holds, and a repeat gets `recalled`; `error` says why that is
 *   nothing though there was something to store.
 * - `committed`: the handler's own commit did that before; `result` is what it gave.
 * - `own`: this run's completion is there, but it is another one (a commit that was in doubt).
 * - `superseded`, `in-flight`: the lease was lost, and a successor with our fingerprint has completed, or runs.
 * - `released`: the claim is free again.
 * - `failed`: nothing could be written, or the claim is gone; the lease, if it is ours, ends by itself.
 */
export type Ended =
  | { readonly kind: 'stored'; readonly recalled: Recalled; readonly error?: unknown }
  | { readonly kind: 'committed'; readonly result: unknown }
  | { readonly kind: 'own'; readonly recalled: Recalled }
  | { readonly kind: 'superseded'; readonly recalled: Recalled }
  | { readonly kind: 'in-flight'; readonly leaseLeftMs: number }
  | { readonly kind: 'released' }
  | { readonly kind: 'failed'; readonly error: unknown }

/** A claim that is being run. The first call of `complete` or `release` ends it; any later one answers the same. */
export interface Run {
  readonly attempt: Attempt
  /** False if the claim is in doubt: the run is not protected, and may not be the only one. */
  readonly isProtected: boolean
  /** Whether an earlier run was cut off: its lease had lapsed. */
  readonly isTakeover: boolean
  complete(kept: Kept): Promise<Ended>
  release(): Promise<Ended>
  /** Moves the end of the lease to one full term from now. False once the lease is lost. */
  renew(): Promise<boolean>
}

/** Work that is done must not be done again because there was no room, or no time, for what came of it. */
function withoutRoom({ status }: Kept): Extract<StoredResult, { kind: 'unavailable' }> {
  return { kind: 'unavailable', reason: 'it could not be written', ...(status !== undefined && { status }) }
}

export function createRun(scene: Scene, hold: Hold): Run {
  const { store, timing, intent } = scene
  const { clock } = timing
  const { owner } = hold.claim
  let ended: Promise<Ended> | undefined

  /** Whoever runs without a claim wants an answer more than a record: it does not use up what time is left. */
  const untilMs = (): number => (hold.isInDoubt ? timing.claimUntilMs() : timing.storeUntilMs())

  /** The claim is given up before the write is tried: one failure cannot set off a second cleanup. */
  const end = (write: () => Promise<Ended>): Promise<Ended> => {
    hold.isHeld = false
    ended ??= write().catch((error: unknown) => ({ kind: 'failed', error }))
    return ended
  }

  /** The last write was refused: what stands in the record says what became of this run. */
  const explain = async ({ record, nowMs }: Sight): Promise<Ended> => {
    const decision = record && decide(record, intent.fingerprint, nowMs)
    if (decision?.kind === 'in-flight') return decision
    if (decision?.kind !== 'replay') return { kind: 'failed', error: new LeaseLostError(intent.key) }
    try {
      const recalled = await recall(scene, decision.record.result)
      return { kind: decision.record.owner === owner ? 'own' : 'superseded', recalled }
    } catch (error) {
      // There is a result, and it is not this run's: whoever asks again gets it.
      if (error instanceof StoreUnavailableError) return { kind: 'in-flight', leaseLeftMs: 0 }
      throw error
    }
  }

  const complete = async (kept: Kept): Promise<Ended> => {
    const encoded = await encodeResult(kept)
    const completedAtMs = timing.storeNowMs()
    const expiresAtMs = completedAtMs + (kept.retentionMs ?? scene.retentionMs)
    const room = { name: 'result', inlineBytes: 0, expiresAtMs }
    let error: unknown
    const result = await place(scene, hold, encoded, room).catch((thrown: unknown) => {
      error = thrown
      return withoutRoom(kept)
    })
    const answer = await persist(clock, untilMs(), (limits) =>
      store.complete(hold.claim, { result, completedAtMs, expiresAtMs }, limits),
    )
    const stored: Ended = {
      kind: 'stored',
      recalled: recallable(result.kind === 'unavailable' ? result : encoded),
      error,
    }
    if (answer.kind === 'written') return stored
    const { record } = answer
    // The write of a lost reply, sent again, is refused by itself.
    const isOurs =
      record?.status === 'completed' && record.owner === owner && isSameResult(record.result, result)
    return isOurs ? stored : explain(answer)
  }

  const release = async (): Promise<Ended> => {
    const answer = await persist(clock, untilMs(), (limits) => store.release(hold.claim, limits))
    if (answer.kind === 'written') return { kind: 'released' }
    const { record } = answer
    // Refused, a claim of ours that is still in flight has no lease any more.
    const isFree = record?.owner === owner && record.status === 'in-flight'
    return isFree ? { kind: 'released' } : explain(answer)
  }

  const onCommitted = (result: unknown): void => {
    ended ??= Promise.resolve({ kind: 'committed', result })
  }

  return {
    isProtected: !hold.isInDoubt,
    isTakeover: hold.isTakeover,
    attempt: {
      key: intent.key,
      number: hold.record.attempt,
      derive: (name) => deriveUuid(intent.id, name),
      step: createStep(scene, hold),
      commit: createCommit(scene, hold, onCommitted),
    },
    complete: (kept) => end(() => complete(kept)),
    release: () => end(release),
    renew: async () => hold.isHeld && (await renew(scene, hold, timing.leaseUntilMs())).kind === 'renewed',
  }
}
