import { decide, type IdempotencyRecord, stateOf } from 'oncekey/inspect'
import type { Styled } from './terminal.ts'

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
  const date = new Date(ms)
  // A damaged record may hold a number that is no time of a `Date`.
  const instant = Number.isNaN(date.getTime()) ? `${ms} ms` : date.toISOString()
  return `${instant} (${Math.abs(ms - nowMs) < 1_000 ? 'now' : distance})`
}

export function formatSize(bytes: number): string {
  return bytes < 1024 ? `${bytes} B` : `${(bytes / 1024).toFixed(1)} KiB`
}

/** Describes the state of a record, such as `in progress, lease ends in 3 min`. */
export function describeState(record: IdempotencyRecord, nowMs: number): Styled {
  switch (stateOf(record, nowMs)) {
    case 'expired':
      return { style: 'dim', text: `expired ${formatDuration(nowMs - record.expiresAtMs)} ago` }
    case 'completed':
      return hasResult(record)
        ? { style: 'green', text: 'completed' }
        : { style: 'yellow', text: 'completed, but its result was not stored' }
    case 'released':
      return { style: 'cyan', text: 'released, no run in progress' }
    case 'in-flight':
      return {
        style: 'yellow',
        text: `in progress, lease ends in ${formatDuration(record.leaseUntilMs - nowMs)}`,
      }
    case 'lapsed':
      return {
        style: 'red',
        text: `interrupted, lease lapsed ${formatDuration(nowMs - record.leaseUntilMs)} ago`,
      }
  }
}

function hasResult(record: IdempotencyRecord): boolean {
  return record.status === 'completed' && record.result.kind !== 'unavailable'
}

/** Describes what the same request would get now, as the protocol decides it. */
export function describeNextRequest(record: IdempotencyRecord, nowMs: number): string {
  const decision = decide(record, record.fingerprint, nowMs)
  switch (decision.kind) {
    case 'completed':
      return hasResult(record)
        ? 'gets the stored result'
        : 'is refused (over HTTP with 410): the work is done, but its result was not stored'
    case 'in-flight':
      return `is told to retry later: a run is in progress (lease ends in ${formatDuration(decision.leaseLeftMs)})`
    case 'outcome-unknown':
      return 'is refused: the interrupted run may or may not have taken effect'
    case 'mismatch':
      return 'is refused: the key was used for a different request'
    case 'claim': {
      const { how, attempt } = decision.plan
      const runs = `runs the handler as attempt ${attempt}`
      if (how !== 'takeover') return `${runs}, even if its content differs from the earlier request`
      return hasSteps(record) ? `${runs}, with the saved steps` : runs
    }
  }
}

export function hasSteps(record: IdempotencyRecord): boolean {
  return record.status === 'in-flight' && record.steps.size > 0
}
