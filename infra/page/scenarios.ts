import { createIdempotentFetch } from 'oncekey/client'
import { formatMoney } from './format.ts'
import { type Fault, type Outcome, outcomeOf } from './outcome.ts'
import { readState } from './tables.ts'
import type { AttemptMark, Timeline, TimelineRow } from './timeline.ts'

export type Scenario = 'calm' | 'double-click' | 'lose-reply' | 'crash' | 'other-amount' | 'other-user'

/** A payment to send. */
export interface Payment {
  readonly key: string
  readonly user: string
  /** In minor units. */
  readonly amount: number
  readonly isProtected: boolean
}

/** Called when another attempt will follow. */
export type OnWait = (outcome: Outcome, waitMs: number) => void

export const AMOUNT_INCREASE = 100
export const OTHER_USER = 'Ben'

/** Enough to outlast the lease of a killed run, which is several seconds: the server asks to wait up to five. */
const MAX_ATTEMPTS = 8

export function isScenario(value: string | undefined): value is Scenario {
  return ['calm', 'double-click', 'lose-reply', 'crash', 'other-amount', 'other-user'].includes(value ?? '')
}

/** Sends the requests of a scenario. Resolves to the outcomes of each request's attempts. */
export async function runScenario(
  scenario: Scenario,
  payment: Payment,
  clicks: number,
  timeline: Timeline,
  onWait: OnWait,
): Promise<readonly (readonly Outcome[])[]> {
  const send = (one: Payment, fault?: Fault) => sendPayment(timeline, one, onWait, fault)
  switch (scenario) {
    case 'calm':
      return [await send(payment)]
    case 'double-click':
      return Promise.all(Array.from({ length: clicks }, () => send(payment)))
    case 'lose-reply':
    case 'crash':
      return [await send(payment, scenario)]
    case 'other-amount':
      return [await send(payment), await send({ ...payment, amount: payment.amount + AMOUNT_INCREASE })]
    case 'other-user':
      return [await send(payment), await send({ ...payment, user: OTHER_USER })]
  }
}

/**
 * Sends one request with the library's client, on a new row of the timeline.
 *
 * @param fault happens to the first attempt only.
 * @returns the outcomes of its attempts, in order.
 */
export async function sendPayment(
  timeline: Timeline,
  payment: Payment,
  onWait: OnWait,
  fault?: Fault,
): Promise<readonly Outcome[]> {
  const { key, user, amount, isProtected } = payment
  const row: TimelineRow = timeline.addRow(`${user} · ${formatMoney(amount)}`)
  const outcomes: Outcome[] = []
  let mark: AttemptMark | undefined
  let nextFault = fault
  let currentFault: Fault | undefined

  const pay = createIdempotentFetch({
    maxAttempts: MAX_ATTEMPTS,
    fetch: (request, init) => {
      mark = row.startAttempt()
      currentFault = nextFault
      nextFault = undefined
      if (currentFault !== undefined) request.headers.set('X-Demo-Fault', currentFault)
      return fetch(request, init)
    },
    onAttempt: (attempt) => {
      const outcome = outcomeOf(attempt, currentFault)
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
    // The outcome of the last attempt already says that there was no response.
  }
  if (outcomes.at(-1) === 'executed' && isProtected && (await readAttempt(key, user)) > 1) {
    outcomes.splice(-1, 1, 'taken-over')
    mark?.rename('taken-over')
  }
  return outcomes
}

/** Reads the attempt number from the record, because a response does not contain it. */
async function readAttempt(key: string, user: string): Promise<number> {
  // If the server is gone, the attempt stays unknown.
  const records = await readState().then(
    (state) => state.records,
    () => [],
  )
  return records.find(({ seen }) => seen?.key === key && seen.user === user)?.attempt ?? 1
}
