import type { Task } from './caller.ts'
import { LONG_MS } from './clients.ts'
import type { State, Underway } from './state.ts'

/**
 * Returns until when time can pass without making a renewal late: each is tried when it is due, and waits for its reply
 * as long as its timeout says. Only a frozen process is late, and a run that its host ends needs no renewal.
 */
export function noneLateUntilMs({ requests, nowMs }: State): number {
  return Math.min(...requests.map((request) => renewalDueMs(request, nowMs)))
}

/** Returns when a task gives up waiting for a reply that never comes. */
export function silentUntilMs({ main, renewal, moment }: Underway, task: Task): number {
  if (task === 'main') return main.sinceMs + LONG_MS
  const pending = moment.output.renewal
  return renewal.sinceMs + (pending?.kind === 'call' ? pending.timeoutMs : 0)
}

/** Returns when the next thing happens by itself, after now, unless a renewal must be tried before time passes. */
export function nextTurnMs(state: State): number | undefined {
  const { record, requests, nowMs } = state
  const dueMs = noneLateUntilMs(state)
  const endsMs = [
    record?.value.leaseUntilMs ?? 0,
    ...requests.map(({ moment }) => moment.output.endsAtMs ?? 0),
  ].filter((ms) => ms > nowMs)
  const nextMs = Math.min(dueMs, ...endsMs)
  return nextMs > nowMs && Number.isFinite(nextMs) ? nextMs : undefined
}

/** Returns whether a request waits for a reply for longer than until the next renewal. */
export function isHeldUp(state: State): boolean {
  const dueMs = noneLateUntilMs(state)
  return state.requests.some(
    (request) => request.main.reply === 'never' && silentUntilMs(request, 'main') > dueMs,
  )
}

function renewalDueMs(underway: Underway, nowMs: number): number {
  const { moment, renewal } = underway
  const { request, output } = moment
  if (request.host === 'lambda') return Number.POSITIVE_INFINITY
  if (output.renewal === undefined) return output.timerMs ?? Number.POSITIVE_INFINITY
  return renewal.reply === 'never' ? silentUntilMs(underway, 'renewal') : nowMs
}
