import type { AttemptEnd } from 'oncekey/client'

/** The outcome of one attempt, as the client sees it. */
export type Outcome =
  | 'pending'
  | 'executed'
  | 'taken-over'
  | 'replayed'
  | 'in-flight'
  | 'rejected'
  | 'killed'
  | 'failed'
  | 'lost'
  | 'unavailable'

export const OUTCOME_LABELS: Readonly<Record<Outcome, string>> = {
  pending: 'pending',
  executed: 'executed',
  'taken-over': 'taken over',
  replayed: 'replayed',
  'in-flight': 'in progress, will retry',
  rejected: 'rejected',
  killed: 'killed',
  failed: 'failed',
  lost: 'response lost',
  unavailable: 'unavailable',
}

/**
 * Returns the outcome of an attempt.
 *
 * @param isToBeKilled whether the attempt asked to be killed: the API answers the same for a function that throws.
 */
export function outcomeOf({ status, code, isReplay }: AttemptEnd, isToBeKilled: boolean): Outcome {
  if (status === undefined) return 'lost'
  if (isReplay) return 'replayed'
  if (status < 300) return 'executed'
  // Not by the status: the handler answers 409 too, for a payment that is already in the ledger.
  if (code === 'in-flight' || code === 'lease-lost') return 'in-flight'
  if (status < 500) return 'rejected'
  if (status > 500) return 'unavailable'
  return isToBeKilled && code === undefined ? 'killed' : 'failed'
}
