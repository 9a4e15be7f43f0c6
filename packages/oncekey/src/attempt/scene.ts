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
  /** If set, an existing record still answers but no new claim is made. */
  readonly answerOnly: boolean
  /** What of a committed result is kept: the rule that completion follows too. */
  readonly keep: (result: unknown) => Kept
}

/** The claim, as the parts of its run share it. */
export interface Hold {
  readonly claim: { readonly id: string; readonly owner: string }
  readonly record: InFlightRecord
  leaseUntilMs: number
  /**
   * Whether this run may still write. It is given up before completion or release is tried,
   * so that one failure cannot set off a second cleanup.
   */
  isHeld: boolean
}
