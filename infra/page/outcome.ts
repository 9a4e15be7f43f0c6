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
  lost: 'reply lost',
  unavailable: 'unavailable',
}

export function outcomeOf({ status, isReplay }: AttemptEnd): Outcome {
  if (status === undefined) return 'lost'
  if (isReplay) return 'replayed'
  if (status < 300) return 'executed'
  if (status === 409) return 'in-flight'
  if (status === 500) return 'killed'
  return status > 500 ? 'unavailable' : 'rejected'
}
