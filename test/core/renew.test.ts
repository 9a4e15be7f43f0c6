import { describe, expect, it } from 'vitest'
import { StoreUnavailableError } from '../../packages/oncekey/src/core/errors.ts'
import { renew } from '../../packages/oncekey/src/core/renew.ts'
import {
  type Asked,
  after,
  createLine,
  type Fault,
  type Line,
  type Run,
  rejection,
  replyLost,
  requestLost,
} from './line.ts'

const T0 = 1_800_000_000_000

/** Every reply takes so long; a caller that cannot wait for it gets none. */
const slow =
  (durationMs: number): Fault =>
  async (call, clock, timeoutMs) => {
    const reply = await call()
    clock.advance(Math.min(durationMs, timeoutMs))
    if (durationMs > timeoutMs) throw new StoreUnavailableError('too slow', { retryable: true })
    return reply
  }

describe('a renewal', () => {
  it('gives a whole lease from now on, and an expiry that counts from its end', async () => {
    const on = createLine()
    const { claim } = await on.start()
    for (let n = 1; n <= 3; n++) {
      on.clock.advance(4_000)
      expect(await renew(claim)).toBe(true)
      const nowMs = on.clock.nowMs()
      expect(await on.stored()).toMatchObject({ leaseUntilMs: nowMs + 10_000, expiresAtMs: nowMs + 70_000 })
    }
    on.clock.advance(9_999)
    expect(await on.ask()).toMatchObject({ outcome: 'in-flight', thrown: { retryAfterMs: 1 } })
  })

  it('makes the run no younger', async () => {
    const on = createLine()
    const { claim } = await on.start()
    on.clock.advance(4_000)
    await renew(claim)
    expect(await on.ask()).toMatchObject({ outcome: 'in-flight', thrown: { retryAfterMs: 4_000 } })
  })

  it('lets the run begin steps for longer', async () => {
    const on = createLine()
    const { claim, attempt } = await on.start()
    on.clock.advance(4_000)
    await renew(claim)
    on.clock.advance(7_999)
    expect(await attempt.step('charge', () => 'charged')).toBe('charged')
    expect(on.called('renew')).toHaveLength(1)
  })

  it('lets the result be stored for as long as the lease then lives', async () => {
    const on = createLine()
    const run = await on.start({ leaseMs: 20_000 })
    on.clock.advance(19_000)
    await renew(run.claim)
    const endedAtMs = on.clock.nowMs()
    on.inject('complete', requestLost, 7)
    expect(await run.returns()).toMatchObject({ outcome: 'executed' })
    expect(on.clock.nowMs() - endedAtMs).toBeGreaterThan(15_000)
  })

  it.each<[string, (on: Line) => unknown]>([
    ['a successor has the claim', (on) => on.start()],
    ['a successor has completed', (on) => on.complete('second')],
    [
      'an operator has released the claim',
      async (on) => {
        const { id = '', owner = '' } = (await on.stored()) ?? {}
        await on.store.release({ id, owner }, { timeoutMs: 1 })
      },
    ],
    [
      'the record is gone',
      async (on) => {
        on.clock.advance(60_000)
        await on.start({ id: 'payments#2' })
      },
    ],
  ])('is refused once %s', async (_, event) => {
    const on = createLine()
    const { claim, attempt } = await on.start()
    on.clock.advance(10_000)
    await event(on)
    expect(await renew(claim)).toBe(false)
    expect(attempt.signal.reason).toMatchObject({ name: 'LeaseLostError', code: 'lease-lost', key: 'k1' })
  })

  it('of a run that has ended makes no call', async () => {
    const on = createLine()
    const run = await on.start()
    await run.throws(new Error('declined'))
    expect(await renew(run.claim)).toBe(false)
    expect(on.called('renew')).toHaveLength(0)
    expect(run.attempt.signal.aborted).toBe(false)
  })

  it('that its own completion refuses is no loss', async () => {
    const on = createLine()
    const run = await on.start()
    on.inject(
      'renew',
      after(() => run.returns('paid')),
    )
    expect(await renew(run.claim)).toBe(false)
    expect(run.attempt.signal.aborted).toBe(false)
  })

  it('that is answered late counts, however long ago the first lease of its run was over', async () => {
    const on = createLine()
    const { claim } = await on.start({ leaseMs: 4_000 })
    on.inject('renew', slow(900), 99)
    for (let n = 1; n <= 20; n++) {
      on.clock.advance(1_000)
      expect(await renew(claim)).toBe(true)
    }
    expect(await on.stored()).toMatchObject({ leaseUntilMs: on.clock.nowMs() + 6_000 - 900 })
    expect(on.called('renew')).toHaveLength(20)
  })

  it.each([
    [60_000, 3_000],
    [6_000, 3_000],
    [3_001, 1_500],
    [1, 250],
  ])('of a lease of %i ms gives one call %i ms, so that there may be another', async (leaseMs, callMs) => {
    const on = createLine()
    const { claim } = await on.start({ leaseMs })
    await renew(claim)
    expect(on.called('renew')).toMatchObject([{ timeoutMs: callMs }])
  })

  it('that gets no reply gives up by the end of the lease', async () => {
    const on = createLine()
    const { claim } = await on.start({ leaseMs: 2_000 })
    on.clock.advance(1_000)
    on.inject('renew', requestLost, 99)
    await rejection(renew(claim))
    expect(on.clock.nowMs()).toBeLessThanOrEqual(claim.leaseUntilMs)
    expect(on.called('renew')).toHaveLength(2)
  })

  it('that gets no reply gives up after five seconds, for its run may have ended by then', async () => {
    const on = createLine()
    const { claim } = await on.start({ leaseMs: 60_000 })
    const startedAtMs = on.clock.nowMs()
    on.inject('renew', requestLost, 99)
    await rejection(renew(claim))
    expect(on.clock.nowMs() - startedAtMs).toBeLessThanOrEqual(5_000)
    expect(on.called('renew')).toHaveLength(2)
  })

  it.each([
    // What the run believes in is over, but what is stored lasts for two seconds more.
    [4_000, 1_000],
    [5_000, 500],
    // Nobody may have taken over: there is no end to be in time for.
    [6_000, 3_000],
  ])('after %i ms of a lease of 4 s gives one call %i ms', async (lapsedMs, callMs) => {
    const on = createLine()
    const { claim } = await on.start({ leaseMs: 4_000 })
    on.clock.advance(lapsedMs)
    expect(await renew(claim)).toBe(true)
    expect(on.called('renew')).toMatchObject([{ timeoutMs: callMs }])
  })
})

describe('a renewal that was written although its reply never came', () => {
  it('is not taken for a loss: the next one moves the lease on from where it left it', async () => {
    const on = createLine()
    const { claim, attempt } = await on.start()
    on.clock.advance(1_000)
    on.inject('renew', replyLost, 2)
    expect(await rejection(renew(claim))).toMatchObject({ code: 'store-unavailable' })
    const leftAtMs = (await on.stored())?.leaseUntilMs
    on.clock.advance(1_000)
    expect(await renew(claim)).toBe(true)
    expect(await on.stored()).toMatchObject({ leaseUntilMs: on.clock.nowMs() + 10_000 })
    expect(on.called('renew').at(-1)).toMatchObject({ args: [{}, { fromLeaseUntilMs: leftAtMs }, {}] })
    on.clock.advance(7_999)
    expect(await attempt.step('charge', () => 'charged')).toBe('charged')
    expect(on.called('renew')).toHaveLength(4)
  })

  it('is recognised when it is sent again, and needs no other', async () => {
    const on = createLine()
    const { claim } = await on.start()
    on.clock.advance(1_000)
    const leaseUntilMs = on.clock.nowMs() + 10_000
    on.inject('renew', replyLost)
    expect(await renew(claim)).toBe(true)
    expect(await on.stored()).toMatchObject({ leaseUntilMs })
    expect(claim.leaseUntilMs).toBe(leaseUntilMs)
    expect(on.called('renew')).toHaveLength(2)
  })

  it('is not shortened by an older one, which comes late', async () => {
    const on = createLine()
    const { claim } = await on.start()
    const laterMs = on.clock.nowMs() + 15_000
    on.inject('renew', async () => {
      const record = { ...claim.record, leaseUntilMs: laterMs }
      return { kind: 'refused', nowMs: on.clock.nowMs(), record }
    })
    expect(await renew(claim)).toBe(true)
    expect(on.called('renew')).toHaveLength(1)
    expect(claim.leaseUntilMs).toBe(laterMs)
  })

  it('is one of two at the most: a third is left to the next turn', async () => {
    const on = createLine()
    const { claim } = await on.start()
    const { nowMs } = on.clock
    let earlierMs = claim.leaseUntilMs - 10
    on.inject(
      'renew',
      async () => {
        earlierMs += 1
        return { kind: 'refused', nowMs: nowMs(), record: { ...claim.record, leaseUntilMs: earlierMs } }
      },
      9,
    )
    expect(await renew(claim)).toBe(true)
    expect(on.called('renew')).toHaveLength(2)
  })
})

describe('a run that nobody ends', () => {
  const EVERY_MS = 5_000

  it('renews its lease at every turn until it ends', async () => {
    const on = createLine()
    const run = await on.start({ renewEveryMs: EVERY_MS })
    for (let n = 1; n <= 3; n++) {
      await on.nextTurn()
      expect(on.called('renew')).toHaveLength(n)
      expect(await on.stored()).toMatchObject({ leaseUntilMs: on.clock.nowMs() + 10_000 })
    }
    expect(await run.returns('paid')).toMatchObject({ outcome: 'executed', answer: 'paid' })
    expect(on.pauses).toEqual([EVERY_MS, EVERY_MS, EVERY_MS, EVERY_MS])
    expect(on.called('renew')).toHaveLength(3)
  })

  it.each<[string, (run: Run) => unknown]>([
    ['returns', (run) => run.returns()],
    ['throws', (run) => run.throws(new Error('declined'))],
    ['commits and returns', async (run) => run.returns(await run.attempt.commit(1, []))],
  ])('leaves no timer behind when it %s', async (_, end) => {
    const on = createLine()
    const run = await on.start()
    expect(on.clock.timers()).toHaveLength(1)
    await end(run)
    expect(on.clock.timers()).toEqual([])
    expect(on.called('renew')).toHaveLength(0)
  })

  it.each<[string, (run: Run) => Fault]>([
    ['is before', (run) => after(() => run.returns('paid'))],
    [
      'is after',
      (run) => async (call) => {
        const reply = await call()
        await run.returns('paid')
        return reply
      },
    ],
    [
      'is before the failure of',
      (run) => async () => {
        await run.returns('paid')
        throw new Error('broken')
      },
    ],
  ])('leaves no timer behind when its end %s a renewal that has begun', async (_, faultOf) => {
    const on = createLine()
    const run = await on.start({ renewEveryMs: EVERY_MS })
    on.inject('renew', faultOf(run))
    await on.nextTurn()
    expect(on.clock.timers()).toEqual([])
    expect(run.attempt.signal.aborted).toBe(false)
    expect(await on.ask()).toMatchObject({ outcome: 'replayed', answer: 'paid' })
  })

  it('counts its turns from when each lease was asked for, however late the reply', async () => {
    const on = createLine()
    on.inject('renew', slow(2_000))
    const startedAtMs = on.clock.nowMs() - 1_500
    await on.start({ renewEveryMs: EVERY_MS, startedAtMs })
    await on.nextTurn()
    expect(on.pauses).toEqual([3_500, 3_000])
  })

  it.each<[string, number, Asked]>([
    ['at once if reading its event took longer than a turn', 0, { startedAtMs: T0 - 20_000 }],
    ['in time where its clock was set back', 4_000, { startedAtMs: T0 + 3_600_000, leaseMs: 6_000 }],
    ['in time where a turn is as long as its lease', 4_000, { renewEveryMs: 5_999, leaseMs: 6_000 }],
    ['in time for a deadline that nobody enforces', 600, { deadlineInMs: 900, isDeadlineEnforced: false }],
    ['after a turn, however far its deadline', 3_000, { deadlineInMs: 900_000, isDeadlineEnforced: false }],
    ['after a turn if its deadline says nothing', 3_000, { deadlineInMs: -1, isDeadlineEnforced: false }],
  ])('renews its lease %s', async (_, afterMs, asked) => {
    const on = createLine()
    expect(on.clock.nowMs()).toBe(T0)
    await on.start(asked)
    expect(on.clock.timers()).toEqual([afterMs])
    await on.nextTurn()
    expect(on.called('renew')).toHaveLength(1)
  })

  it('holds its key however long it outlasts its deadline', async () => {
    const on = createLine()
    const run = await on.start({ deadlineInMs: 1_000, isDeadlineEnforced: false })
    for (let n = 1; n <= 60; n++) {
      await on.clock.pass(1_000)
      expect(await on.ask()).toMatchObject({ outcome: 'in-flight' })
    }
    expect(await run.attempt.step('charge', () => 'charged')).toBe('charged')
    expect(await run.returns('paid')).toMatchObject({ outcome: 'executed', attempt: 1 })
  })

  it('ends its renewals when the lease is lost, and is told', async () => {
    const on = createLine()
    const { attempt } = await on.start({ renewEveryMs: EVERY_MS })
    const { signal } = attempt
    await on.nextTurn()
    on.clock.advance(10_000)
    await on.complete('second')
    expect(signal.aborted).toBe(false)
    await on.nextTurn()
    expect(signal.reason).toMatchObject({ name: 'LeaseLostError', code: 'lease-lost', key: 'k1' })
    expect(attempt.signal).toBe(signal)
    expect(on.clock.timers()).toEqual([])
    expect(on.called('renew')).toHaveLength(2)
  })

  it('is told that its lease is lost even if it asks afterwards', async () => {
    const on = createLine()
    const { attempt } = await on.start()
    on.clock.advance(10_000)
    await on.complete('second')
    await on.nextTurn()
    expect(attempt.signal.aborted).toBe(true)
  })

  it('is told to stop once its lease is over and no renewal gets a reply', async () => {
    const on = createLine()
    const { attempt, claim } = await on.start()
    on.inject('renew', requestLost, 99)
    await on.nextTurn()
    expect(on.clock.nowMs()).toBeLessThan(claim.leaseUntilMs)
    expect(attempt.signal.aborted).toBe(false)
    for (let n = 1; n <= 5; n++) await on.nextTurn()
    expect(attempt.signal.reason).toMatchObject({ code: 'lease-lost' })
  })

  it('without a claim, because the store was unavailable, has none to lose', async () => {
    const on = createLine()
    on.inject('insert', requestLost, 2)
    on.inject('read', requestLost)
    const { attempt } = await on.start({ onStoreError: 'run' })
    await on.nextTurn()
    expect(on.called('renew')).toHaveLength(1)
    expect(attempt.signal.aborted).toBe(false)
    expect(on.clock.timers()).toEqual([])
  })

  const failing: Fault = () => Promise.reject(new Error('broken'))

  it('tries again soon after a failure, at growing pauses that no two runs share, and soon after the next', async () => {
    const on = createLine()
    await on.start({ renewEveryMs: EVERY_MS })
    on.inject('renew', failing, 8)
    for (let n = 1; n <= 9; n++) await on.nextTurn()
    on.inject('renew', failing)
    await on.nextTurn()
    const [first, ...pauses] = on.pauses
    expect(first).toBe(EVERY_MS)
    const longestMs = [100, 200, 400, 800, 1_000, 1_000, 1_000, 1_000]
    for (const [n, pauseMs] of pauses.slice(0, 8).entries()) {
      expect(pauseMs).toBeGreaterThanOrEqual((longestMs[n] ?? 0) / 2)
      expect(pauseMs).toBeLessThanOrEqual(longestMs[n] ?? 0)
    }
    expect(new Set(pauses.slice(4, 8)).size).toBeGreaterThan(1)
    expect(pauses[8]).toBe(EVERY_MS)
    expect(pauses[9]).toBeLessThanOrEqual(100)
    expect(await on.ask()).toMatchObject({ outcome: 'in-flight' })
  })

  it('never pauses for longer than a turn', async () => {
    const on = createLine()
    await on.start({ renewEveryMs: 20 })
    on.inject('renew', failing, 3)
    for (let n = 1; n <= 3; n++) await on.nextTurn()
    expect(on.pauses).toEqual([20, 20, 20, 20])
  })
})

describe('a run that its host ends at its deadline', () => {
  const asked = { deadlineInMs: 30_000 }

  it('makes no call for its lease until then', async () => {
    const on = createLine()
    const run = await on.start(asked)
    await on.clock.pass(30_400)
    await run.returns('paid')
    expect(on.calls.map(({ op }) => op)).toEqual(['insert', 'complete'])
    expect(on.clock.timers()).toEqual([])
  })

  it('renews its lease if it is not ended, and goes on to', async () => {
    const on = createLine()
    const run = await on.start(asked)
    await on.clock.pass(31_900)
    expect(on.called('renew')).toHaveLength(1)
    await on.clock.pass(60_000)
    expect(await on.ask()).toMatchObject({ outcome: 'in-flight' })
    expect(await run.returns('paid')).toMatchObject({ outcome: 'executed', attempt: 1 })
  })

  it.each([90_000, -90_000])(
    'renews it then by the clock of the store, with its own %i ms ahead',
    async (aheadMs) => {
      const on = createLine({ aheadMs })
      // What the runtime computes: the host's deadline less the local time.
      await on.start({ deadlineInMs: 30_000 - aheadMs })
      expect(on.clock.timers()).toEqual([30_500])
    },
  )
})

it('a request is two calls on every host, and its renewals if it lasts', async () => {
  const callsOf = async (asked: Asked, durationMs: number) => {
    const on = createLine()
    const run = await on.start({ leaseMs: 60_000, renewEveryMs: 20_000, ...asked })
    await on.clock.pass(durationMs)
    await run.returns()
    return on.calls.map(({ op }) => op)
  }
  const unenforced = { deadlineInMs: 900_000, isDeadlineEnforced: false }
  expect(await callsOf({ deadlineInMs: 30_000 }, 100)).toEqual(['insert', 'complete'])
  expect(await callsOf(unenforced, 100)).toEqual(['insert', 'complete'])
  expect(await callsOf({}, 100)).toEqual(['insert', 'complete'])
  expect(await callsOf({ deadlineInMs: 900_000 }, 899_000)).toEqual(['insert', 'complete'])
  const renewed = ['insert', 'renew', 'renew', 'complete']
  expect(await callsOf(unenforced, 59_000)).toEqual(renewed)
  expect(await callsOf({}, 59_000)).toEqual(renewed)
  expect(await callsOf({}, 3_600_000)).toHaveLength(2 + 180)
})
