import { setImmediate } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import { StoreUnavailableError } from '../../packages/oncekey/src/core/errors.ts'
import { renew } from '../../packages/oncekey/src/core/renew.ts'
import { createLine, type Fault, type Line, rejection, replyLost, requestLost } from './line.ts'

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

  it('lets the run begin steps for longer', async () => {
    const on = createLine()
    const { claim, attempt } = await on.start()
    on.clock.advance(4_000)
    await renew(claim)
    on.clock.advance(9_999)
    expect(await attempt.step('charge', () => 'charged')).toBe('charged')
  })

  it('lets the result be stored for as long as the lease then lives', async () => {
    const on = createLine()
    const run = await on.start({ leaseMs: 20_000 })
    on.clock.advance(19_000)
    await renew(run.claim)
    const endedAtMs = on.clock.nowMs()
    on.inject('complete', requestLost, 5)
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
    const { claim } = await on.start()
    on.clock.advance(10_000)
    await event(on)
    expect(await renew(claim)).toBe(false)
  })

  it('of a run that has ended makes no call', async () => {
    const on = createLine()
    const run = await on.start()
    await run.throws(new Error('declined'))
    expect(await renew(run.claim)).toBe(false)
    expect(on.called('renew')).toHaveLength(0)
  })

  it('that is answered late counts, however long ago the first lease of its run was over', async () => {
    const on = createLine()
    const { claim } = await on.start({ leaseMs: 4_000 })
    on.inject('renew', slow(900), 99)
    for (let n = 1; n <= 20; n++) {
      on.clock.advance(1_000)
      expect(await renew(claim)).toBe(true)
    }
    expect(await on.stored()).toMatchObject({ leaseUntilMs: on.clock.nowMs() + 4_000 - 900 })
    expect(on.called('renew')).toHaveLength(20)
  })

  it.each([
    [60_000, 3_000],
    [6_000, 3_000],
    [5_001, 2_500],
    [1, 250],
  ])('of a lease of %i ms gives one call %i ms, so that there may be another', async (leaseMs, callMs) => {
    const on = createLine()
    const { claim } = await on.start({ leaseMs })
    await renew(claim)
    expect(on.called('renew')).toMatchObject([{ timeoutMs: callMs }])
  })

  it('that gets no reply gives up by the end of the lease', async () => {
    const on = createLine()
    const { claim } = await on.start({ leaseMs: 4_000 })
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

  it('of a lease that has lapsed is made without haste, for nobody may have taken over', async () => {
    const on = createLine()
    const { claim } = await on.start({ leaseMs: 4_000 })
    on.clock.advance(4_000)
    on.inject('renew', slow(2_900))
    expect(await renew(claim)).toBe(true)
    expect(on.called('renew')).toMatchObject([{ timeoutMs: 3_000 }])
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
    on.clock.advance(9_999)
    expect(await attempt.step('charge', () => 'charged')).toBe('charged')
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

  it('is one of two at the most: a third is left to the next turn', async () => {
    const on = createLine()
    const { claim } = await on.start()
    const { nowMs } = on.clock
    let earlierMs = nowMs() + 10_000
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

describe('a run that renews its lease', () => {
  const EVERY_MS = 6_000

  it('does so at every turn until it ends', async () => {
    const on = createLine()
    const run = await on.start({ renewEveryMs: EVERY_MS })
    for (let n = 1; n <= 3; n++) {
      await on.nextTurn()
      expect(on.called('renew')).toHaveLength(n)
      expect(await on.stored()).toMatchObject({ leaseUntilMs: on.clock.nowMs() + 10_000 })
    }
    expect(await run.returns('paid')).toMatchObject({ outcome: 'executed', answer: 'paid' })
    await expect(on.nextTurn()).rejects.toThrow('no renewal is due')
    expect(on.pauses).toEqual([EVERY_MS, EVERY_MS, EVERY_MS, EVERY_MS])
    expect(on.called('renew')).toHaveLength(3)
  })

  it('ends its renewals when it throws, too', async () => {
    const on = createLine()
    const run = await on.start({ renewEveryMs: EVERY_MS })
    await run.throws(new Error('declined'))
    await expect(on.nextTurn()).rejects.toThrow('no renewal is due')
    expect(on.called('renew')).toHaveLength(0)
  })

  it('counts its turns from when each lease was asked for, however late the reply', async () => {
    const on = createLine()
    on.inject('renew', slow(2_500))
    const startedAtMs = on.clock.nowMs() - 1_500
    await on.start({ renewEveryMs: EVERY_MS, startedAtMs })
    await on.nextTurn()
    expect(on.pauses).toEqual([4_500, 3_500])
  })

  it.each([
    ['less than nothing', -20_000, 0],
    ['more than a turn when its clock is set back', 3_600_000, EVERY_MS],
  ])('pauses for no %s', async (_, offsetMs, pauseMs) => {
    const on = createLine()
    await on.start({ renewEveryMs: EVERY_MS, startedAtMs: on.clock.nowMs() + offsetMs })
    expect(on.pauses).toEqual([pauseMs])
  })

  it('ends its renewals when the lease is lost', async () => {
    const on = createLine()
    await on.start({ renewEveryMs: EVERY_MS })
    await on.nextTurn()
    on.clock.advance(10_000)
    await on.start()
    await on.nextTurn()
    await expect(on.nextTurn()).rejects.toThrow('no renewal is due')
    expect(on.pauses).toEqual([EVERY_MS, EVERY_MS])
    expect(on.called('renew')).toHaveLength(2)
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
  })

  it('never pauses for longer than a turn', async () => {
    const on = createLine()
    await on.start({ renewEveryMs: 20 })
    on.inject('renew', failing, 3)
    for (let n = 1; n <= 3; n++) await on.nextTurn()
    expect(on.pauses).toEqual([20, 20, 20, 20])
  })

  it('takes no harm from a clock whose sleep rejects when it is aborted', async () => {
    const unhandled: unknown[] = []
    const listen = (reason: unknown) => unhandled.push(reason)
    process.on('unhandledRejection', listen)
    const on = createLine()
    const clock = { ...on.clock, sleep: () => Promise.reject(new Error('aborted')) }
    expect(await on.ask({ renewEveryMs: EVERY_MS, clock })).toMatchObject({ outcome: 'executed' })
    await setImmediate()
    process.off('unhandledRejection', listen)
    expect(unhandled).toEqual([])
  })
})
