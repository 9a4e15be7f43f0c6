import type { Clock } from './clock.ts'
import type { KeyInvalidError, OncekeyError } from './errors.ts'
import type { Skew } from './lease.ts'
import type { OutcomeEvent } from './outcome.ts'
import type { CrashMode } from './record.ts'
import type { LoadedResult, StoredContent } from './result.ts'
import type { Store } from './store.ts'

/** Results kept in this process, to be replayed without the store. */
export interface ReplayCache {
  /** Returns the result of exactly this request, if it is cached and not expired at `nowMs`, the store's time. */
  get(request: ProtectedRequest, nowMs: number): LoadedResult | undefined
  set(request: ProtectedRequest, result: LoadedResult, expiresAtMs: number): void
}

/** What is the same for every request of one protected function, with defaults applied. */
export interface Settings {
  readonly store: Store
  readonly clock: Clock
  readonly skew: Skew
  readonly retentionMs: number
  readonly leaseMs: number
  readonly onCrash: CrashMode
  /** How long to wait for another run's result before answering `in-flight`. */
  readonly waitMs: number
  /** With `run`, a request whose claim cannot be written runs all the same, without protection. */
  readonly onStoreError: 'refuse' | 'run'
  /** Loaded only if it is switched on. */
  readonly cache?: Promise<ReplayCache> | undefined
  readonly onReplay?: ((response: unknown, event: unknown) => unknown) | undefined
  readonly onOutcome?: ((event: OutcomeEvent) => unknown) | undefined
}

/** One call of a protected function: what called it, when, and for how long it may run. */
export interface Invocation {
  /** What hooks get. */
  readonly event: unknown
  readonly context: unknown
  readonly service: string
  /** When reading the event began. Local time, as below. */
  readonly startedAtMs: number
  /** When the host ends the run, if it says so. */
  readonly deadlineMs: number | undefined
}

/**
 * What is to be done once, and how its caller is answered. Everything in it was read when it was made, before the
 * handler could change the event.
 */
export interface ProtectedRequest<Source = unknown> {
  readonly invocation: Invocation
  /** The record's id: scope and key. @see recordId */
  readonly id: string
  /** As the caller gave it. */
  readonly key: string
  readonly fingerprint: string
  /** Set if the key is too old to run for: an existing record still replays, and otherwise this is the answer. */
  readonly expiredKey?: KeyInvalidError | undefined
  /** How long a caller of this kind can be kept waiting at all. */
  readonly maxWaitMs: number
  /** How often to renew the lease while the run lasts. */
  readonly renewEveryMs?: number | undefined
  readonly responder: Responder<Source>
  /** What the responder knows of the event. */
  readonly source: Source
}

/** How the results and errors of one kind of event are stored and answered. The same object for all its requests. */
export interface Responder<Source> {
  /** Returns what to store of the handler's result; `undefined`: nothing, the claim is released. */
  toStore(result: unknown, source: Source): StoredContent | undefined
  /** Returns what to store of the handler's error; `undefined`: nothing, the claim is released. */
  errorToStore(error: unknown, source: Source): StoredContent | undefined
  /** Returns the first answer: the handler's own result as its caller gets it. */
  respond(result: unknown, source: Source): unknown
  /** Returns the answer to a repeat, from the stored value. */
  replay(value: unknown, source: Source): unknown
  /** Returns the refusal where the event's source takes one, else throws the error. */
  refuse(error: OncekeyError, source: Source): unknown
}
