import { describe, expect, it } from 'vitest'
import { createTiming } from '../../packages/oncekey/src/attempt/timing.ts'
import { manualClock } from '../support/manual-clock.ts'

const T0 = 1_800_000_000_000

function timingOf(term: { readonly deadlineMs: number } | { readonly leaseMs: number }, startMs = T0) {
  const clock = manualClock(startMs)
  const skew = { offsetMs: 0 }
  const timing =
    'leaseMs' in term
      ? createTiming(clock, { kind: 'duration', ...term }, skew)
      : createTiming(clock, { kind: 'deadline', ...term }, skew)
  return { clock, skew, timing }
}

describe('a lease', () => {
  it('until a deadline ends two seconds after it, in whole milliseconds', () => {
    expect(timingOf({ deadlineMs: T0 + 10_000 }).timing.leaseUntilMs()).toBe(T0 + 12_000)
    expect(timingOf({ deadlineMs: T0 + 0.5 }).timing.leaseUntilMs()).toBe(T0 + 2_001)
  })

  it('for a duration begins now, by the clock of the store, in whole milliseconds', () => {
    const { clock, skew, timing } = timingOf({ leaseMs: 10_000.5 })
    clock.advance(1_000)
    skew.offsetMs = -5_000
    expect(timing.leaseUntilMs()).toBe(T0 + 1_000 - 5_000 + 10_001)
  })

  it('keeps the deadline of the service though the local clock says that it has passed', () => {
    const { timing } = timingOf({ deadlineMs: T0 - 90_000 })
    expect(timing.leaseUntilMs()).toBe(T0 - 88_000)
    expect(timing.claimUntilMs()).toBe(T0 + 2_500)
    expect(timing.storeUntilMs()).toBe(T0 + 4_750)
  })

  it('never ends at 0, which would say that it was released', () => {
    expect(timingOf({ deadlineMs: -10_000 }).timing.leaseUntilMs()).toBe(1)
  })
})

describe('the time of the store', () => {
  it('is the local clock in whole milliseconds until a reply says otherwise', () => {
    expect(timingOf({ leaseMs: 1 }, T0 + 0.75).timing.storeNowMs()).toBe(T0)
  })

  it.each([
    [2_001, 2_001],
    [-2_001, -2_001],
    [90_000, 90_000],
    [-90_000, -90_000],
    [2_000, 0],
    [-2_000, 0],
  ])('%i ms off in a reply is a skew of %i ms', (differenceMs, offsetMs) => {
    const { timing } = timingOf({ leaseMs: 10_000 })
    timing.observe(T0 + differenceMs, T0)
    expect(timing.storeNowMs()).toBe(T0 + offsetMs)
  })

  it('is learnt from a reply that took up to two seconds, and from no slower one', () => {
    const { clock, timing } = timingOf({ leaseMs: 10_000 })
    clock.advance(2_000)
    timing.observe(T0 + 92_000, T0)
    expect(timing.storeNowMs()).toBe(T0 + 92_000)
    clock.advance(1)
    timing.observe(T0, T0)
    expect(timing.storeNowMs()).toBe(T0 + 92_001)
  })

  it('is the local clock again once a reply agrees with it', () => {
    const { timing } = timingOf({ leaseMs: 10_000 })
    timing.observe(T0 + 90_000, T0)
    timing.observe(T0 + 500, T0)
    expect(timing.storeNowMs()).toBe(T0)
  })
})

describe('the lease of a claim', () => {
  it.each([2_001, -2_001, 90_000])('%i ms from what it should be is corrected', (differenceMs) => {
    const { timing } = timingOf({ leaseMs: 10_000 })
    expect(timing.correctedLeaseUntilMs(T0 + 10_000 + differenceMs)).toBe(T0 + 10_000)
  })

  it.each([2_000, -2_000, 0])('%i ms from what it should be is left alone', (differenceMs) => {
    const { timing } = timingOf({ leaseMs: 10_000 })
    expect(timing.correctedLeaseUntilMs(T0 + 10_000 + differenceMs)).toBeUndefined()
  })

  it('until a deadline is left alone: it does not depend on the clock', () => {
    const { timing } = timingOf({ deadlineMs: T0 + 10_000 })
    expect(timing.correctedLeaseUntilMs(T0 + 90_000)).toBeUndefined()
  })
})

describe('claiming', () => {
  it.each([
    [60_000, 0, 5_000],
    [10_000, 0, 5_000],
    [4_000, 0, 2_000],
    [4_000, 1_000, 1_500],
    [4_000, 3_900, 250],
    [4_000, 9_000, 250],
  ])('with %i ms to the deadline, of which %i are over, may take %i ms', (wholeMs, overMs, budgetMs) => {
    const { clock, timing } = timingOf({ deadlineMs: T0 + wholeMs })
    clock.advance(overMs)
    expect(timing.claimUntilMs()).toBe(T0 + overMs + budgetMs)
  })

  it.each([
    [60_000, 5_000],
    [10_000, 5_000],
    [4_000, 2_000],
    [400, 250],
  ])('a lease of %i ms may take %i ms, however long the run has lasted', (leaseMs, budgetMs) => {
    const { clock, timing } = timingOf({ leaseMs })
    expect(timing.claimUntilMs()).toBe(T0 + budgetMs)
    clock.advance(90_000)
    expect(timing.claimUntilMs()).toBe(T0 + 90_000 + budgetMs)
  })
})

describe('waiting for another run', () => {
  it('ends in time to answer before the deadline', () => {
    const { clock, timing } = timingOf({ deadlineMs: T0 + 10_000 })
    clock.advance(1_000)
    expect(timing.waitUntilMs(8_750)).toBe(T0 + 9_750)
    expect(timing.waitUntilMs(8_749)).toBe(T0 + 9_749)
    expect(timing.waitUntilMs(60_000)).toBe(T0 + 9_750)
  })

  it('takes as long as is said where there is no deadline, however short the lease', () => {
    const { clock, timing } = timingOf({ leaseMs: 1_000 })
    clock.advance(3_000)
    expect(timing.waitUntilMs(20_000)).toBe(T0 + 23_000)
  })
})

describe('storing', () => {
  it('leaves time to answer before the deadline, and acting leaves time to store', () => {
    const { timing } = timingOf({ deadlineMs: T0 + 10_000 })
    expect(timing.storeUntilMs()).toBe(T0 + 9_750)
    expect(timing.actUntilMs()).toBe(T0 + 9_250)
  })

  it('without a deadline may take the whole term, and five seconds whenever it begins', () => {
    const { clock, timing } = timingOf({ leaseMs: 10_000 })
    clock.advance(2_000)
    expect(timing.storeUntilMs()).toBe(T0 + 10_000)
    expect(timing.actUntilMs()).toBe(T0 + 9_500)
    clock.advance(6_000)
    expect(timing.storeUntilMs()).toBe(T0 + 13_000)
  })

  it('without a deadline may take as long as the claim is held, by the clock of the store', () => {
    const { clock, timing } = timingOf({ leaseMs: 10_000 })
    timing.observe(T0 + 90_000, T0)
    clock.advance(9_000)
    timing.holdUntil(timing.leaseUntilMs())
    expect(timing.storeUntilMs()).toBe(T0 + 19_000)
    expect(timing.actUntilMs()).toBe(T0 + 18_500)
    clock.advance(9_000)
    expect(timing.storeUntilMs()).toBe(T0 + 23_000)
  })

  it('before a deadline may not, though the lease ends later', () => {
    const { timing } = timingOf({ deadlineMs: T0 + 10_000 })
    timing.holdUntil(timing.leaseUntilMs())
    expect(timing.storeUntilMs()).toBe(T0 + 9_750)
  })

  it.each([
    [1, 1],
    [0, 5_000],
    [-1, 5_000],
  ])('of a run that begins with %i ms left reckons with %i ms', (leftMs, reckonedMs) => {
    const { timing } = timingOf({ deadlineMs: T0 + leftMs })
    expect(timing.storeUntilMs()).toBe(T0 + reckonedMs - 250)
    expect(timing.leaseUntilMs()).toBe(T0 + leftMs + 2_000)
  })
})
