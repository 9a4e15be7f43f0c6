import { type KeyInvalidError, StoreUnavailableError } from '../protocol/errors.ts'
import type { Intent, Kept } from '../protocol/intent.ts'
import type { CrashMode, InFlightRecord } from '../protocol/record.ts'
import type { Store } from '../protocol/store.ts'
import type { Timing } from './timing.ts'

/** Everything that stays the same from claim to completion of one intent. */
export interface Scene {
  readonly store: Store
  readonly timing: Timing
  readonly intent: Intent
  readonly onCrash: CrashMode
  readonly retentionMs: number
  /** How long to wait for another run's result before answering `in-flight`. */
  readonly waitMs: number
  /** If set, an existing record still answers, but no new claim is made: this is why. */
  readonly staleKey: KeyInvalidError | undefined
  /** If set, a claim that cannot be written is run all the same, without protection. */
  readonly runsUnclaimed: boolean
  /** What of a committed result is kept: the rule that completion follows too. `undefined`: it is not to be stored. */
  readonly keep: (result: unknown) => Kept | undefined
}

/** The claim, as the parts of its run share it. */
export interface Hold {
  readonly claim: { readonly id: string; readonly owner: string }
  readonly record: InFlightRecord
  leaseUntilMs: number
  /** Whether the lease of an earlier claim had lapsed. */
  readonly isTakeover: boolean
  /** The claim could not be written, or its reply never came: nothing may be built on it. */
  readonly isInDoubt: boolean
  /**
   * Whether this run may still write. It is given up before completion or release is tried,
   * so that one failure cannot set off a second cleanup.
   */
  isHeld: boolean
}

/** What a run without a claim must not do: it would be taken for protected. */
export function refuseIfInDoubt(hold: Hold, member: 'step' | 'commit'): void {
  if (!hold.isInDoubt) return
  const message = `${member}: this run has no claim (the store was unavailable and onStoreError is 'run').`
  throw new StoreUnavailableError(message, { retryable: true })
}
