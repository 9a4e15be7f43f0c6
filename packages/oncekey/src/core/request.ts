import type { Claim } from './claim.ts'
import type { Clock } from './clock.ts'
import type { KeyInvalidError, OncekeyError } from './errors.ts'
import type { Skew } from './lease.ts'
import type { Logger } from './log.ts'
import type { OutcomeEvent } from './outcome.ts'
import type { CrashMode, ReplayedRecord } from './record.ts'
import type { LoadedResult, StoredContent } from './result.ts'
import type { Store } from './store.ts'

/** Results kept in this process, to be replayed without the store. */
export interface ReplayCache {
  /** Returns the result of exactly this request, if it is cached and not expired at `nowMs`, the store's time. */
  get(request: ProtectedRequest, nowMs: number): Replayable | undefined
  set(request: ProtectedRequest, replayable: Replayable): void
}

/** A stored result, with the facts of its record. */
export interface Replayable {
  readonly result: LoadedResult
  readonly record: ReplayedRecord
}

/**
 * A function given as an option. TypeScript compares the parameters of a method in both directions, so that a function of
 * one type of event can be passed to the code that takes every event.
 */
export type Hook<Args extends readonly unknown[], Result> = { call(...args: Args): Result }['call']

/** The settings of one protected function, with defaults applied. */
export interface Settings {
  /** The name of the function that protects, for errors. */
  readonly entry: string
  readonly store: Store
  readonly clock: Clock
  readonly skew: Skew
  readonly retentionMs: number
  /** The least retention that a response may ask for. */
  readonly minRetentionMs?: number
  readonly leaseMs: number
  /** The interval between renewals of a lease that does not end with the host's deadline. */
  readonly renewEveryMs: number
  /** With less time than this left, a request that has waited does not begin to run. */
  readonly minRemainingMs: number
  readonly onCrash: CrashMode
  /** The time to wait for another run's result before answering `in-flight`. */
  readonly waitMs: number
  /** With `run`, a request whose claim cannot be written runs all the same, without protection. */
  readonly onStoreError: 'refuse' | 'run'
  /** Loaded only if it is switched on. */
  readonly cache?: Promise<ReplayCache> | undefined
  readonly onReplay?:
    | Hook<[response: unknown, event: unknown, context: unknown, record: ReplayedRecord], unknown>
    | undefined
  readonly onOutcome?: ((event: OutcomeEvent) => unknown) | undefined
  /** Standard error if absent; `false`: nothing is logged. */
  readonly logger?: Logger | false | undefined
  /** Set for a rehearsal: outcomes are not reported to anybody. */
  readonly isSilent?: boolean
}

/** One call of a protected function: what called it, when, and for how long it may run. */
export interface Invocation {
  /** Passed to hooks. */
  readonly event: unknown
  readonly context: unknown
  readonly service: string
  /** When reading the event began. Local time, as below. */
  readonly startedAtMs: number
  /** The difference of the store's clock from the local one then, as far as it was known. */
  readonly offsetMs?: number
  /** When the host says that the run has to be over, if it does. */
  readonly deadlineMs: number | undefined
  /** Set if the host then ends the run. */
  readonly isDeadlineEnforced?: boolean
  /** The claim whose handler makes this call, if one protected function calls another. */
  readonly outer?: Claim | undefined
}

/**
 * A request to be carried out once, and how its caller is answered. Everything in it was read when it was made, before the
 * handler could change the event.
 */
export interface ProtectedRequest<Source = unknown> {
  readonly invocation: Invocation
  /** The record's id: scope and key. @see recordId */
  readonly id: string
  /** As the caller gave it. */
  readonly key: string
  readonly fingerprint: string
  /** Set in a durable execution, whose invocations share one claim. Absent: each claim has a random owner. */
  readonly execution?: ExecutionCall
  /** Set if the key is too old to run for: an existing record still replays, and otherwise this is the answer. */
  readonly expiredKey?: KeyInvalidError | undefined
  /** The longest that a caller of this kind can be kept waiting. */
  readonly maxWaitMs: number
  readonly responder: Responder<Source>
  /** The facts of the event that the responder needs. */
  readonly source: Source
}

/** One call in a durable execution, which recognizes the claims of earlier invocations by their owner. */
interface ExecutionCall {
  newOwner(): string
  /** Returns whether the execution made this owner's claim, and no other call of this invocation holds it. */
  owns(owner: string): boolean
  /** Throws if the claim cannot be ended now, and can be when the execution is invoked again. */
  failToEnd(error: unknown): void
}

/** How the results and errors of one kind of event are stored and answered. The same object for all its requests. */
export interface Responder<Source> {
  /** Returns what to store of the handler's result; `undefined`: nothing, the claim is released. */
  toStore(result: unknown, source: Source, invocation: Invocation): StoredContent | undefined
  /** Returns what to store of the handler's error; `undefined`: nothing, the claim is released. */
  errorToStore(error: unknown, source: Source, invocation: Invocation): StoredContent | undefined
  /** Returns the first answer: the handler's own result as its caller gets it. */
  respond(result: unknown, source: Source): unknown
  /** Returns the answer to a repeat, from the stored value. */
  replay(value: unknown, source: Source): unknown
  /** Returns the refusal where the event's source takes one, else throws the error. */
  refuse(error: OncekeyError, source: Source, invocation: Invocation): unknown
}
