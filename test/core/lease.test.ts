import { describe, expect, it } from 'vitest'
import {
  actUntilMs,
  claimUntilMs,
  correctedLeaseEndMs,
  createLease,
  holdUntil,
  leaseEndMs,
  observeStoreTime,
  storeNowMs,
  storeUntilMs,
  waitUntilMs,
} from '../../packages/oncekey/src/core/lease.ts'
import { manualClock } from '../support/manual-clock.ts'
import { createLine } from './line.ts'

const T0 = 1_800_000_000_000
const { settings, request } = (await createLine().start()).claim

interface Facts {
  readonly deadlineMs?: number
  readonly leaseMs?: number
  readonly startMs?: number
}
function leaseOf({ deadlineMs, leaseMs = 10_000, startMs = T0 }: Facts) {
  const clock = manualClock(startMs)
  const skew = { offsetMs: 0 }
  const lease = createLease({ ...settings, clock, skew, leaseMs }, { ...request.invocation, deadlineMs })
  return { clock, skew, lease }
}

describe('a lease', () => {
  it.each([
    [10_000, T0 + 12_000],
    [0.5, T0 + 2_001],
    [-90_000, T0 - 88_000],
    [-T0 - 10_000, 1],
  ])('until a deadline in %d ms ends two seconds after it, and never at 0', (leftMs, endMs) => {
    expect(leaseEndMs(leaseOf({ deadlineMs: T0 + leftMs }).lease)).toBe(endMs)
  })

  it('for a duration begins now, by the clock of the store, in whole milliseconds', () => {
    const { clock, skew, lease } = leaseOf({ leaseMs: 10_000.5 })
    clock.advance(1_000)
    skew.offsetMs = -5_000
    expect(leaseEndMs(lease)).toBe(T0 + 1_000 - 5_000 + 10_001)
  })

  it.each([
    [2_001, T0 + 10_000],
    [-2_001, T0 + 10_000],
    [90_000, T0 + 10_000],
    [2_000, undefined],
    [-2_000, undefined],
    [0, undefined],
  ])('claimed to end %i ms from where it should is moved to %s', (differenceMs, endMs) => {
    expect(correctedLeaseEndMs(leaseOf({}).lease, T0 + 10_000 + differenceMs)).toBe(endMs)
  })

  it('until a deadline is not moved: it does not depend on the clock', () => {
    const { lease } = leaseOf({ deadlineMs: T0 + 10_000 })
    expect(correctedLeaseEndMs(lease, T0 + 90_000)).toBeUndefined()
  })
})

describe('the time of the store', () => {
  it('is the local clock in whole milliseconds until a reply says otherwise', () => {
    expect(storeNowMs(leaseOf({ startMs: T0 + 0.75 }).lease)).toBe(T0)
  })

  it.each([
    [2_001, 2_001],
    [-2_001, -2_001],
    [90_000, 90_000],
    [-90_000, -90_000],
    [2_000, 0],
    [-2_000, 0],
  ])('%i ms off in a reply is a skew of %i ms', (differenceMs, offsetMs) => {
    const { lease, skew } = leaseOf({})
    skew.offsetMs = 1
    observeStoreTime(lease, T0 + differenceMs, T0)
    expect(storeNowMs(lease)).toBe(T0 + offsetMs)
  })

  it('is learned from a reply that took up to two seconds, and from no slower one', () => {
    const { clock, lease } = leaseOf({})
    clock.advance(2_000)
    observeStoreTime(lease, T0 + 92_000, T0)
    expect(storeNowMs(lease)).toBe(T0 + 92_000)
    clock.advance(1)
    observeStoreTime(lease, T0, T0)
    expect(storeNowMs(lease)).toBe(T0 + 92_001)
  })
})

type Row = readonly [facts: Facts, afterMs: number, untilMs: number]
const due = (leftMs: number): Facts => ({ deadlineMs: T0 + leftMs })
const untilOf =
  (until: (lease: ReturnType<typeof createLease>) => number) =>
  (facts: Facts, afterMs: number, untilMs: number): void => {
    const { clock, lease } = leaseOf(facts)
    clock.advance(afterMs)
    expect(until(lease) - T0).toBe(untilMs)
  }

describe('a request without a lease', () => {
  it.each<Row>([
    [due(60_000), 0, 5_000],
    [due(4_000), 0, 2_000],
    [due(4_000), 1_000, 2_500],
    [due(4_000), 3_900, 4_150],
    [due(4_000), 9_000, 9_250],
    [due(-90_000), 0, 2_500],
    [{ leaseMs: 60_000 }, 0, 5_000],
    [{ leaseMs: 4_000 }, 0, 2_000],
    [{ leaseMs: 4_000 }, 90_000, 92_000],
    [{ leaseMs: 400 }, 0, 250],
  ])('of %j claims after %i ms until %i ms: half of what is left', untilOf(claimUntilMs))

  it.each<Row>([
    [due(10_000), 1_000, 9_000],
    [due(10_000), 1_750, 9_750],
    [due(10_000), 2_000, 9_750],
    [{ leaseMs: 1_000 }, 3_000, 11_000],
  ])(
    'of %j waits after %i ms for 8 s, and until %i ms at most',
    untilOf((lease) => waitUntilMs(lease, 8_000)),
  )
})

describe('a run', () => {
  it.each<Row>([
    [due(10_000), 0, 9_750],
    // A deadline that has passed before the run begins is that of a fast clock.
    [due(1), 0, -249],
    [due(0), 0, 4_750],
    [due(-1), 0, 4_750],
    [{}, 2_000, 10_000],
    [{}, 8_000, 13_000],
  ])('of %j stores its result after %i ms until %i ms', untilOf(storeUntilMs))

  it.each<Row>([
    [due(10_000), 0, 9_250],
    [{}, 2_000, 9_500],
  ])('of %j does a step or commit after %i ms until %i ms', untilOf(actUntilMs))

  it('stores its result for as long as its claim is held, by the clock of the store', () => {
    const { clock, lease } = leaseOf({})
    observeStoreTime(lease, T0 + 90_000, T0)
    clock.advance(9_000)
    holdUntil(lease, leaseEndMs(lease))
    expect(storeUntilMs(lease)).toBe(T0 + 19_000)
  })

  it('stores its result before its deadline, though its lease ends later', () => {
    const { lease } = leaseOf(due(10_000))
    holdUntil(lease, leaseEndMs(lease))
    expect(storeUntilMs(lease)).toBe(T0 + 9_750)
  })
})
