import type { AttemptEnd } from 'oncekey/client'

/** What one attempt came to, as the client sees it. */
export type Outcome =
  | 'under-way'
  | 'executed'
  | 'taken-over'
  | 'replayed'
  | 'in-flight'
  | 'rejected'
  | 'killed'
  | 'failed'
  | 'lost'
  | 'unavailable'

export const OUTCOME_WORDS: Readonly<Record<Outcome, string>> = {
  'under-way': 'under way',
  executed: 'executed',
  'taken-over': 'taken over',
  replayed: 'replayed',
  'in-flight': 'in flight, comes back',
  rejected: 'rejected',
  killed: 'killed',
  failed: 'failed',
  lost: 'reply lost',
  unavailable: 'unavailable',
}

/** @param isToBeKilled whether this attempt asked for that: the API answers the same for a function that throws. */
export function outcomeOf({ status, code, isReplay }: AttemptEnd, isToBeKilled: boolean): Outcome {
  if (status === undefined) return 'lost'
  if (isReplay) return 'replayed'
  if (status < 300) return 'executed'
  // Not by the status: the handler has a 409 of its own, for a payment that the ledger has already.
  if (code === 'in-flight' || code === 'lease-lost') return 'in-flight'
  if (status < 500) return 'rejected'
  if (status > 500) return 'unavailable'
  return isToBeKilled && code === undefined ? 'killed' : 'failed'
}
