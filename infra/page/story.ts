import type { DemoState } from './demo-state.ts'
import type { Outcome } from './outcome.ts'
import { type Intent, OTHER_AMOUNT, OTHER_USER, type Scenario } from './scenarios.ts'
import { money, seconds, times } from './words.ts'

export interface Story {
  readonly scenario: Scenario | 'again'
  readonly intent: Intent
  readonly outcomes: readonly (readonly Outcome[])[]
  readonly before: DemoState
  readonly after: DemoState
  readonly tookMs: number
}

export interface Telling {
  readonly words: string
  /** Whether each intent was charged and booked once: `bad` if one was charged more often. */
  readonly tone: 'good' | 'bad' | 'unclear'
}

/** What the tables and the card company have now that they had not before. */
function newOf({ before, after }: Story) {
  const known = new Set([...before.payments, ...before.charges].map(({ id }) => id))
  return {
    booked: after.payments.filter(({ id }) => !known.has(id)),
    charged: after.charges.filter(({ id }) => !known.has(id)),
  }
}

/** Says in words what happened, from what the answers were and what the tables hold. */
export function tell(story: Story): Telling {
  const { scenario, intent, outcomes } = story
  const { booked, charged } = newOf(story)
  const all = outcomes.flat()
  const count = (outcome: Outcome): number => all.filter((one) => one === outcome).length
  const sum = charged.reduce((total, { amount }) => total + amount, 0)

  const wanted = scenario === 'again' ? 0 : scenario === 'other-user' ? 2 : 1
  const isUnclear = outcomes.some((one) =>
    ['lost', 'killed', 'failed', 'in-flight', 'unavailable'].includes(one.at(-1) ?? ''),
  )
  if (isUnclear) {
    return {
      tone: 'unclear',
      words: `The client gave up before it had an answer. Charged ${times(charged.length)} so far, booked ${times(booked.length)}.`,
    }
  }
  const isOnce = charged.length === wanted && booked.length === wanted
  const ends =
    scenario === 'other-user'
      ? `Charged ${times(charged.length)}, booked ${times(booked.length)}: ${money(sum)} in all.`
      : wanted === 0 && isOnce
        ? 'Nothing more was charged or booked.'
        : `${intent.user}’s card was charged ${times(charged.length)} (${money(sum)}), and the ledger booked ${times(booked.length)}.`
  return { tone: isOnce ? 'good' : 'bad', words: `${leadOf(story, count)} ${ends}` }
}

/** Why the client waits before it asks again. */
export function tellWait(outcome: Outcome, waitMs: number): string {
  const soon = waitMs < 1_000 ? 'at once' : `in ${Math.floor(waitMs / 1_000)} s`
  const why =
    outcome === 'killed'
      ? 'The run was killed after the charge.'
      : outcome === 'lost'
        ? 'The work is done, and the reply is lost.'
        : outcome === 'in-flight'
          ? 'A run is in flight, as far as the table knows: its lease has not lapsed.'
          : outcome === 'failed'
            ? 'The function failed.'
            : 'The API was not able to answer.'
  return `${why} The client asks again ${soon}, under the same key.`
}

function leadOf({ scenario, intent, outcomes, tookMs }: Story, count: (outcome: Outcome) => number): string {
  const { isProtected, amount, user } = intent
  const other = money(amount + OTHER_AMOUNT)
  const many = isProtected
    ? `${outcomes.length} requests under one key: ${count('executed')} executed, ${count('replayed')} replayed. Those that came while it ran were told to come back.`
    : `${outcomes.length} requests, unprotected: ${count('executed')} executed.`
  switch (scenario) {
    case 'calm':
      // Pay was pressed again before the answer had come.
      if (outcomes.length > 1) return many
      return isProtected
        ? 'One request: the handler ran, and its answer is kept for every repeat.'
        : 'One request, unprotected. Nothing went wrong, so nothing shows.'
    case 'again':
      if (!isProtected) return 'The same request came again, unprotected: the handler ran again.'
      if (count('rejected') > 0) {
        return 'The same request came again, but the table had no record of it: the handler ran, and the ledger knew the payment.'
      }
      return count('replayed') > 0
        ? 'The same request came again under the same key: replayed. The handler did not run.'
        : 'The same request came again, but the table had no record of it: the handler ran.'
    case 'double-click':
      return many
    case 'lose-reply':
      return isProtected
        ? 'The work was done, and the reply was lost. The client asked again under the same key and got the stored answer: replayed.'
        : 'The work was done, and the reply was lost. The client asked again, and the work was done again.'
    case 'crash':
      return isProtected
        ? `The first run was killed after the charge. The client asked again until the lease had lapsed; then the next attempt took over and finished, ${seconds(tookMs)} after the first click. The card company knew the charge by its derived key.`
        : 'The run was killed after the charge, and the client asked again. Without a record, nobody knew of the first charge.'
    case 'other-amount':
      return isProtected
        ? `The key already named a payment of ${money(amount)}, so the request for ${other} was rejected.`
        : `Both requests were executed, ${money(amount)} and ${other}: unprotected, a key means nothing.`
    case 'other-user':
      return isProtected
        ? `${user} and ${OTHER_USER} used the same key. Keys belong to their callers: two records, and neither sees the other’s answer.`
        : `${user} and ${OTHER_USER} both paid. Unprotected, nobody’s request is ever recognised, so none is mixed up.`
  }
}
