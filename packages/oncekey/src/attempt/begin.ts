import { randomUUID } from 'node:crypto'
import { type ClaimPlan, decide } from '../protocol/decide.ts'
import { type KeyInvalidError, StoreUnavailableError } from '../protocol/errors.ts'
import type { InFlightRecord } from '../protocol/record.ts'
import type { ClaimAnswer, Sight } from '../protocol/store.ts'
import { persist } from './persist.ts'
import { type Recalled, recall } from './recall.ts'
import { expiryOfClaim, isClaimOf, moveLease } from './renew.ts'
import { createRun, type Run } from './run.ts'
import type { Hold, Scene } from './scene.ts'

/** What a caller who asks for the intent gets. */
export type Begun =
  | { readonly kind: 'run'; readonly run: Run }
  | { readonly kind: 'replay'; readonly recalled: Recalled; readonly expiresAtMs: number }
  /** `leaseLeftMs` is `undefined` where a transaction hid the record. */
  | { readonly kind: 'in-flight'; readonly leaseLeftMs: number | undefined }
  | { readonly kind: 'mismatch' }
  | { readonly kind: 'outcome-unknown' }
  /** The key is too old to run for, and there is no record to answer from. */
  | { readonly kind: 'stale-key'; readonly error: KeyInvalidError }

/** A claim that loses this many races in a row answers `in-flight`: whoever wins them is running. */
const MAX_CONTESTS = 8
const FIRST_POLL_MS = 50
const LONGEST_POLL_MS = 1_000
/** For the release of a claim that was given up on, before 503 is answered. */
const GIVE_UP_MS = 500

/**
 * Claims the intent, or says why not.
 *
 * @throws StoreUnavailableError if no claim could be written within its budget; a claim in doubt was released.
 * @throws RecordUnreadableError if the record in the way cannot be read.
 */
export async function begin(scene: Scene): Promise<Begun> {
  const { store, timing, intent } = scene
  const { clock } = timing
  const waitUntilMs = timing.waitUntilMs(scene.waitMs)

  const read = (): Promise<Sight> =>
    persist(clock, timing.claimUntilMs(), (limits) => store.read(intent.id, limits))

  let pollMs = FIRST_POLL_MS
  let contests = 0
  let sight: Sight | undefined = scene.staleKey ? await read() : undefined
  for (;;) {
    // Most requests are new: the first look is the insertion itself, as if no record were there.
    const decision = decide(sight?.record, intent.fingerprint, sight?.nowMs ?? 0)

    let leaseLeftMs: number | undefined
    switch (decision.kind) {
      case 'replay':
        return {
          kind: 'replay',
          recalled: await recall(scene, decision.record.result),
          expiresAtMs: decision.record.expiresAtMs,
        }
      case 'mismatch':
      case 'outcome-unknown':
        return { kind: decision.kind }
      case 'in-flight':
        leaseLeftMs = decision.leaseLeftMs
        break
      case 'claim': {
        if (scene.staleKey) return { kind: 'stale-key', error: scene.staleKey }
        const claimed = await tryClaim(scene, decision.plan)
        if (claimed?.kind === 'won') return { kind: 'run', run: createRun(scene, claimed.hold) }
        if (claimed?.kind === 'lost') {
          sight = claimed
          contests += 1
          if (contests < MAX_CONTESTS) continue
        }
      }
    }

    const leftToWaitMs = waitUntilMs - clock.nowMs()
    if (leftToWaitMs <= 0) return { kind: 'in-flight', leaseLeftMs }
    await clock.sleep(
      Math.min(pollMs * (0.5 + Math.random() / 2), leftToWaitMs, leaseLeftMs ?? LONGEST_POLL_MS),
    )
    pollMs = Math.min(pollMs * 2, LONGEST_POLL_MS)
    contests = 0
    sight = await read()
  }
}

type Claimed = { readonly kind: 'won'; readonly hold: Hold } | ({ readonly kind: 'lost' } & Sight)

/** `undefined` if a transaction holds the record: who has it cannot be seen. */
async function tryClaim(scene: Scene, plan: ClaimPlan): Promise<Claimed | undefined> {
  const { store, timing } = scene
  const { clock } = timing
  const record = newRecord(scene, plan.attempt)
  const claim = { id: record.id, owner: record.owner }
  /** In doubt: the claim may stand, or may yet arrive. Freed, it does not block the retry that is asked for. */
  const giveUp = async (): Promise<void> => {
    const untilMs = Math.min(clock.nowMs() + GIVE_UP_MS, timing.storeUntilMs())
    await persist(clock, untilMs, (limits) => store.release(claim, limits)).catch(() => undefined)
  }
  try {
    let sentAtMs = clock.nowMs()
    const answer = await persist(clock, timing.claimUntilMs(), (limits): Promise<ClaimAnswer> => {
      sentAtMs = clock.nowMs()
      return plan.how === 'insert' ? store.insert(record, limits) : store[plan.how](record, plan.seen, limits)
    })
    if (answer.kind === 'busy') {
      // An earlier try, here or in the store's client, may have been written and its reply lost.
      await giveUp()
      return undefined
    }
    timing.observe(answer.nowMs, sentAtMs)

    // A reply can be lost and the write sent again: a refusal by our own claim is our claim.
    const held = answer.record
    if (!isClaimOf(held, claim.owner)) {
      return { kind: 'lost', record: held, nowMs: answer.nowMs }
    }
    const hold: Hold = {
      claim,
      record: held,
      leaseUntilMs: held.leaseUntilMs,
      isTakeover: plan.how === 'takeover' && plan.seen.leaseUntilMs > 0,
      isInDoubt: false,
      isHeld: true,
    }

    timing.holdUntil(hold.leaseUntilMs)

    const correctedMs = timing.correctedLeaseUntilMs(hold.leaseUntilMs)
    if (correctedMs !== undefined) {
      const moved = await moveLease(scene, hold, correctedMs, timing.claimUntilMs())
      if (moved.kind === 'lost') return moved
    }
    // The reply may have been read long after it was written (a frozen sandbox that thawed).
    if (answer.nowMs + (clock.nowMs() - sentAtMs) >= hold.leaseUntilMs) {
      const message = `The claim of record ${JSON.stringify(record.id)} was answered after its lease had ended; nothing was run.`
      throw new StoreUnavailableError(message, { retryable: true })
    }
    return { kind: 'won', hold }
  } catch (error) {
    if (!(error instanceof StoreUnavailableError)) throw error
    if (scene.runsUnclaimed) {
      const { leaseUntilMs } = record
      return {
        kind: 'won',
        hold: { claim, record, leaseUntilMs, isTakeover: false, isInDoubt: true, isHeld: true },
      }
    }
    if (error.retryable) await giveUp()
    throw error
  }
}

function newRecord({ intent, timing, retentionMs, onCrash }: Scene, attempt: number): InFlightRecord {
  const leaseUntilMs = timing.leaseUntilMs()
  return {
    id: intent.id,
    status: 'in-flight',
    owner: randomUUID(),
    attempt,
    fingerprint: intent.fingerprint,
    leaseUntilMs,
    createdAtMs: timing.storeNowMs(),
    expiresAtMs: expiryOfClaim(leaseUntilMs, retentionMs),
    onCrash,
    steps: new Map(),
  }
}
