import type { DemoState } from './demo-state.ts'
import { formatMoney, formatSeconds, formatTimes } from './format.ts'
import type { Outcome } from './outcome.ts'
import { AMOUNT_INCREASE, OTHER_USER, type Payment, type Scenario } from './scenarios.ts'

/** What was sent, what came of it, and the state of the tables before and after. */
export interface FinishedRun {
  readonly scenario: Scenario | 'again'
  readonly payment: Payment
  readonly outcomes: readonly (readonly Outcome[])[]
  readonly before: DemoState
  readonly after: DemoState
  readonly tookMs: number
}

export interface Summary {
  readonly text: string
  /** `good` if every payment was charged and booked once, `bad` if not, `unclear` if the client gave up. */
  readonly tone: 'good' | 'bad' | 'unclear'
}

/** Summarises a run by the outcomes of its attempts and the changes in the tables. */
export function summarise(run: FinishedRun): Summary {
  const { scenario, payment, outcomes } = run
  const { booked, charged } = changesOf(run)
  const all = outcomes.flat()
  const count = (outcome: Outcome): number => all.filter((one) => one === outcome).length
  const sum = charged.reduce((total, { amount }) => total + amount, 0)

  const expected = scenario === 'again' ? 0 : scenario === 'other-user' ? 2 : 1
  const isUnclear = outcomes.some((one) =>
    ['lost', 'killed', 'failed', 'in-flight', 'unavailable'].includes(one.at(-1) ?? ''),
  )
  if (isUnclear) {
    return {
      tone: 'unclear',
      text: `The client gave up without a response. So far, the card was charged ${formatTimes(charged.length)} and the payment booked ${formatTimes(booked.length)}.`,
    }
  }
  const isOnce = charged.length === expected && booked.length === expected
  const result =
    scenario === 'other-user'
      ? `Charged ${formatTimes(charged.length)}, booked ${formatTimes(booked.length)}: ${formatMoney(sum)} in total.`
      : expected === 0 && isOnce
        ? 'Nothing more was charged or booked.'
        : `${payment.user}’s card was charged ${formatTimes(charged.length)} (${formatMoney(sum)}), and the payment was booked ${formatTimes(booked.length)}.`
  return { tone: isOnce ? 'good' : 'bad', text: `${describe(run, count)} ${result}` }
}

/** Explains why the client waits before its next attempt. */
export function describeWait(outcome: Outcome, waitMs: number): string {
  const when = waitMs < 1_000 ? 'immediately' : `in ${Math.floor(waitMs / 1_000)} s`
  const reason =
    outcome === 'killed'
      ? 'The run was killed after the charge.'
      : outcome === 'lost'
        ? 'The work is done, but the response was lost.'
        : outcome === 'in-flight'
          ? 'According to the table a run is in progress: its lease has not lapsed.'
          : outcome === 'failed'
            ? 'The function failed.'
            : 'The API was unavailable.'
  return `${reason} The client retries ${when}, with the same key.`
}

/** Returns the payments and charges that were added during the run. */
function changesOf({ before, after }: FinishedRun) {
  const known = new Set([...before.payments, ...before.charges].map(({ id }) => id))
  return {
    booked: after.payments.filter(({ id }) => !known.has(id)),
    charged: after.charges.filter(({ id }) => !known.has(id)),
  }
}

function describe(
  { scenario, payment, outcomes, tookMs }: FinishedRun,
  count: (outcome: Outcome) => number,
): string {
  const { isProtected, amount, user } = payment
  const otherAmount = formatMoney(amount + AMOUNT_INCREASE)
  const several = isProtected
    ? `${outcomes.length} requests with one key: ${count('executed')} executed, ${count('replayed')} replayed. Those that arrived during the run were told to retry.`
    : `${outcomes.length} requests without protection: ${count('executed')} executed.`
  switch (scenario) {
    case 'calm':
      // Pay was pressed again before the response arrived.
      if (outcomes.length > 1) return several
      return isProtected
        ? 'One request: the handler ran, and its response is stored for every repeat.'
        : 'One request without protection. Nothing went wrong, so it makes no difference.'
    case 'again':
      if (!isProtected) return 'The same request was sent again without protection: the handler ran again.'
      if (count('rejected') > 0) {
        return 'The same request was sent again, but the table had no record of it: the handler ran, and the ledger already had the payment.'
      }
      return count('replayed') > 0
        ? 'The same request was sent again with the same key: replayed. The handler did not run.'
        : 'The same request was sent again, but the table had no record of it: the handler ran.'
    case 'double-click':
      return several
    case 'lose-reply':
      return isProtected
        ? 'The work was done, but the response was lost. The client retried with the same key and got the stored response: replayed.'
        : 'The work was done, but the response was lost. The client retried, and the work was done again.'
    case 'crash':
      return isProtected
        ? `The first run was killed after the charge. The client retried until the lease had lapsed. Then the next attempt took over and finished, ${formatSeconds(tookMs)} after the first click. The payment provider recognised the charge by its derived key.`
        : 'The run was killed after the charge, and the client retried. Without a record, the first charge was unknown.'
    case 'other-amount':
      return isProtected
        ? `The key was already used for a payment of ${formatMoney(amount)}, so the request for ${otherAmount} was rejected.`
        : `Both requests were executed, ${formatMoney(amount)} and ${otherAmount}: without protection, keys have no effect.`
    case 'other-user':
      return isProtected
        ? `${user} and ${OTHER_USER} used the same key. Keys belong to their caller, so there are two records, and neither user sees the other’s response.`
        : `${user} and ${OTHER_USER} both paid. Without protection no request is recognised as a repeat, so theirs were not mixed up.`
  }
}
