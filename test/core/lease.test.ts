import { manualClock } from 'oncekey/testing'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { systemClock } from '../../packages/oncekey/src/core/clock.ts'
import {
  actsUntilMs,
  actUntilMs,
  claimUntilMs,
  correctedLeaseEndMs,
  createLease,
  firstLeaseEndMs,
  holdUntil,
  mayHaveLapsed,
  observeStoreTime,
  remainingMs,
  renewedLeaseEndMs,
  resultExpiryMs,
  storeNowMs,
  storeUntilMs,
  waitUntilMs,
} from '../../packages/oncekey/src/core/lease.ts'
import { createLine } from './line.ts'

const T0 = 1_800_000_000_000
const { settings, request } = (await createLine().start()).claim

interface Facts {
  readonly deadlineMs?: number
  /** Whether the host ends the run there, as Lambda does. */
  readonly isDeadlineEnforced?: boolean
  readonly leaseMs?: number
  readonly startMs?: number
  readonly maxWaitMs?: number
}
function leaseOf({
  deadlineMs,
  isDeadlineEnforced = deadlineMs !== undefined,
  leaseMs = 10_000,
  startMs = T0,
  maxWaitMs = Number.POSITIVE_INFINITY,
}: Facts) {
  const clock = manualClock(startMs)
  const skew = { offsetMs: 0 }
  const invocation = { ...request.invocation, deadlineMs, isDeadlineEnforced, startedAtMs: startMs }
  const begin = () =>
    createLease({ ...settings, clock, skew, leaseMs }, { ...request, invocation, maxWaitMs })
  return { clock, skew, begin, lease: begin() }
}

describe('a lease', () => {
  it.each([
    [10_000, T0 + 12_000],
    [0.5, T0 + 2_001],
    [-90_000, T0 - 88_000],
    [-T0 - 10_000, 1],
  ])(
    'until a deadline in %d ms that the host enforces ends two seconds after it, and never at 0',
    (leftMs, endMs) => {
      expect(firstLeaseEndMs(leaseOf({ deadlineMs: T0 + leftMs }).lease)).toBe(endMs)
    },
  )

  it.each([
    [1_000, T0 + 3_000],
    [0.5, T0 + 2_001],
    [9_999, T0 + 11_999],
    [10_000, T0 + 12_000],
    [900_000, T0 + 12_000],
    [0, T0 + 12_000],
    [-90_000, T0 + 12_000],
  ])(
    'of a run that nobody ends at its deadline in %d ms is no longer than one that is renewed',
    (leftMs, endMs) => {
      const { lease } = leaseOf({ deadlineMs: T0 + leftMs, isDeadlineEnforced: false })
      expect(firstLeaseEndMs(lease)).toBe(endMs)
    },
  )

  it('of a run that nobody ends is by the clock of the store, and never ends at 0', () => {
    const { skew, begin } = leaseOf({ deadlineMs: T0 + 1_000, isDeadlineEnforced: false })
    skew.offsetMs = -90_000
    expect(firstLeaseEndMs(begin())).toBe(T0 - 87_000)
    skew.offsetMs = -T0 - 10_000
    expect(firstLeaseEndMs(begin())).toBe(1)
  })

  it('for a duration begins now, by the clock of the store, in whole milliseconds, with two seconds more', () => {
    const { clock, skew, begin } = leaseOf({ leaseMs: 10_000.5 })
    clock.advance(1_000)
    skew.offsetMs = -5_000
    const endMs = T0 + 1_000 - 5_000 + 12_001
    expect(firstLeaseEndMs(begin())).toBe(endMs)
    expect(renewedLeaseEndMs(begin())).toBe(endMs)
  })

  it('is believed in for two seconds less', () => {
    expect(actsUntilMs(firstLeaseEndMs(leaseOf({}).lease))).toBe(T0 + 10_000)
  })

  it.each([
    [2_001, T0 + 12_000],
    [-2_001, T0 + 12_000],
    [90_000, T0 + 12_000],
    [2_000, undefined],
    [-2_000, undefined],
    [0, undefined],
  ])('claimed to end %i ms from where it should is moved to %s', (differenceMs, endMs) => {
    expect(correctedLeaseEndMs(leaseOf({}).lease, T0 + 12_000 + differenceMs)).toBe(endMs)
    const unenforced = leaseOf({ deadlineMs: T0 + 60_000, isDeadlineEnforced: false })
    expect(correctedLeaseEndMs(unenforced.lease, T0 + 12_000 + differenceMs)).toBe(endMs)
  })

  it('until a deadline that the host enforces is not moved: it does not depend on the clock', () => {
    const { lease } = leaseOf({ deadlineMs: T0 + 10_000 })
    expect(correctedLeaseEndMs(lease, T0 + 90_000)).toBeUndefined()
  })

  // The Date header of 12:00:00.999 says 12:00:00.
  it.each([
    [8_999, 0, false],
    [9_000, 0, true],
    [5_000, 3_999, false],
    [5_000, 4_000, true],
  ])('of 10 s may be over %i ms into it by a reply that took %i ms: %s', (replyMs, tookMs, isOver) => {
    expect(mayHaveLapsed(T0 + 10_000, T0 + replyMs, tookMs)).toBe(isOver)
  })
})

describe('the end of a run', () => {
  it('is that of its lease where there is no deadline, be it sooner', () => {
    const { lease } = leaseOf({})
    holdUntil(lease, T0 + 5_000)
    expect(lease.endsAtMs).toBe(T0 + 3_000)
  })

  it('is its deadline, unless its lease is renewed beyond that', () => {
    const { lease } = leaseOf({ deadlineMs: T0 + 60_000 })
    holdUntil(lease, T0 + 10_000)
    expect(lease.endsAtMs).toBe(T0 + 60_000)
    holdUntil(lease, T0 + 80_000)
    expect(lease.endsAtMs).toBe(T0 + 78_000)
  })
})

it('a deadline of a host that says nothing of ending runs there is not enforced', () => {
  const { isDeadlineEnforced: _, ...invocation } = { ...request.invocation, deadlineMs: T0 + 90_000 }
  const lease = createLease(
    { ...settings, clock: manualClock(T0), leaseMs: 10_000 },
    { ...request, invocation },
  )
  expect(firstLeaseEndMs(lease)).toBe(T0 + 12_000)
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
    [-2_000, 0],
    // The reply's time is rounded down: the store's may be a second more than this, which is all of the margin.
    [1_000, 0],
    [1_001, 1_001],
  ])('%i ms off in a reply is a skew of %i ms', (differenceMs, offsetMs) => {
    const { lease, skew } = leaseOf({})
    skew.offsetMs = 1
    observeStoreTime(lease, T0 + differenceMs, T0)
    expect(storeNowMs(lease)).toBe(T0 + offsetMs)
    expect(skew.offsetMs).toBe(offsetMs)
  })

  it('is learned from a reply that took up to two seconds, and from no slower one', () => {
    const { clock, lease } = leaseOf({})
    clock.advance(2_000)
    observeStoreTime(lease, T0 - 90_000, T0)
    expect(storeNowMs(lease)).toBe(T0 - 90_000 + 1_000)
    clock.advance(1)
    observeStoreTime(lease, T0 - 95_000, T0)
    expect(storeNowMs(lease)).toBe(T0 - 90_000 + 1_001)
  })

  it.each([0, 1_500, 2_000, 3_000])(
    'is never taken for more than the margin earlier than it may have been in a reply after %i ms',
    (tookMs) => {
      const { clock, lease, skew } = leaseOf({})
      clock.advance(tookMs)
      // The clock is slow: the call was answered at once, at the very end of the second.
      observeStoreTime(lease, T0 + 2_900, T0)
      const storeMs = T0 + 2_900 + 1_000 + tookMs
      expect(storeNowMs(lease)).toBeGreaterThanOrEqual(storeMs - 2_000)
      expect(skew.offsetMs).toBe(tookMs > 2_000 ? 0 : lease.offsetMs)
    },
  )

  it('that one request has learned is known to the next, and moves nothing of those that run', () => {
    const { begin, lease: running } = leaseOf({})
    observeStoreTime(begin(), T0 + 90_000, T0)
    expect(storeNowMs(begin())).toBe(T0 + 90_000)
    expect(storeNowMs(running)).toBe(T0)
  })

  it.each([120_000, -120_000])('goes on evenly in a run whose system sets its clock by %i ms', (byMs) => {
    const lease = createLease({ ...settings, clock: systemClock }, request)
    const beganAtMs = storeNowMs(lease)
    const { now } = Date
    vi.spyOn(Date, 'now').mockImplementation(() => now() + byMs)
    onTestFinished(() => void vi.restoreAllMocks())
    expect(storeNowMs(lease) - beganAtMs).toBeGreaterThanOrEqual(0)
    expect(storeNowMs(lease) - beganAtMs).toBeLessThan(60_000)
    const next = createLease({ ...settings, clock: systemClock }, request)
    expect(Math.abs(storeNowMs(next) - beganAtMs - byMs)).toBeLessThan(60_000)
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

  it.each<Row>([
    [due(10_000), 4_000, 6_000],
    [{ ...due(10_000), isDeadlineEnforced: false }, 4_000, 6_000],
    [due(-90_000), 1_000, 4_000],
    [{ ...due(-1), isDeadlineEnforced: false }, 0, Number.POSITIVE_INFINITY],
    [{}, 90_000, Number.POSITIVE_INFINITY],
  ])(
    'of %j has after %i ms %d ms before its deadline',
    untilOf((lease) => T0 + remainingMs(lease)),
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
    [due(900_000), 1_000, 31_000],
    [{ leaseMs: 60_000 }, 1_000, 31_000],
    [{ ...due(60_000), maxWaitMs: 29_000 }, 1_000, 29_000],
    [{ ...due(60_000), maxWaitMs: 29_000 }, 23_999, 29_000],
    // Its caller may have gone, but a short outage must not lose the result.
    [{ ...due(60_000), maxWaitMs: 29_000 }, 24_001, 29_001],
    [{ ...due(60_000), maxWaitMs: 29_000 }, 40_000, 45_000],
    [{ ...due(30_000), maxWaitMs: 29_000 }, 28_000, 29_750],
  ])('of %j keeps its caller waiting after %i ms until %i ms', untilOf(storeUntilMs))

  it.each<Row>([
    [due(10_000), 0, 9_250],
    [{}, 2_000, 9_500],
  ])('of %j does a step or commit after %i ms until %i ms', untilOf(actUntilMs))

  it('stores its result for as long as it believes in its claim, by the clock of the store', () => {
    const { clock, lease } = leaseOf({})
    observeStoreTime(lease, T0 + 90_000, T0)
    clock.advance(9_000)
    holdUntil(lease, renewedLeaseEndMs(lease))
    expect(storeUntilMs(lease)).toBe(T0 + 19_000)
  })

  it('stores its result before its deadline, though its lease is stored to end later', () => {
    const { lease } = leaseOf(due(10_000))
    holdUntil(lease, firstLeaseEndMs(lease))
    expect(storeUntilMs(lease)).toBe(T0 + 9_750)
  })

  it('that has outlasted its deadline stores its result for as long as it has renewed its lease', () => {
    const { clock, lease } = leaseOf(due(1_000))
    clock.advance(3_000)
    holdUntil(lease, renewedLeaseEndMs(lease))
    expect(storeUntilMs(lease)).toBe(T0 + 12_750)
  })
})

describe('a result', () => {
  const content = { value: 'paid' }

  it.each([
    ['for the retention', {}, content, 60_000],
    ['for as long as it says', {}, { ...content, retentionMs: 5_000 }, 5_000],
    ['for whole seconds', {}, { ...content, retentionMs: 5_001 }, 6_000],
    ['for no less than may be', { minRetentionMs: 20_000 }, { ...content, retentionMs: 5_000 }, 20_000],
    ['for the retention if that is longer', { minRetentionMs: 20_000 }, content, 60_000],
  ])('is kept %s', (_, facts, of, keptMs) => {
    expect(resultExpiryMs({ ...settings, ...facts }, T0, of)).toBe(T0 + keptMs)
  })
})
