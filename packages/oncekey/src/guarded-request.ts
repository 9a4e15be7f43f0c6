import type { LeaseTerm, Skew } from './attempt/timing.ts'
import type { Exchange } from './events/exchange.ts'
import type { OutcomeEvent } from './outcome.ts'
import type { Clock } from './protocol/clock.ts'
import type { CrashMode } from './protocol/record.ts'
import type { Store } from './protocol/store.ts'
import type { ReplayCache } from './replay-cache.ts'

/** What is the same for every request of one protected function. */
export interface GuardSettings {
  readonly store: Store
  readonly clock: Clock
  readonly skew: Skew
  readonly retentionMs: number
  readonly onCrash: CrashMode
  readonly waitMs: number
  readonly onStoreError: 'refuse' | 'run'
  /** Loaded only if it is asked for. */
  readonly cache?: Promise<ReplayCache> | undefined
  readonly onReplay?: ((answer: unknown, event: unknown) => unknown) | undefined
  readonly onOutcome?: ((event: OutcomeEvent) => unknown) | undefined
}

/** One request: what it asks for, from whom, and how long it may take. */
export interface GuardedRequest {
  readonly exchange: Exchange
  readonly event: unknown
  /** When the reading of the event began, by the settings' clock. */
  readonly beganAtMs: number
  readonly service: string
  readonly term: LeaseTerm
}
