import { channel } from 'node:diagnostics_channel'
import { ignoreRejection, logHookError, logOutcome } from './log.ts'
import { noticeOf } from './notices.ts'
import type { Invocation, Settings } from './request.ts'

/** The end of a request. Every request has exactly one. */
export type Outcome =
  | 'executed'
  | 'replayed'
  | 'in-flight'
  | 'mismatch'
  | 'missing'
  | 'invalid'
  | 'superseded'
  | 'released'
  | 'completion-failed'
  | 'replay-unavailable'
  | 'outcome-unknown'
  | 'unreadable'
  | 'store-unavailable'
  | 'skipped'

/** The event that `onOutcome` and the diagnostics channel receive. It holds no request, no result and no principal. */
export interface OutcomeEvent {
  readonly outcome: Outcome
  readonly service?: string
  /** The caller's key, as given. */
  readonly key?: string
  /** The record's id. */
  readonly id?: string
  /** The number of the run, if the handler ran under a claim. */
  readonly attempt?: number
  /** Set if this run took over a lapsed lease: an earlier run was interrupted, and may have taken effect. */
  readonly isTakeover?: boolean
  /** From reading the event to the answer, in milliseconds. */
  readonly durationMs: number
  /** The reason, if the outcome is not a success, or if the result of a success was not stored. */
  readonly error?: unknown
  /** The Lambda context, as the handler's host passed it. `undefined` for `runOnce` and `@once`. */
  readonly context?: unknown
}

/** The name of the `node:diagnostics_channel` that every outcome is published to. */
export const OUTCOME_CHANNEL = 'oncekey:outcome'

const outcomes = channel(OUTCOME_CHANNEL)

/**
 * Publishes how a request ended, and logs it if somebody has to look at it. A hook or a logger that throws or rejects
 * changes nothing: the answer is decided.
 */
export function report(
  { clock, onOutcome, isSilent, logger }: Pick<Settings, 'clock' | 'onOutcome' | 'isSilent' | 'logger'>,
  { service, context, startedAtMs }: Pick<Invocation, 'service' | 'context' | 'startedAtMs'>,
  outcome: Outcome,
  facts?: Omit<OutcomeEvent, 'outcome' | 'service' | 'durationMs' | 'context'>,
): void {
  if (isSilent) return
  const notice = logger === false ? undefined : noticeOf(outcome, facts)
  if (onOutcome === undefined && notice === undefined && !outcomes.hasSubscribers) return
  const event = { outcome, service, durationMs: clock.nowMs() - startedAtMs, ...facts, context }
  if (notice !== undefined) logOutcome(logger, notice, event)
  outcomes.publish(event)
  try {
    const returned: unknown = onOutcome?.(event)
    if (returned instanceof Promise) returned.catch((error) => logHookError(logger, 'onOutcome', error))
    else ignoreRejection(returned)
  } catch (error) {
    logHookError(logger, 'onOutcome', error)
  }
}

const warned = new Set<string>()

/** More different warnings than this say nothing new, and would fill the memory. */
const MAX_WARNINGS = 100

/** Prints a warning on standard error, once per process and text. */
export function warnOnce(code: string, message: string): void {
  if (warned.has(message) || warned.size >= MAX_WARNINGS) return
  warned.add(message)
  process.emitWarning(message, { type: 'OncekeyWarning', code })
}
