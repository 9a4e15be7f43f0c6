import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type Decision, decide } from '../../packages/oncekey/src/core/decide.ts'
import type {
  CompletedRecord,
  IdempotencyRecord,
  InFlightRecord,
} from '../../packages/oncekey/src/core/record.ts'
import { completedRecords, fingerprints, inFlightRecords, instants, records } from './arbitraries.ts'

const NOW = 1_000
const OURS = 'jcs:ours'
const THEIRS = 'jcs:theirs'

const base = {
  id: 'payments#1',
  owner: 'owner',
  attempt: 3,
  fingerprint: OURS,
  createdAtMs: 1,
  expiresAtMs: NOW + 1,
  onCrash: 'rerun',
} as const
const inFlight = (facts: Partial<InFlightRecord>): InFlightRecord => ({
  ...base,
  status: 'in-flight',
  leaseUntilMs: NOW + 1,
  steps: new Map(),
  ...facts,
})
const completed: CompletedRecord = {
  ...base,
  status: 'completed',
  leaseUntilMs: 0,
  completedAtMs: 2,
  result: { kind: 'undefined' },
}
const steps = new Map([['charge', { kind: 'undefined' } as const]])
const claim = (how: 'replace' | 'takeover', attempt: number, leaseUntilMs: number): Decision => ({
  kind: 'claim',
  plan: { how, attempt, seen: { owner: 'owner', leaseUntilMs } },
})

describe('decide', () => {
  test.each<[string, IdempotencyRecord | undefined, Decision]>([
    ['nothing: the first claim', undefined, { kind: 'claim', plan: { how: 'insert', attempt: 1 } }],

    ['an expired completed record: a new one', { ...completed, expiresAtMs: NOW }, claim('replace', 1, 0)],
    [
      'an expired record of another fingerprint: a new one',
      { ...completed, fingerprint: THEIRS, expiresAtMs: NOW },
      claim('replace', 1, 0),
    ],
    [
      'an expired record with steps: a new one, without them',
      inFlight({ expiresAtMs: NOW, steps, leaseUntilMs: NOW }),
      claim('replace', 1, NOW),
    ],
    [
      'an expired record that refuses: a new one',
      inFlight({ expiresAtMs: NOW, onCrash: 'refuse', leaseUntilMs: NOW }),
      claim('replace', 1, NOW),
    ],

    ['a released record: a new one that counts on', inFlight({ leaseUntilMs: 0 }), claim('replace', 4, 0)],
    [
      'a released record of another fingerprint: a new one that counts on',
      inFlight({ leaseUntilMs: 0, fingerprint: THEIRS }),
      claim('replace', 4, 0),
    ],
    [
      'a released record that refuses: a new one, for its run is known to have failed',
      inFlight({ leaseUntilMs: 0, onCrash: 'refuse' }),
      claim('replace', 4, 0),
    ],

    [
      'a live lease of another fingerprint: a mismatch',
      inFlight({ fingerprint: THEIRS }),
      { kind: 'mismatch' },
    ],
    [
      'a lapsed lease of another fingerprint: a mismatch',
      inFlight({ fingerprint: THEIRS, leaseUntilMs: NOW }),
      { kind: 'mismatch' },
    ],
    [
      'a result of another fingerprint: a mismatch',
      { ...completed, fingerprint: THEIRS },
      { kind: 'mismatch' },
    ],
    [
      'a released record with steps of another fingerprint: a mismatch',
      inFlight({ fingerprint: THEIRS, leaseUntilMs: 0, steps }),
      { kind: 'mismatch' },
    ],

    ['a result: a replay', completed, { kind: 'completed', record: completed }],
    [
      'a released record with steps: a takeover',
      inFlight({ leaseUntilMs: 0, steps }),
      claim('takeover', 4, 0),
    ],
    [
      'a released record with steps that refuses: a takeover',
      inFlight({ leaseUntilMs: 0, steps, onCrash: 'refuse' }),
      claim('takeover', 4, 0),
    ],
    ['a lapsed lease: a takeover', inFlight({ leaseUntilMs: NOW }), claim('takeover', 4, NOW)],
    ['a lapsed lease with steps: a takeover', inFlight({ leaseUntilMs: 1, steps }), claim('takeover', 4, 1)],
    [
      'a lapsed lease that refuses: an unknown outcome',
      inFlight({ leaseUntilMs: NOW, onCrash: 'refuse' }),
      { kind: 'outcome-unknown' },
    ],
    ['a live lease: in flight', inFlight({}), { kind: 'in-flight', leaseLeftMs: 1, retryAfterMs: 1 }],
    [
      'a live lease that refuses: in flight',
      inFlight({ onCrash: 'refuse', leaseUntilMs: NOW + 500 }),
      { kind: 'in-flight', leaseLeftMs: 500, retryAfterMs: 500 },
    ],
  ])('answers %s', (_, record, decision) => {
    expect(decide(record, OURS, NOW)).toEqual(decision)
  })

  /** "The rule" of docs/concepts.md once more, as predicates that do not depend on their order. */
  const rows: Record<string, (record: IdempotencyRecord, fingerprint: string, nowMs: number) => boolean> = {
    'replace, 1': (record, _, nowMs) => isExpired(record, nowMs),
    'replace, counting': (record, _, nowMs) => !isExpired(record, nowMs) && isFree(record),
    mismatch: (record, fingerprint, nowMs) => isBinding(record, nowMs) && record.fingerprint !== fingerprint,
    completed: (record, fingerprint, nowMs) =>
      isOurs(record, fingerprint, nowMs) && record.status === 'completed',
    'takeover, counting': (record, fingerprint, nowMs) =>
      isOurs(record, fingerprint, nowMs) &&
      record.status === 'in-flight' &&
      (record.leaseUntilMs === 0 || (record.leaseUntilMs <= nowMs && record.onCrash === 'rerun')),
    'outcome-unknown': (record, fingerprint, nowMs) =>
      isOurs(record, fingerprint, nowMs) &&
      record.status === 'in-flight' &&
      record.leaseUntilMs !== 0 &&
      record.leaseUntilMs <= nowMs &&
      record.onCrash === 'refuse',
    'in-flight': (record, fingerprint, nowMs) =>
      isOurs(record, fingerprint, nowMs) && record.status === 'in-flight' && record.leaseUntilMs > nowMs,
  }
  const isExpired = (record: IdempotencyRecord, nowMs: number): boolean => record.expiresAtMs <= nowMs
  const isFree = (record: IdempotencyRecord): boolean =>
    record.status === 'in-flight' && record.leaseUntilMs === 0 && record.steps.size === 0
  const isBinding = (record: IdempotencyRecord, nowMs: number): boolean =>
    !isExpired(record, nowMs) && !isFree(record)
  const isOurs = (record: IdempotencyRecord, fingerprint: string, nowMs: number): boolean =>
    isBinding(record, nowMs) && record.fingerprint === fingerprint

  const rowOf = (decision: Decision, { attempt }: IdempotencyRecord): string => {
    if (decision.kind !== 'claim') return decision.kind
    const { plan } = decision
    const counted = plan.attempt === attempt + 1 ? 'counting' : `${plan.attempt}`
    return `${plan.how}, ${counted}`
  }

  test('gives exactly one answer for every record, fingerprint and time: that of its row', () => {
    fc.assert(
      fc.property(records, fingerprints, instants, (record, fingerprint, nowMs) => {
        const fitting = Object.keys(rows).filter((row) => rows[row]?.(record, fingerprint, nowMs))
        expect(fitting).toEqual([rowOf(decide(record, fingerprint, nowMs), record)])
      }),
      { numRuns: 2_000 },
    )
  })

  test('claims only what it saw, and never below a live lease', () => {
    fc.assert(
      fc.property(records, fingerprints, instants, (record, fingerprint, nowMs) => {
        const decision = decide(record, fingerprint, nowMs)
        const plan = decision.kind === 'claim' ? decision.plan : undefined
        const isSafe =
          plan === undefined ||
          (plan.how !== 'insert' &&
            plan.seen.owner === record.owner &&
            plan.seen.leaseUntilMs === record.leaseUntilMs &&
            (record.leaseUntilMs <= nowMs || record.expiresAtMs <= nowMs))
        expect(isSafe).toBe(true)
      }),
      { numRuns: 2_000 },
    )
  })

  /** How far a record has come by time alone. */
  const progress = (decision: Decision): number => {
    if (decision.kind === 'in-flight') return 0
    return decision.kind === 'claim' && decision.plan.how === 'replace' && decision.plan.attempt === 1 ? 2 : 1
  }

  test('never goes back as time goes on', () => {
    fc.assert(
      fc.property(records, fingerprints, instants, instants, (record, fingerprint, one, other) => {
        const [earlier, later] = [Math.min(one, other), Math.max(one, other)]
        const before = decide(record, fingerprint, earlier)
        const after = decide(record, fingerprint, later)
        expect(progress(after)).toBeGreaterThanOrEqual(progress(before))
      }),
      { numRuns: 2_000 },
    )
  })

  test('changes nothing between the end of a lease and the expiry', () => {
    fc.assert(
      fc.property(records, fingerprints, instants, instants, (record, fingerprint, one, other) => {
        const decisions = [one, other].map((nowMs) => decide(record, fingerprint, nowMs))
        fc.pre(decisions.every((decision) => progress(decision) === 1))
        expect(decisions[0]).toEqual(decisions[1])
      }),
      { numRuns: 500 },
    )
  })

  test('counts the time left of a lease down to its end', () => {
    fc.assert(
      fc.property(inFlightRecords, fc.integer({ min: 1, max: 100 }), (record, leaseLeftMs) => {
        const leaseUntilMs = 20 + leaseLeftMs
        const live = { ...record, leaseUntilMs, expiresAtMs: 1_000 }
        expect(decide(live, live.fingerprint, 20)).toMatchObject({ kind: 'in-flight', leaseLeftMs })
        expect(decide(live, live.fingerprint, leaseUntilMs).kind).not.toBe('in-flight')
      }),
    )
  })

  test.each<[string, Partial<InFlightRecord>, number]>([
    ['has run for 300 ms', { createdAtMs: NOW - 300 }, 300],
    ['was taken over 40 ms ago', { createdAtMs: NOW - 300, takenOverAtMs: NOW - 40 }, 40],
    ['has run for longer than its lease has left', { createdAtMs: 1, leaseUntilMs: NOW + 20 }, 20],
    ['began by a clock that is ahead', { createdAtMs: NOW + 90_000 }, 0],
  ])('asks for a retry as late as a run has taken so far, if it %s', (_, facts, retryAfterMs) => {
    const record = inFlight({ leaseUntilMs: NOW + 500, ...facts })
    expect(decide(record, OURS, NOW)).toMatchObject({ kind: 'in-flight', retryAfterMs })
  })

  test('answers every repeat with the same result until the record expires', () => {
    fc.assert(
      fc.property(completedRecords, instants, (record, nowMs) => {
        const kept = { ...record, expiresAtMs: nowMs + 1 }
        expect(decide(kept, kept.fingerprint, nowMs)).toEqual({ kind: 'completed', record: kept })
        expect(decide(kept, kept.fingerprint, nowMs + 1).kind).toBe('claim')
      }),
    )
  })
})
