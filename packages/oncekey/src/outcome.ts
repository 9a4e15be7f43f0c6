import { channel } from 'node:diagnostics_channel'

/** How a request ended. Every request ends in exactly one. */
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

/** What `onOutcome` and the diagnostics channel are told. It holds no request, no result and no principal. */
export interface OutcomeEvent {
  readonly outcome: Outcome
  readonly service?: string
  /** The caller's key, as given. */
  readonly key?: string
  /** The record's id. */
  readonly id?: string
  /** Which run this was, if the handler ran under a claim. */
  readonly attempt?: number
  /** Whether this run claimed a lapsed lease: an earlier one was cut off, and may have taken effect. */
  readonly isTakeover?: boolean
  /** From reading the event to the answer, in milliseconds. */
  readonly durationMs: number
  /** Why, where the outcome is not a success, or where the result of one found no room in the store. */
  readonly error?: unknown
}

/** The name of the `node:diagnostics_channel` that is told of every outcome. */
export const OUTCOME_CHANNEL = 'oncekey:outcome'

const outcomes = channel(OUTCOME_CHANNEL)

/** Tells the channel and the hook. A hook that throws or rejects changes nothing. */
export function tellOutcome(event: OutcomeEvent, hook: ((event: OutcomeEvent) => unknown) | undefined): void {
  if (outcomes.hasSubscribers) outcomes.publish(event)
  try {
    const told = hook?.(event)
    if (told instanceof Promise) told.catch(() => undefined)
  } catch {
    // The answer is decided; a metric must not change it.
  }
}
