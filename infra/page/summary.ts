import type { DemoState } from './demo-state.ts'
import { formatMoney, formatSeconds, formatTimes } from './format.ts'
import { OUTCOME_LABELS, type Outcome } from './outcome.ts'
import { AMOUNT_INCREASE, OTHER_USER, type Payment, type Scenario } from './scenarios.ts'

/** An order: what was sent, what came of it, and the state of the tables before and after. */
export interface PaidOrder {
  readonly scenario: Scenario
  readonly payment: Payment
  /** The outcomes of the attempts of each request of the scenario. */
  readonly outcomes: readonly (readonly Outcome[])[]
  /** The same for the requests of further presses of Pay. */
  readonly repeats: readonly (readonly Outcome[])[]
  readonly before: DemoState
  readonly after: DemoState
  /** How long the scenario took. */
  readonly tookMs: number
}

export interface Summary {
  readonly text: string
  /** `good` if every payment was charged and booked once, `bad` if not, `unclear` if that is not known. */
  readonly tone: 'good' | 'bad' | 'unclear'
}

/** The client may send the request again after these. */
const OPEN_ENDS: readonly (Outcome | undefined)[] = [
  undefined,
  'lost',
  'no-response',
  'killed',
  'failed',
  'in-flight',
  'unavailable',
]

/** Summarises an order by the outcomes of its attempts and the changes in the tables. */
export function summarise(order: PaidOrder): Summary {
  const { scenario, payment, outcomes, repeats, before, after } = order
  if (before.contentsId !== after.contentsId) {
    return {
      tone: 'unclear',
      text: 'Meanwhile the tables were emptied, or the local server was started again, so the ledger does not show all that happened. Open a new order.',
    }
  }
  const { booked, charged } = changesOf(order)
  const open = [...outcomes, ...repeats].find((one) => OPEN_ENDS.includes(one.at(-1)))
  if (open !== undefined) {
    return {
      tone: 'unclear',
      text: `The client gave up (last outcome: ${OUTCOME_LABELS[open.at(-1) ?? 'pending']}). So far, the card was charged ${formatTimes(charged.length)} and the payment booked ${formatTimes(booked.length)}.`,
    }
  }
  const sum = formatMoney(charged.reduce((total, { amount }) => total + amount, 0))
  const expected = scenario === 'other-user' ? 2 : 1
  const isOnce = charged.length === expected && booked.length === expected
  const result =
    scenario === 'other-user'
      ? `Charged ${formatTimes(charged.length)}, booked ${formatTimes(booked.length)}: ${sum} in total.`
      : `${payment.user}’s card was charged ${formatTimes(charged.length)} (${sum}), and the payment was booked ${formatTimes(booked.length)}.`
  return { tone: isOnce ? 'good' : 'bad', text: `${describe(order)} ${result}` }
}

/** Explains why the client waits before its next attempt. */
export function describeWait(outcome: Outcome, waitMs: number): string {
  const when = waitMs < 1_000 ? 'immediately' : `in ${Math.floor(waitMs / 1_000)} s`
  return `${reasonToWait(outcome)} The client retries ${when}, with the same key.`
}

function reasonToWait(outcome: Outcome): string {
  switch (outcome) {
    case 'killed':
      return 'The run was killed after the charge.'
    case 'lost':
      return 'The connection broke before the response arrived. The client cannot know that the work is done.'
    case 'no-response':
      return 'No response, because the connection failed. The client cannot know whether the work is done.'
    case 'in-flight':
      return 'According to the table a run is in progress: its lease has not lapsed.'
    case 'failed':
      return 'The function failed.'
    default:
      return 'The API was unavailable.'
  }
}

/** Returns the payments and charges of the order's users that were added since it was sent. */
function changesOf({ scenario, payment, before, after }: PaidOrder) {
  const known = new Set([...before.payments, ...before.charges].map(({ id }) => id))
  const users = scenario === 'other-user' ? [payment.user, OTHER_USER] : [payment.user]
  // Somebody else may have paid meanwhile, with curl.
  const isOwn = (one: { id: string; customer: string }) => !known.has(one.id) && users.includes(one.customer)
  return { booked: after.payments.filter(isOwn), charged: after.charges.filter(isOwn) }
}

function describe(order: PaidOrder): string {
  const { scenario, outcomes, repeats } = order
  const isList = scenario === 'calm' || scenario === 'double-click'
  if (isList && outcomes.length + repeats.length > 1)
    return describeRequests([...outcomes, ...repeats], order)
  const described = describeScenario(order)
  if (repeats.length === 0) return described
  return `${described} Then the same request was sent again: ${countEnds(repeats)}.`
}

function describeRequests(requests: PaidOrder['outcomes'], { payment }: PaidOrder): string {
  const what = payment.isProtected ? 'with one key' : 'without protection'
  const told = requests.flat().includes('in-flight')
    ? ' Those that arrived during the run were told to retry.'
    : ''
  return `${requests.length} requests ${what}: ${countEnds(requests)}.${told}`
}

/** Counts how requests ended: `1 executed, 19 replayed`. */
function countEnds(requests: PaidOrder['outcomes']): string {
  const ends = requests.flatMap((one) => one.slice(-1))
  return [...new Set(ends)]
    .map((end) => `${ends.filter((one) => one === end).length} ${OUTCOME_LABELS[end]}`)
    .sort((one, other) => one.replace(/^\d+ /, '').localeCompare(other.replace(/^\d+ /, '')))
    .join(', ')
}

function describeScenario({ scenario, payment, outcomes, tookMs }: PaidOrder): string {
  const { isProtected, amount, user } = payment
  const otherAmount = formatMoney(amount + AMOUNT_INCREASE)
  const ends = outcomes.map((one) => one.at(-1)).join()
  switch (`${scenario} ${isProtected ? 'protected' : 'unprotected'} ${ends}`) {
    case 'calm protected executed':
      return 'One request: the handler ran, and its response is stored for every repeat.'
    case 'calm unprotected executed':
      return 'One request without protection. Nothing went wrong, so it makes no difference.'
    case 'lose-reply protected replayed':
      return 'The work was done, but the response was lost. The client retried with the same key and got the stored response: replayed.'
    case 'lose-reply unprotected executed':
      return 'The work was done, but the response was lost. The client retried, and the work was done again.'
    case 'crash protected taken-over':
      return `The first run was killed after the charge. The client retried until the lease had lapsed. Then the next attempt took over and finished, ${formatSeconds(tookMs)} after the first click. The payment provider recognised the charge by its derived key.`
    case 'crash unprotected executed':
      return 'The run was killed after the charge, and the client retried. Without a record, the first charge was unknown.'
    case 'other-amount protected executed,rejected':
      return `The key was already used for a payment of ${formatMoney(amount)}, so the request for ${otherAmount} was rejected.`
    case 'other-amount unprotected executed,executed':
      return `Both requests were executed, ${formatMoney(amount)} and ${otherAmount}: without protection, keys have no effect.`
    case 'other-user protected executed,executed':
      return `${user} and ${OTHER_USER} used the same key. Keys belong to their caller, so there are two records, and neither user sees the other’s response.`
    case 'other-user unprotected executed,executed':
      return `${user} and ${OTHER_USER} both paid. Without protection no request is recognised as a repeat, so theirs were not mixed up.`
    default:
      // Something else went wrong, such as a server that was stopped.
      return `The attempts ended: ${outcomes.map((one) => one.map((outcome) => OUTCOME_LABELS[outcome]).join(', ')).join('; ')}.`
  }
}
