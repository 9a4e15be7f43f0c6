import { createIdempotentFetch } from 'oncekey/client'
import { type Outcome, outcomeOf } from './outcome.ts'
import { readState } from './read-state.ts'
import type { Mark, Row } from './time-line.ts'

export interface Sending {
  readonly key: string
  readonly user: string
  /** Minor units. */
  readonly amount: number
  readonly isProtected: boolean
  /** Strikes the first attempt only: the world does not always misbehave. */
  readonly fault?: 'lose-reply' | 'crash'
}

/** Told when an attempt will be followed by another. */
export type OnWait = (outcome: Outcome, waitMs: number) => void

/** A killed run's lease lasts seconds, and the client is told to come back in at most five. */
const MAX_ATTEMPTS = 8

/**
 * One request, sent by the library's own client, with each of its attempts put on the row.
 * @returns what the attempts came to, in order.
 */
export async function send(sending: Sending, row: Row, onWait: OnWait): Promise<readonly Outcome[]> {
  const { key, user, amount, isProtected, fault } = sending
  const outcomes: Outcome[] = []
  let mark: Mark | undefined
  let coming = fault
  let struck: Sending['fault']

  const pay = createIdempotentFetch({
    maxAttempts: MAX_ATTEMPTS,
    fetch: (request, init) => {
      mark = row.attempt()
      struck = coming
      coming = undefined
      if (struck !== undefined) request.headers.set('X-Demo-Fault', struck)
      return fetch(request, init)
    },
    onAttempt: (attempt) => {
      const outcome = outcomeOf(attempt, struck === 'crash')
      outcomes.push(outcome)
      mark?.end(outcome, attempt.status, attempt.waitMs)
      if (attempt.waitMs !== undefined) onWait(outcome, attempt.waitMs)
    },
  })
  try {
    await pay('/payments', {
      method: 'POST',
      idempotencyKey: key,
      headers: {
        'Content-Type': 'application/json',
        'X-Demo-User': user,
        ...(isProtected ? {} : { 'X-Demo-Protection': 'off' }),
      },
      body: JSON.stringify({ amount, currency: 'EUR', customer: user }),
    })
  } catch {
    // The last attempt's outcome says it already.
  }
  if (outcomes.at(-1) === 'executed' && isProtected && (await attemptOf(key, user)) > 1) {
    outcomes.splice(-1, 1, 'taken-over')
    mark?.rename('taken-over')
  }
  return outcomes
}

/** Which run the record is at: an answer does not say. */
async function attemptOf(key: string, user: string): Promise<number> {
  const { records } = await readState()
  return records.find(({ seen }) => seen?.key === key && seen.user === user)?.attempt ?? 1
}
