import { describe, expect, it } from 'vitest'
import { decide } from '../../packages/oncekey/src/core/decide.ts'
import {
  type IdempotencyRecord,
  type InFlightRecord,
  type RecordState,
  stateOf,
} from '../../packages/oncekey/src/core/record.ts'

const nowMs = 1_000_000
const claimed: InFlightRecord = {
  id: 'payments#1',
  status: 'in-flight',
  owner: 'owner-1',
  attempt: 1,
  fingerprint: 'json:abc',
  createdAtMs: 0,
  leaseUntilMs: nowMs + 1,
  expiresAtMs: nowMs + 1,
  onCrash: 'rerun',
  steps: new Map(),
}
const { steps: _, ...base } = claimed
const completed: IdempotencyRecord = {
  ...base,
  status: 'completed',
  leaseUntilMs: 0,
  completedAtMs: 0,
  result: { kind: 'undefined' },
}

describe('the state of a record', () => {
  it.each<[string, IdempotencyRecord, RecordState, ReturnType<typeof decide>['kind']]>([
    ['a lease with a moment left', claimed, 'in-flight', 'in-flight'],
    ['a lease that ends now', { ...claimed, leaseUntilMs: nowMs }, 'lapsed', 'claim'],
    [
      'the same, of a run that must not be repeated',
      { ...claimed, leaseUntilMs: nowMs, onCrash: 'refuse' },
      'lapsed',
      'outcome-unknown',
    ],
    ['no lease', { ...claimed, leaseUntilMs: 0 }, 'released', 'claim'],
    ['a result', completed, 'completed', 'completed'],
    ['a result that expires now', { ...completed, expiresAtMs: nowMs }, 'expired', 'claim'],
    ['a live lease that expires now', { ...claimed, expiresAtMs: nowMs }, 'expired', 'claim'],
  ])('with %s agrees with what the next request would get', (_what, record, state, next) => {
    expect(stateOf(record, nowMs)).toBe(state)
    expect(decide(record, record.fingerprint, nowMs).kind).toBe(next)
  })
})
