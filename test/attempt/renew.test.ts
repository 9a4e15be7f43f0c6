import { describe, expect, it } from 'vitest'
import { keepRenewing } from '../../packages/oncekey/src/attempt/renew.ts'
import type { LeaseTerm } from '../../packages/oncekey/src/attempt/timing.ts'
import { StoreUnavailableError } from '../../packages/oncekey/src/protocol/errors.ts'
import { dynamoDbStore } from '../../packages/oncekey/src/stores/dynamodb/index.ts'
import { manualClock } from '../support/manual-clock.ts'
import { createTable } from '../support/tables.ts'
import { type Bench, bench, claim, type Fault, rejection, replyLost, requestLost } from './bench.ts'

const lasting = (leaseMs: number): LeaseTerm => ({ kind: 'duration', leaseMs })
const timeoutsOf = (on: Bench) => on.called('renew').map(({ timeoutMs }) => timeoutMs)

/** Every reply takes so long; a caller that cannot wait for it has none. */
const slow =
  (durationMs: number): Fault =>
  async (call, clock, timeoutMs) => {
    const answer = await call()
    clock.advance(Math.min(durationMs, timeoutMs))
    if (durationMs > timeoutMs) throw new StoreUnavailableError('too slow', { retryable: true })
    return answer
  }

describe('a renewal that was written although its reply never came', () => {
  it('is not taken for a loss: the next one moves the lease on from where it left it', async () => {
    const on = bench()
    const run = await claim(on.scene())
    on.clock.advance(1_000)
    on.inject('renew', replyLost, 2)
    expect(await rejection(run.renew())).toMatchObject({ code: 'store-unavailable' })
    const leftAtMs = (await on.stored())?.leaseUntilMs
    on.clock.advance(1_000)
    expect(await run.renew()).toBe(true)
    expect(await on.stored()).toMatchObject({ leaseUntilMs: on.clock.nowMs() + 10_000 })
    expect(on.called('renew').at(-1)).toMatchObject({ args: [{}, { fromLeaseUntilMs: leftAtMs }, {}] })
  })

  it('is itself known again, and asks no more than that', async () => {
    const on = bench()
    const run = await claim(on.scene())
    on.clock.advance(1_000)
    const leaseUntilMs = on.clock.nowMs() + 10_000
    on.inject('renew', replyLost)
    expect(await run.renew()).toBe(true)
    expect(await on.stored()).toMatchObject({ leaseUntilMs })
    expect(on.called('renew')).toHaveLength(2)
  })

  it('lets the run begin steps until its end', async () => {
    const on = bench()
    const run = await claim(on.scene())
    on.clock.advance(4_000)
    on.inject('renew', replyLost, 2)
    await rejection(run.renew())
    await run.renew()
    on.clock.advance(9_999)
    expect(await run.attempt.step('charge', () => 'charged')).toBe('charged')
  })

  it('is one of two at the most: a third is left to the next turn', async () => {
    const on = bench()
    const run = await claim(on.scene())
    const record = await on.stored()
    const nowMs = on.clock.nowMs()
    let earlierMs = nowMs + 10_000
    on.inject(
      'renew',
      async () => {
        earlierMs += 1
        return { kind: 'refused', nowMs, record: { ...record, leaseUntilMs: earlierMs } }
      },
      9,
    )
    expect(await run.renew()).toBe(true)
    expect(on.called('renew')).toHaveLength(2)
  })

  it('is known again in DynamoDB', async () => {
    const { name, client } = await createTable()
    const store = dynamoDbStore(name, { client })
    const limits = { timeoutMs: 5_000 }
    const run = await claim(bench({ startMs: Date.now() }).scene({ store }))
    const { record } = await store.read('payments#1', limits)
    if (record === undefined) throw new Error('expected a record')
    const { leaseUntilMs: fromLeaseUntilMs, expiresAtMs } = record
    await store.renew(record, { fromLeaseUntilMs, leaseUntilMs: fromLeaseUntilMs - 1, expiresAtMs }, limits)
    expect(await run.renew()).toBe(true)
    const { record: renewed } = await store.read('payments#1', limits)
    expect(renewed).toMatchObject({ status: 'in-flight', owner: record.owner })
    expect(renewed?.leaseUntilMs).toBeGreaterThanOrEqual(fromLeaseUntilMs)
  })
})

describe('a renewal', () => {
  it('that is answered late is one, however long ago the first term of its run was over', async () => {
    const on = bench()
    const run = await claim(on.scene({}, lasting(4_000)))
    on.inject('renew', slow(900), 99)
    for (let n = 1; n <= 20; n++) {
      on.clock.advance(1_000)
      expect(await run.renew()).toBe(true)
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
    const on = bench()
    const run = await claim(on.scene({}, lasting(leaseMs)))
    await run.renew()
    expect(timeoutsOf(on)).toEqual([callMs])
  })

  it('that finds no store gives up by the end of the lease', async () => {
    const on = bench()
    const run = await claim(on.scene({}, lasting(4_000)))
    const leaseUntilMs = on.clock.nowMs() + 4_000
    on.clock.advance(1_000)
    on.inject('renew', requestLost, 99)
    await rejection(run.renew())
    expect(on.clock.nowMs()).toBeLessThanOrEqual(leaseUntilMs)
    expect(on.called('renew')).toHaveLength(2)
  })

  it('that finds no store gives up after five seconds, for its run may have ended by then', async () => {
    const on = bench()
    const run = await claim(on.scene({}, lasting(60_000)))
    const beganAtMs = on.clock.nowMs()
    on.inject('renew', requestLost, 99)
    await rejection(run.renew())
    expect(on.clock.nowMs() - beganAtMs).toBeLessThanOrEqual(5_000)
    expect(on.called('renew')).toHaveLength(2)
  })

  it('of a lease that has lapsed is made without haste, for nobody may have taken over', async () => {
    const on = bench()
    const run = await claim(on.scene({}, lasting(4_000)))
    on.clock.advance(4_000)
    on.inject('renew', slow(2_900), 1)
    expect(await run.renew()).toBe(true)
    expect(timeoutsOf(on)).toEqual([3_000])
  })

  it('lets the result be stored for as long as the lease then lives', async () => {
    const on = bench()
    const run = await claim(on.scene({}, lasting(20_000)))
    on.clock.advance(19_000)
    await run.renew()
    const endedAtMs = on.clock.nowMs()
    on.inject('complete', requestLost, 5)
    expect(await run.complete({ value: 1 })).toMatchObject({ kind: 'stored' })
    expect(on.clock.nowMs() - endedAtMs).toBeGreaterThan(15_000)
  })
})

describe('a run that keeps renewing', () => {
  type Turn = 'renewed' | 'lost' | 'failed'

  /** Goes through the turns, tells it to stop in the pause after the last one, and lets that pause end. */
  const goThrough = async (
    everyMs: number,
    turns: readonly Turn[],
    { claimTookMs = 0, renewalTakesMs = 0 } = {},
  ) => {
    const time = manualClock()
    const left = [...turns]
    const pauses: number[] = []
    let renewals = 0
    const over = Promise.withResolvers<void>()
    const clock = {
      ...time,
      async sleep(durationMs: number, signal?: AbortSignal) {
        if (left.length === 0) {
          stop()
          setImmediate(over.resolve)
          expect(signal?.aborted).toBe(true)
          return
        }
        pauses.push(durationMs)
        await time.sleep(durationMs)
      },
    }
    const renewOnce = async () => {
      renewals += 1
      time.advance(renewalTakesMs)
      const turn = left.shift()
      if (turn === 'failed') throw new Error('away')
      if (turn !== 'renewed') setImmediate(over.resolve)
      return turn === 'renewed'
    }
    const stop = keepRenewing(clock, renewOnce, everyMs, time.nowMs() - claimTookMs)
    await over.promise
    return { pauses, renewals }
  }

  it('does so at every turn until it is told to stop', async () => {
    const { pauses, renewals } = await goThrough(6_000, ['renewed', 'renewed', 'renewed'])
    expect(pauses).toEqual([6_000, 6_000, 6_000])
    expect(renewals).toBe(3)
  })

  it('counts its turns from when each lease was asked for, however late the reply', async () => {
    const took = { claimTookMs: 1_500, renewalTakesMs: 4_000 }
    expect((await goThrough(6_000, ['renewed', 'renewed'], took)).pauses).toEqual([4_500, 2_000])
  })

  it('pauses neither for less than nothing nor, when its clock is set back, for more than a turn', async () => {
    expect((await goThrough(6_000, ['renewed'], { claimTookMs: 20_000 })).pauses).toEqual([0])
    expect((await goThrough(6_000, ['renewed'], { claimTookMs: -3_600_000 })).pauses).toEqual([6_000])
  })

  it('ends when it is told to, and not before', async () => {
    const turn = () => new Promise((resolve) => setImmediate(resolve))
    let renewals = 0
    const renewOnce = async () => {
      renewals += 1
      return renewals < 50
    }
    const clock = manualClock()
    const stop = keepRenewing(clock, renewOnce, 1_000, clock.nowMs())
    for (let turns = 0; turns < 10; turns += 1) await turn()
    expect(renewals).toBeGreaterThan(2)
    stop()
    const renewalsByThen = renewals
    for (let turns = 0; turns < 10; turns += 1) await turn()
    expect(renewals).toBe(renewalsByThen)
  })

  it('ends when the lease is lost', async () => {
    const { pauses, renewals } = await goThrough(6_000, ['renewed', 'lost', 'renewed'])
    expect(pauses).toEqual([6_000, 6_000])
    expect(renewals).toBe(2)
  })

  it('tries again soon after a failure, at growing pauses that no two runs share, and soon after the next', async () => {
    const failed = Array.from({ length: 8 }, (): Turn => 'failed')
    const turns: readonly Turn[] = [...failed, 'renewed', 'failed', 'renewed']
    const [first, ...pauses] = (await goThrough(6_000, turns)).pauses
    expect(first).toBe(6_000)
    const longestMs = [100, 200, 400, 800, 1_000, 1_000, 1_000, 1_000]
    for (const [n, pauseMs] of pauses.slice(0, 8).entries()) {
      expect(pauseMs).toBeGreaterThanOrEqual((longestMs[n] ?? 0) / 2)
      expect(pauseMs).toBeLessThanOrEqual(longestMs[n] ?? 0)
    }
    expect(new Set(pauses.slice(4, 8)).size).toBeGreaterThan(1)
    expect(pauses[8]).toBe(6_000)
    expect(pauses[9]).toBeLessThanOrEqual(100)
  })

  it('never pauses for longer than a turn', async () => {
    const { pauses } = await goThrough(20, ['failed', 'failed', 'failed'])
    expect(pauses).toEqual([20, 20, 20])
  })
})
