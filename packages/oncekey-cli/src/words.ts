import { styleText } from 'node:util'
import { decide, type IdempotencyRecord, stateOf } from 'oncekey/inspect'

const UNITS: readonly (readonly [name: string, ms: number])[] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
]

/** `3 min`, `12 s`: as much as a person needs to decide. Under zero, which is skew between clocks, is none. */
export function duration(ms: number): string {
  const unit = UNITS.find(([, unitMs]) => ms >= unitMs)
  return unit === undefined ? `${Math.max(0, Math.round(ms))} ms` : `${Math.floor(ms / unit[1])} ${unit[0]}`
}

/** A time and how far it is from the store's, which comes in whole seconds: less than one is no distance. */
export function instant(ms: number, nowMs: number): string {
  const distance = ms > nowMs ? `in ${duration(ms - nowMs)}` : `${duration(nowMs - ms)} ago`
  return `${new Date(ms).toISOString()} (${Math.abs(ms - nowMs) < 1_000 ? 'now' : distance})`
}

export function size(bytes: number): string {
  return bytes < 1024 ? `${bytes} B` : `${(bytes / 1024).toFixed(1)} KiB`
}

export function stateWords(record: IdempotencyRecord, nowMs: number): string {
  switch (stateOf(record, nowMs)) {
    case 'expired':
      return styleText('dim', `expired ${duration(nowMs - record.expiresAtMs)} ago`)
    case 'completed':
      return styleText('green', 'completed')
    case 'released':
      return styleText('cyan', 'in flight, released: nobody runs')
    case 'in-flight':
      return styleText('yellow', `in flight, lease ${duration(record.leaseUntilMs - nowMs)} left`)
    case 'lapsed':
      return styleText('red', `in flight, lease lapsed ${duration(nowMs - record.leaseUntilMs)} ago`)
  }
}

/** What the same request gets if it comes now: the protocol's own answer. */
export function nextWords(record: IdempotencyRecord, nowMs: number): string {
  const decision = decide(record, record.fingerprint, nowMs)
  switch (decision.kind) {
    case 'replay':
      return 'gets the stored answer'
    case 'in-flight':
      return `is told to come back: a run is in flight (${duration(decision.leaseLeftMs)} left)`
    case 'outcome-unknown':
      return 'is refused: whether the run that was cut off took effect is not known'
    case 'mismatch':
      return 'is refused: the key names another request'
    case 'claim': {
      const kept = decision.plan.how === 'takeover' ? ' and keeps the saved steps' : ''
      return `runs the handler, as attempt ${decision.plan.attempt}${kept}`
    }
  }
}
