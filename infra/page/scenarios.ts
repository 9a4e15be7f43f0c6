import type { Outcome } from './outcome.ts'
import { type OnWait, type Sending, send } from './send.ts'
import type { TimeLine } from './time-line.ts'
import { money } from './words.ts'

export type Scenario = 'calm' | 'double-click' | 'lose-reply' | 'crash' | 'other-amount' | 'other-user'

/** What the user wants done once. */
export type Intent = Pick<Sending, 'key' | 'user' | 'amount' | 'isProtected'>

/** One euro more, under the same key. */
export const OTHER_AMOUNT = 100
export const OTHER_USER = 'Ben'

export function isScenario(value: string | undefined): value is Scenario {
  return ['calm', 'double-click', 'lose-reply', 'crash', 'other-amount', 'other-user'].includes(value ?? '')
}

/** Plays a scenario; the outcomes are those of each request's attempts. */
export async function play(
  scenario: Scenario,
  intent: Intent,
  clicks: number,
  timeLine: TimeLine,
  onWait: OnWait,
): Promise<readonly (readonly Outcome[])[]> {
  const one = (sending: Sending) => sendOn(timeLine, sending, onWait)
  switch (scenario) {
    case 'calm':
      return [await one(intent)]
    case 'double-click':
      return Promise.all(Array.from({ length: clicks }, () => one(intent)))
    case 'lose-reply':
    case 'crash':
      return [await one({ ...intent, fault: scenario })]
    case 'other-amount':
      return [await one(intent), await one({ ...intent, amount: intent.amount + OTHER_AMOUNT })]
    case 'other-user':
      return [await one(intent), await one({ ...intent, user: OTHER_USER })]
  }
}

export function sendOn(timeLine: TimeLine, sending: Sending, onWait: OnWait): Promise<readonly Outcome[]> {
  return send(sending, timeLine.row(`${sending.user} · ${money(sending.amount)}`), onWait)
}
