import { styleText } from 'node:util'
import { decide, type IdempotencyRecord, stateOf } from 'oncekey/inspect'

const UNITS: readonly (readonly [name: string, ms: number])[] = [
  ['d', 86_400_000],
  ['h', 3_600_000],
  ['min', 60_000],
  ['s', 1_000],
]

/** Formats a duration in its largest whole unit, such as `3 min`. A negative one, caused by clock skew, is `0 ms`. */
export function formatDuration(ms: number): string {
  const unit = UNITS.find(([, unitMs]) => ms >= unitMs)
  return unit === undefined ? `${Math.max(0, Math.round(ms))} ms` : `${Math.floor(ms / unit[1])} ${unit[0]}`
}

/** Formats a time, with its distance from the store's time. That has whole seconds, so less than one is `now`. */
export function formatInstant(ms: number, nowMs: number): string {
  const distance = ms > nowMs ? `in ${formatDuration(ms - nowMs)}` : `${formatDuration(nowMs - ms)} ago`
  return `${new Date(ms).toISOString()} (${Math.abs(ms - nowMs) < 1_000 ? 'now' : distance})`
}

export function formatSize(bytes: number): string {
  return bytes < 1024 ? `${bytes} B` : `${(bytes / 1024).toFixed(1)} KiB`
}

/** Describes the state of a record, such as `in progress, lease ends in 3 min`. */
export function describeState(record: IdempotencyRecord, nowMs: number): string {
  switch (stateOf(record, nowMs)) {
    case 'expired':
      return styleText('dim', `expired ${formatDuration(nowMs - record.expiresAtMs)} ago`)
    case 'completed':
      return styleText('green', 'completed')
    case 'released':
      return styleText('cyan', 'released, no run in progress')
    case 'in-flight':
      return styleText('yellow', `in progress, lease ends in ${formatDuration(record.leaseUntilMs - nowMs)}`)
    case 'lapsed':
      return styleText('red', `interrupted, lease lapsed ${formatDuration(nowMs - record.leaseUntilMs)} ago`)
  }
}

/** Describes what the same request would get now, as the protocol decides it. */
export function describeNextRequest(record: IdempotencyRecord, nowMs: number): string {
  const decision = decide(record, record.fingerprint, nowMs)
  switch (decision.kind) {
    case 'completed':
      return 'gets the stored result'
    case 'in-flight':
      return `is told to retry later: a run is in progress (lease ends in ${formatDuration(decision.leaseLeftMs)})`
    case 'outcome-unknown':
      return 'is refused: the interrupted run may or may not have taken effect'
    case 'mismatch':
      return 'is refused: the key was used for a different request'
    case 'claim': {
      const steps = decision.plan.how === 'takeover' ? ', with the saved steps' : ''
      return `runs the handler as attempt ${decision.plan.attempt}${steps}`
    }
  }
}
