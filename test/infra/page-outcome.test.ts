import { describe, expect, test } from 'vitest'
import { outcomeOf } from '../../infra/page/outcome.ts'

/** Returns an attempt as the client reports it. */
const attempt = (facts: { status?: number; code?: string; isReplay?: boolean }) => ({
  key: 'k',
  number: 1,
  durationMs: 1,
  isReplay: false,
  ...facts,
})

describe('an attempt on the page', () => {
  test.each([
    [{}, 'no-response'],
    [{ status: 201 }, 'executed'],
    [{ status: 201, isReplay: true }, 'replayed'],
    [{ status: 409, isReplay: true }, 'replayed'],
    [{ status: 409, code: 'in-flight' }, 'in-flight'],
    [{ status: 409, code: 'lease-lost' }, 'in-flight'],
    [{ status: 423, code: 'in-flight' }, 'in-flight'],
    [{ status: 409 }, 'rejected'],
    [{ status: 409, code: 'outcome-unknown' }, 'rejected'],
    [{ status: 422, code: 'key-reused' }, 'rejected'],
    [{ status: 500 }, 'failed'],
    [{ status: 500, code: 'record-unreadable' }, 'failed'],
    [{ status: 503, code: 'store-unavailable' }, 'unavailable'],
  ] as const)('that ended with %j is %s', (facts, outcome) => {
    expect(outcomeOf(attempt(facts), undefined)).toBe(outcome)
  })

  test('was killed only if it asked for that and has no other reason for the 500', () => {
    expect(outcomeOf(attempt({ status: 500 }), 'crash')).toBe('killed')
    expect(outcomeOf(attempt({ status: 500, code: 'record-unreadable' }), 'crash')).toBe('failed')
    expect(outcomeOf(attempt({ status: 503 }), 'crash')).toBe('unavailable')
    expect(outcomeOf(attempt({ status: 409, code: 'in-flight' }), 'crash')).toBe('in-flight')
    expect(outcomeOf(attempt({}), 'crash')).toBe('no-response')
  })

  test('lost its response only if it asked for that', () => {
    expect(outcomeOf(attempt({}), 'lose-reply')).toBe('lost')
  })
})
