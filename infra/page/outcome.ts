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
  | 'no-response'
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
  'no-response': 'no response',
  unavailable: 'unavailable',
}

/** A fault that an attempt asks the local server for. */
export type Fault = 'lose-reply' | 'crash'

/**
 * Returns the outcome of an attempt.
 *
 * @param fault what the attempt asked for. Without it, a broken connection is not known to be a lost response, nor is a
 * function that failed known to have been killed.
 */
export function outcomeOf({ status, code, isReplay }: AttemptEnd, fault: Fault | undefined): Outcome {
  if (status === undefined) return fault === 'lose-reply' ? 'lost' : 'no-response'
  if (isReplay) return 'replayed'
  if (status < 300) return 'executed'
  // Not by the status: the handler answers 409 too, for a payment that is already in the ledger.
  if (code === 'in-flight' || code === 'lease-lost') return 'in-flight'
  if (status < 500) return 'rejected'
  if (status > 500) return 'unavailable'
  return fault === 'crash' && code === undefined ? 'killed' : 'failed'
}
