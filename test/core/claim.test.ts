import { setImmediate } from 'node:timers/promises'
import { describe, expect, it } from 'vitest'
import {
  KeyInvalidError,
  RecordUnreadableError,
  StoreUnavailableError,
} from '../../packages/oncekey/src/core/errors.ts'
import { storeNowMs } from '../../packages/oncekey/src/core/lease.ts'
import { compress } from '../../packages/oncekey/src/core/result.ts'
import {
  type Asked,
  after,
  answeredLate,
  createLine,
  type Fault,
  heldByTransaction,
  LARGE,
  type Line,
  refusedForGood,
  rejection,
  replyLost,
  requestLost,
  resetAfter,
  throttled,
} from './line.ts'

const operations = ({ calls }: Line) => calls.map(({ op }) => op)

const advance = (durationMs: number) => (on: Line) => on.clock.advance(durationMs)
const failAfterStep = async (on: Line) => {
  const run = await on.start()
  await run.attempt.step('charge', () => 1)
  await run.throws(new Error('declined'))
}
const mismatch = { outcome: 'mismatch', thrown: { code: 'key-reused', key: 'k1' } }

describe('a request', () => {
  it.each<[string, ((on: Line) => unknown)[], Asked, object]>([
    ['of a new key runs', [], {}, { outcome: 'executed', key: 'k1', attempt: 1, isTakeover: false }],
    [
      'is refused for the rest of a live lease',
      [(on) => on.start(), advance(9_999)],
      {},
      { outcome: 'in-flight', thrown: { code: 'in-flight', key: 'k1', retryAfterMs: 1 } },
    ],
    [
      'is refused for as long as the run has taken',
      [(on) => on.start(), advance(300)],
      {},
      { outcome: 'in-flight', thrown: { retryAfterMs: 300 } },
    ],
    [
      'is refused for as long as the run that took over has taken',
      [(on) => on.start(), advance(10_000), (on) => on.start(), advance(300)],
      {},
      { outcome: 'in-flight', thrown: { retryAfterMs: 300 } },
    ],
    ['of another fingerprint finds it in progress', [(on) => on.start()], { fingerprint: 'jcs:b' }, mismatch],
    ['of another fingerprint finds it completed', [(on) => on.ask()], { fingerprint: 'jcs:b' }, mismatch],
    [
      'takes over a lapsed lease',
      [(on) => on.start(), advance(10_000)],
      {},
      { outcome: 'executed', attempt: 2, isTakeover: true },
    ],
    [
      'does not take over where the record says refuse',
      [(on) => on.start({ onCrash: 'refuse' }), advance(10_000)],
      {},
      { outcome: 'outcome-unknown', thrown: { code: 'outcome-unknown', key: 'k1' } },
    ],
    [
      'of any fingerprint runs after a release, which counts',
      [(on) => on.fail()],
      { fingerprint: 'jcs:b' },
      { outcome: 'executed', attempt: 2, isTakeover: false },
    ],
    [
      'runs after a release with steps, which counts',
      [failAfterStep],
      {},
      { outcome: 'executed', attempt: 2, isTakeover: false },
    ],
    [
      'begins anew after the expiry',
      [(on) => on.ask(), advance(60_000)],
      {},
      { outcome: 'executed', attempt: 1, isTakeover: false },
    ],
    [
      'begins anew after the expiry of a lapsed lease',
      [(on) => on.start({ retentionMs: 1 }), advance(11_000)],
      {},
      { outcome: 'executed', attempt: 1, isTakeover: false },
    ],
  ])('%s', async (_, events, asked, ended) => {
    const on = createLine()
    for (const event of events) await event(on)
    expect(await on.ask(asked)).toMatchObject(ended)
  })
})

describe('a claim', () => {
  it('writes who claims, when, for how long, and until when the record is kept', async () => {
    const on = createLine()
    const nowMs = on.clock.nowMs()
    await on.start({ onCrash: 'refuse' })
    expect(await on.stored()).toEqual({
      id: 'payments#1',
      status: 'in-flight',
      owner: expect.stringMatching(/^[\da-f-]{36}$/),
      attempt: 1,
      fingerprint: 'jcs:a',
      leaseUntilMs: nowMs + 10_000,
      createdAtMs: nowMs,
      expiresAtMs: nowMs + 70_000,
      onCrash: 'refuse',
      steps: new Map(),
    })
    expect(on.called('insert')).toMatchObject([{ args: [{ id: 'payments#1' }, { timeoutMs: 2_000 }] }])
  })

  it.each([{}, { deadlineInMs: 8_000 }])(
    'is kept for the retention after its lease has lapsed (%j), so that its crash is seen',
    async (asked) => {
      const on = createLine()
      await on.start({ ...asked, onCrash: 'refuse', retentionMs: 400 })
      on.clock.advance(10_999)
      expect(await on.ask()).toMatchObject({ outcome: 'outcome-unknown' })
      on.clock.advance(1)
      expect(await on.ask()).toMatchObject({ outcome: 'executed', attempt: 1 })
    },
  )
})

describe('a claim that cannot be written', () => {
  it('is given up within its budget, and released, because it may have been written all the same', async () => {
    const on = createLine()
    const startedAtMs = on.clock.nowMs()
    on.inject('insert', requestLost, 9)
    expect(await on.ask({ leaseMs: 10_000 })).toMatchObject({
      outcome: 'store-unavailable',
      thrown: { code: 'store-unavailable', retryable: true, message: 'no reply' },
    })
    expect(on.clock.nowMs() - startedAtMs).toBe(5_000)
    expect(operations(on)).toEqual(['insert', 'insert', 'insert', 'release'])
    expect(on.called('release')).toMatchObject([{ timeoutMs: 2_000 }])
  })

  it('leaves the key free if it was written although no reply came', async () => {
    const on = createLine()
    on.inject('insert', replyLost, 2)
    await on.ask()
    expect(await on.stored()).toMatchObject({ leaseUntilMs: 0 })
    expect(await on.ask()).toMatchObject({ outcome: 'executed', attempt: 2 })
  })

  it('is released for three seconds more at most, for the caller waits', async () => {
    const on = createLine()
    const startedAtMs = on.clock.nowMs()
    on.inject('insert', replyLost, 9)
    const slowReset: Fault = (call, clock, ms) => resetAfter(Math.min(ms, 700))(call, clock, ms)
    on.inject('release', slowReset, 99)
    await on.ask({ deadlineInMs: 60_000 })
    expect(on.called('release').length).toBeGreaterThan(1)
    expect(on.clock.nowMs() - startedAtMs).toBeLessThanOrEqual(8_000)
  })

  it('is not released if every try was throttled: there is nothing to release, and no capacity for it', async () => {
    const on = createLine()
    on.inject('insert', throttled, 99)
    expect(await on.ask()).toMatchObject({ outcome: 'store-unavailable' })
    expect(on.called('release')).toEqual([])
  })

  it('is released for as long as a result would be stored, while the table throttles that', async () => {
    const on = createLine()
    const startedAtMs = on.clock.nowMs()
    on.inject('insert', replyLost, 1)
    on.inject('insert', throttled, 99)
    on.inject('release', throttled, 16)
    await on.ask({ deadlineInMs: 60_000 })
    expect(on.clock.nowMs() - startedAtMs).toBeGreaterThan(8_000)
    expect(await on.stored()).toMatchObject({ leaseUntilMs: 0 })
  })

  it('is answered before the deadline, however near that is', async () => {
    const on = createLine()
    const deadlineMs = on.clock.nowMs() + 1_000
    on.inject('insert', requestLost, 9)
    on.inject('release', requestLost, 9)
    await on.ask({ deadlineInMs: 1_000 })
    expect(on.called('release')).toMatchObject([{ timeoutMs: 250 }])
    expect(on.clock.nowMs()).toBe(deadlineMs - 250)
  })

  it('is answered with its own error, not with that of the release', async () => {
    const on = createLine()
    on.inject('insert', resetAfter(5_000), 9)
    on.inject('release', refusedForGood, 9)
    expect(await on.ask()).toMatchObject({ thrown: { message: 'no reply' } })
  })

  it.each<[string, Fault]>([
    ['an error that is final', refusedForGood],
    ['a reply that cannot be read', resetAfter(5_000)],
  ])(
    'leaves the key free if it was written although its reply was lost, and then met %s',
    async (_, last) => {
      const on = createLine()
      on.inject('insert', replyLost)
      on.inject('insert', last)
      expect(await on.ask({ onCrash: 'refuse' })).toMatchObject({ outcome: 'store-unavailable' })
      expect(await on.ask({ onCrash: 'refuse' })).toMatchObject({ outcome: 'executed', attempt: 2 })
    },
  )

  it('is released even if it was refused for good', async () => {
    const on = createLine()
    on.inject('insert', () => Promise.reject(new StoreUnavailableError('table gone', { retryable: false })))
    expect(await on.ask()).toMatchObject({
      outcome: 'store-unavailable',
      thrown: { message: 'table gone', retryable: false },
    })
    expect(operations(on)).toEqual(['insert', 'release'])
  })

  it('because its record is unreadable leaves that alone', async () => {
    const on = createLine()
    const unreadable = new RecordUnreadableError('payments#1', 'it is of a newer format')
    on.inject('insert', () => Promise.reject(unreadable))
    expect(await on.ask({ onStoreError: 'run' })).toMatchObject({ outcome: 'unreadable', thrown: unreadable })
    // Conditional on its own owner: an earlier try, whose reply was lost, may have been written.
    expect(operations(on)).toEqual(['insert', 'release'])
  })

  it('and was refused by nothing that can be seen is released: it may be its own that refused it', async () => {
    const on = createLine()
    on.inject('insert', async (call) => {
      await call()
      return { kind: 'refused', nowMs: on.clock.nowMs(), record: undefined }
    })
    expect(await on.ask()).toMatchObject({ outcome: 'executed', attempt: 2 })
    expect(operations(on).slice(0, 2)).toEqual(['insert', 'release'])
  })

  it('because the store is broken fails with the error of the store', async () => {
    const on = createLine()
    const broken = new TypeError('not a function')
    on.inject('insert', () => Promise.reject(broken))
    expect(await rejection(on.ask({ onStoreError: 'run' }))).toBe(broken)
  })
})

describe('a claim whose reply comes late or never', () => {
  it('is recognised when it is sent again', async () => {
    const on = createLine()
    on.inject('insert', replyLost)
    expect(await on.ask()).toMatchObject({ outcome: 'executed', attempt: 1, isTakeover: false })
    on.clock.advance(61_000)
    await on.start()
    on.clock.advance(10_000)
    on.inject('takeover', replyLost)
    expect(await on.ask()).toMatchObject({ outcome: 'executed', attempt: 2, isTakeover: true })
  })

  // A deadline in 8 s is a lease of 10 s. The store's time may be a second later than it says.
  it('is not run if its lease may be over by then, to the millisecond, and is released', async () => {
    const on = createLine()
    on.inject('insert', answeredLate(9_000))
    expect(await on.ask({ deadlineInMs: 8_000 })).toMatchObject({
      outcome: 'store-unavailable',
      thrown: {
        retryable: true,
        message: 'The claim of record "payments#1" was answered after its lease had ended. Nothing was run.',
      },
    })
    expect(await on.stored()).toMatchObject({ leaseUntilMs: 0 })
    on.inject('replace', answeredLate(8_999))
    expect(await on.ask({ deadlineInMs: 8_000 })).toMatchObject({ outcome: 'executed' })
  })

  it('is judged by the try that was answered, not by those before', async () => {
    const on = createLine()
    on.inject('insert', resetAfter(1_000))
    on.inject('insert', answeredLate(3_900))
    expect(await on.ask({ deadlineInMs: 4_000 })).toMatchObject({ outcome: 'executed' })
  })

  it('has a whole lease from then on, where there is no deadline', async () => {
    const on = createLine()
    on.inject('insert', answeredLate(10_000))
    await on.start()
    expect(await on.stored()).toMatchObject({ leaseUntilMs: on.clock.nowMs() + 10_000 })
  })
})

describe('a claim that meets a transaction', () => {
  it('is in flight for an unknown time, and leaves nothing behind', async () => {
    const on = createLine()
    on.inject('insert', heldByTransaction)
    expect(await on.ask()).toMatchObject({ outcome: 'in-flight', thrown: { retryAfterMs: 0 } })
    expect(operations(on)).toEqual(['insert', 'release'])
  })

  it('is made again by a caller that waits', async () => {
    const on = createLine()
    on.inject('insert', heldByTransaction)
    expect(await on.ask({ waitMs: 5_000 })).toMatchObject({ outcome: 'executed' })
    expect(operations(on).slice(0, 4)).toEqual(['insert', 'release', 'read', 'insert'])
    expect(on.sleeps).toEqual([expect.toSatisfy((durationMs) => durationMs <= 50)])
  })

  it('is polled for once a second at least', async () => {
    const on = createLine()
    on.inject('insert', heldByTransaction, 99)
    await on.ask({ waitMs: 20_000 })
    expect(Math.max(...on.sleeps)).toBeLessThanOrEqual(1_000)
    expect(on.sleeps.length).toBeGreaterThan(20)
  })
})

describe('a claim that loses race after race', () => {
  /** Each time another caller is faster, and fails. */
  const lose = (on: Line, times: number) => {
    const race = after(() => on.fail())
    for (let n = 0; n < times; n++) {
      on.inject('replace', race)
      on.inject('replace', (call) => call())
    }
  }

  it('is answered as in flight after eight', async () => {
    const on = createLine()
    await on.fail()
    lose(on, 20)
    expect(await on.ask()).toMatchObject({ outcome: 'in-flight' })
    // One insertion, and seven replacements with the seven of those who were faster.
    expect(on.called('replace')).toHaveLength(14)
  })

  it('begins to count anew after it has waited', async () => {
    const on = createLine()
    await on.fail()
    lose(on, 10)
    expect(await on.ask({ waitMs: 1_000 })).toMatchObject({ outcome: 'executed' })
    expect(on.sleeps).toHaveLength(1)
  })
})

describe('a caller that waits', () => {
  it('gets the result of the run that it waits for', async () => {
    const on = createLine()
    const run = await on.start()
    const waiting = on.ask({ waitMs: 5_000 })
    await on.clock.sleep(100)
    await run.returns('done')
    expect(await waiting).toMatchObject({ outcome: 'replayed', answer: 'done' })
  })

  it('is the only one to run when the run that several wait for fails', async () => {
    const on = createLine()
    const run = await on.start()
    const waiting = [1, 2, 3, 4].map(() => on.ask({ waitMs: 5_000 }))
    await on.clock.sleep(10)
    await run.throws(new Error('declined'))
    const outcomes = (await Promise.all(waiting)).map(({ outcome }) => outcome)
    expect(outcomes.toSorted()).toEqual(['executed', 'replayed', 'replayed', 'replayed'])
  })

  it('asks by reading, at growing intervals that no two callers share', async () => {
    const on = createLine()
    await on.start({ leaseMs: 60_000 })
    await on.ask({ waitMs: 9_000 })
    const [, , ...polls] = operations(on)
    expect(new Set(polls)).toEqual(new Set(['read']))
    const intervals = on.sleeps.slice(0, 8)
    for (const [n, durationMs] of intervals.entries()) {
      const longestMs = Math.min(1_000, 50 * 2 ** n)
      expect(durationMs).toBeGreaterThanOrEqual(longestMs / 2)
      expect(durationMs).toBeLessThanOrEqual(longestMs)
    }
    expect(new Set(intervals.map((durationMs) => durationMs % 25)).size).toBeGreaterThan(1)
  })

  it('reads again if a reply is lost', async () => {
    const on = createLine()
    await on.start({ leaseMs: 60_000 })
    on.inject('read', replyLost)
    expect(await on.ask({ waitMs: 1_000, leaseMs: 60_000 })).toMatchObject({ outcome: 'in-flight' })
    expect(on.called('read').length).toBeGreaterThan(1)
  })

  it('is there when the lease ends', async () => {
    const on = createLine()
    await on.start()
    on.clock.advance(9_990)
    expect(await on.ask({ waitMs: 5_000 })).toMatchObject({ outcome: 'executed' })
    expect(on.sleeps).toEqual([10])
  })

  it.each<[string, Asked, number]>([
    ['waitMs', { waitMs: 1_234 }, 1_234],
    ['what its kind of event allows', { waitMs: 9_000, maxWaitMs: 1_234 }, 1_234],
    ['waitMs, however short the lease that it would take', { waitMs: 20_000, leaseMs: 1_000 }, 20_000],
    ['what is left before its deadline', { waitMs: 60_000, deadlineInMs: 3_000 }, 2_750],
  ])('waits for %s', async (_, asked, waitedMs) => {
    const on = createLine()
    const startedAtMs = on.clock.nowMs()
    await on.start({ leaseMs: 60_000 })
    expect(await on.ask(asked)).toMatchObject({ outcome: 'in-flight' })
    expect(on.clock.nowMs() - startedAtMs).toBe(waitedMs)
  })

  it('may store its result for as long as its own lease lives', async () => {
    const on = createLine()
    await on.start({ leaseMs: 15_000 })
    const run = await on.start({ waitMs: 20_000 })
    const endedAtMs = on.clock.nowMs()
    on.inject('complete', requestLost, 99)
    await run.returns()
    expect(on.clock.nowMs() - endedAtMs).toBeGreaterThan(7_000)
    expect(on.clock.nowMs() - endedAtMs).toBeLessThanOrEqual(8_000)
  })
})

describe('a caller that has waited, near its deadline', () => {
  /** The first run fails with so much time left for the caller that waits for it. */
  const waitFor = async (leftMs: number, asked: Asked = {}) => {
    const on = createLine()
    const first = await on.start({ leaseMs: 60_000 })
    const waiting = on.ask({ waitMs: 28_000, deadlineInMs: 3_000, ...asked })
    on.inject(
      'read',
      after(async () => {
        on.clock.advance(3_000 - leftMs)
        await first.throws(new Error('declined'))
      }),
    )
    return { on, ended: await waiting }
  }

  it.each<[number, Asked]>([
    [800, {}],
    [1_800, { minRemainingMs: 2_000 }],
    [800, { isDeadlineEnforced: false }],
  ])('does not begin a run that it has %i ms for (%j)', async (leftMs, asked) => {
    const { on, ended } = await waitFor(leftMs, asked)
    expect(ended).toMatchObject({ outcome: 'in-flight', thrown: { retryAfterMs: 0 } })
    expect(await on.stored()).toMatchObject({ attempt: 1, leaseUntilMs: 0 })
  })

  it.each<[number, Asked]>([
    [1_800, {}],
    [800, { minRemainingMs: 500 }],
    [800, { deadlineInMs: 20_000 }],
  ])('runs if it has enough (%i ms, %j)', async (leftMs, asked) => {
    const { ended } = await waitFor(leftMs, asked)
    expect(ended).toMatchObject({ outcome: 'executed', attempt: 2 })
  })

  it('begins its own run if it need not wait, however near', async () => {
    expect(await createLine().ask({ deadlineInMs: 300 })).toMatchObject({ outcome: 'executed' })
  })
})

describe('a key that is too old to run for', () => {
  const expiredKey = new KeyInvalidError('too old', { code: 'key-expired' })

  it('is refused where there is no record, and claims nothing', async () => {
    const on = createLine()
    expect(await on.ask({ expiredKey })).toMatchObject({ outcome: 'invalid', thrown: expiredKey })
    expect(operations(on)).toEqual(['read'])
  })

  it('is answered from the record that is there', async () => {
    const on = createLine()
    await on.complete('paid')
    expect(await on.ask({ expiredKey })).toMatchObject({ outcome: 'replayed', answer: 'paid' })
  })
})

describe('a claim by a clock that is wrong', () => {
  it.each([90_000, -90_000])('by %i ms has the lease of the right clock', async (aheadMs) => {
    const on = createLine({ aheadMs })
    const storeNowMs = on.clock.nowMs() - aheadMs
    const run = await on.start({ retentionMs: 5_000 })
    expect(await on.stored()).toMatchObject({
      leaseUntilMs: storeNowMs + 10_000,
      expiresAtMs: storeNowMs + 15_000,
    })
    expect(await run.attempt.step('charge', () => 1)).toBe(1)
  })

  it('is lost if another takes over before its lease is corrected', async () => {
    const on = createLine({ aheadMs: -90_000 })
    const knowsBetter = { skew: { offsetMs: 90_000 } }
    on.inject(
      'renew',
      after(() => on.start(knowsBetter)),
    )
    expect(await on.ask()).toMatchObject({ outcome: 'in-flight' })
  })

  it('gives up correcting its lease within the budget of a claim, and is released', async () => {
    const on = createLine({ aheadMs: 90_000 })
    const startedAtMs = on.clock.nowMs()
    on.inject('renew', requestLost, 99)
    expect(await on.ask({ leaseMs: 10_000 })).toMatchObject({ outcome: 'store-unavailable' })
    expect(on.clock.nowMs() - startedAtMs).toBe(5_000)
    expect(await on.stored()).toMatchObject({ leaseUntilMs: 0 })
  })
})

describe('a clock that is wrong by less than anybody notices', () => {
  it.each([
    [1_999, 0],
    [2_000, 0],
    // Such a clock sees too late that its lease is over: it asks while the store's lease still lasts.
    [-1_999, 1],
    [-2_000, 1],
  ])('(%i ms) never lets two runs act at once', async (aheadMs, renewals) => {
    const on = createLine({ aheadMs })
    const first = await on.start({ leaseMs: 2_000 })
    on.clock.advance(1_999)
    expect(await on.ask()).toMatchObject({ outcome: 'in-flight' })
    expect(await first.attempt.step('charge', () => 'charged')).toBe('charged')
    expect(on.called('renew')).toHaveLength(renewals)

    on.clock.advance(4_001)
    const second = await on.start({ leaseMs: 2_000 })
    expect(await rejection(first.attempt.step('receipt', () => 1))).toMatchObject({ code: 'lease-lost' })
    expect(second.attempt.number).toBe(2)
  })
})

it('a stored result that decompresses to no JSON is unreadable, and nothing runs', async () => {
  const on = createLine()
  await on.complete('paid')
  const record = await on.stored()
  const result = await compress('not JSON')
  on.inject('insert', async () => ({
    kind: 'refused',
    nowMs: on.clock.nowMs(),
    record: { ...record, result },
  }))
  expect(await on.ask()).toMatchObject({ outcome: 'unreadable', thrown: { code: 'record-unreadable' } })
})

describe('a claim while 32 others are on their way', () => {
  const crowd = () => {
    const on = createLine()
    const gate = Promise.withResolvers<void>()
    on.inject(
      'insert',
      after(() => gate.promise),
      32,
    )
    const others = Array.from({ length: 32 }, (_, n) => on.ask({ id: `payments#${n + 10}` }))
    return { on, others, open: gate.resolve, late: on.ask({ id: 'payments#99' }) }
  }

  it('is sent once one of them has ended', async () => {
    const { on, others, open, late } = crowd()
    await setImmediate()
    expect(on.called('insert')).toHaveLength(32)
    open()
    expect(await late).toMatchObject({ outcome: 'executed' })
    await Promise.all(others)
  })

  it('is refused if that takes as long as a claim may, and has sent nothing', async () => {
    const { on, others, open, late } = crowd()
    await setImmediate()
    // Half of its lease.
    expect(on.clock.timers()).toEqual([4_000])
    await on.clock.pass(4_000)
    expect(await late).toMatchObject({
      outcome: 'store-unavailable',
      thrown: {
        retryable: true,
        message: 'Too many claims are waiting for the store. Nothing was sent.',
      },
    })
    expect(operations(on).filter((op) => op !== 'insert')).toEqual([])
    expect(on.called('insert')).toHaveLength(32)
    open()
    await Promise.all(others)
  })
})

describe('a run without a claim', () => {
  const startUnclaimed = (on: Line, asked: Asked = {}) => {
    on.inject('insert', resetAfter(5_000))
    return on.start({ ...asked, onStoreError: 'run' })
  }

  it('is reported as not protected, and is the first as far as it knows', async () => {
    const on = createLine()
    const run = await startUnclaimed(on)
    expect(run.attempt.number).toBe(1)
    expect(operations(on)).toEqual(['insert', 'read'])
    expect(await run.returns('ran')).toMatchObject({
      outcome: 'store-unavailable',
      answer: 'ran',
      attempt: 1,
      isTakeover: false,
      error: { code: 'lease-lost' },
    })
  })

  it.each<[string, (on: Line) => unknown, Asked, object]>([
    ['completed', (on) => on.complete('stored'), {}, { outcome: 'replayed', answer: 'stored' }],
    ['in progress', (on) => on.start(), {}, { outcome: 'in-flight', thrown: { code: 'in-flight' } }],
    ['of another request', (on) => on.complete('x', { fingerprint: 'jcs:b' }), {}, { outcome: 'mismatch' }],
    [
      'interrupted, and not to be run again',
      async (on) => {
        await on.start({ onCrash: 'refuse' })
        on.clock.advance(10_000)
      },
      {},
      { outcome: 'outcome-unknown' },
    ],
  ])('does not begin if the record can be read, and is %s', async (_, event, asked, ended) => {
    const on = createLine()
    on.inject(
      'insert',
      after(async () => {
        await event(on)
        throw new StoreUnavailableError('no reply', { retryable: false })
      }),
    )
    expect(await on.ask({ ...asked, onStoreError: 'run' })).toMatchObject(ended)
  })

  it('does not begin if another has completed while it was frozen', async () => {
    const on = createLine()
    on.inject('insert', async (call, clock) => {
      const reply = await call()
      clock.advance(10_000)
      await on.complete('stored')
      return reply
    })
    const ended = await on.ask({ onStoreError: 'run', deadlineInMs: 8_000 })
    expect(ended).toMatchObject({ outcome: 'replayed', answer: 'stored' })
  })

  it('asks for the record for half a second at most', async () => {
    const on = createLine()
    const startedAtMs = on.clock.nowMs()
    on.inject('read', requestLost, 9)
    await startUnclaimed(on)
    expect(on.clock.nowMs() - startedAtMs).toBeLessThanOrEqual(5_500)
    expect(on.called('read')).toMatchObject([{ timeoutMs: 500 }])
  })

  it('begins if the record that can be read is free', async () => {
    const on = createLine()
    await on.fail()
    on.inject('replace', resetAfter(5_000))
    const ended = await on.ask({ onStoreError: 'run' })
    expect(ended).toMatchObject({ outcome: 'store-unavailable', answer: 'ran' })
  })

  it('is protected after all if the record that can be read is its own claim', async () => {
    const on = createLine()
    on.inject('insert', replyLost, 9)
    const run = await on.start({ onStoreError: 'run' })
    expect(operations(on).at(-1)).toBe('read')
    expect(await run.attempt.step('charge', () => 'charged')).toBe('charged')
    expect(await run.returns('paid')).toMatchObject({ outcome: 'executed', isTakeover: false })
  })

  it('does not begin if the record can be read, but not understood', async () => {
    const on = createLine()
    const unreadable = new RecordUnreadableError('payments#1', 'it is of a newer format')
    on.inject('insert', resetAfter(5_000))
    on.inject('read', () => Promise.reject(unreadable))
    expect(await on.ask({ onStoreError: 'run' })).toMatchObject({ outcome: 'unreadable', thrown: unreadable })
  })

  it('learns the time of the store from its own claim', async () => {
    const on = createLine({ aheadMs: 90_000 })
    const startedAtMs = on.clock.nowMs()
    on.inject('insert', replyLost, 9)
    const { lease } = (await on.start({ onStoreError: 'run' })).claim
    expect(storeNowMs(lease)).toBe(on.clock.nowMs() - 90_000)
    // By a clock that is fast, the lease was computed to end that much later.
    expect(lease.endsAtMs).toBe(startedAtMs + 8_000 + 90_000)
  })

  it('does not begin if its own claim may have lapsed, and releases that', async () => {
    const on = createLine()
    on.inject('insert', async (call, clock) => {
      await call()
      clock.advance(9_000)
      throw new StoreUnavailableError('no reply', { retryable: true })
    })
    expect(await on.ask({ onStoreError: 'run' })).toMatchObject({ outcome: 'in-flight' })
    expect(await on.stored()).toMatchObject({ leaseUntilMs: 0 })
  })

  it('answers with the result of another run that has completed', async () => {
    const on = createLine()
    const run = await startUnclaimed(on)
    await on.complete('stored')
    expect(await run.returns('ran')).toMatchObject({ outcome: 'superseded', answer: 'stored' })
  })

  it('stores its result if its claim was written after all', async () => {
    const on = createLine()
    on.inject('insert', replyLost, 2)
    const run = await on.start({ onStoreError: 'run' })
    expect(await run.returns('paid')).toMatchObject({ outcome: 'executed', answer: 'paid' })
    expect(await on.ask()).toMatchObject({ outcome: 'replayed', answer: 'paid' })
  })

  it('has neither steps nor a commit', async () => {
    const { attempt } = await startUnclaimed(createLine())
    const refusal = (method: string) => ({
      retryable: true,
      message: `${method}: this run has no claim (the store was unavailable and onStoreError is 'run').`,
    })
    expect(await rejection(attempt.step('charge', () => 1))).toMatchObject(refusal('step'))
    expect(await rejection(attempt.commit(1, []))).toMatchObject(refusal('commit'))
  })

  it('does not use up the time that is left on storing its result', async () => {
    const on = createLine()
    const run = await startUnclaimed(on, { deadlineInMs: 10_000 })
    const endedAtMs = on.clock.nowMs()
    on.inject('complete', requestLost, 99)
    expect(await run.returns('ran')).toMatchObject({
      outcome: 'store-unavailable',
      answer: 'ran',
      error: { message: 'no reply' },
    })
    // Half of the five seconds that are left.
    expect(on.clock.nowMs() - endedAtMs).toBe(2_500)
  })

  it('answers with its own result while another run is in progress', async () => {
    const on = createLine()
    const run = await startUnclaimed(on)
    await on.start()
    on.clock.advance(700)
    expect(await run.returns('ran')).toMatchObject({
      outcome: 'store-unavailable',
      answer: 'ran',
      error: { code: 'in-flight', retryAfterMs: 700 },
    })
  })

  it('throws its own error', async () => {
    const on = createLine()
    const run = await startUnclaimed(on)
    const declined = new Error('declined')
    expect(await run.throws(declined)).toMatchObject({ outcome: 'store-unavailable', thrown: declined })
  })
})

describe('a stored result', () => {
  it('of undefined is replayed as undefined', async () => {
    const on = createLine()
    await on.complete(undefined)
    expect(await on.ask()).toMatchObject({ outcome: 'replayed', answer: undefined })
  })

  it('that is compressed in its record is replayed without another call', async () => {
    const on = createLine()
    const result = 'x'.repeat(5_000)
    await on.complete(result)
    expect(await on.stored()).toMatchObject({ result: { kind: 'compressed' } })
    expect(await on.ask()).toMatchObject({ outcome: 'replayed', answer: result })
    expect(on.called('load')).toHaveLength(0)
  })

  it('that is outside its record is loaded, and again if the reply is lost', async () => {
    const on = createLine()
    await on.complete(LARGE)
    on.inject('load', replyLost)
    expect(await on.ask()).toMatchObject({ outcome: 'replayed', answer: LARGE })
    expect(on.called('load').map(({ args }) => args[0])).toEqual(['payments#1', 'payments#1'])
  })

  it('that does not load in time is an unavailable store, and is left alone', async () => {
    const on = createLine()
    await on.complete(LARGE)
    const completed = await on.stored()
    on.inject('load', requestLost, 9)
    expect(await on.ask()).toMatchObject({ outcome: 'store-unavailable', thrown: { message: 'no reply' } })
    expect(await on.stored()).toEqual(completed)
  })

  it('that is damaged is an unreadable record', async () => {
    const on = createLine()
    await on.complete(LARGE)
    on.inject('load', async () => new Uint8Array(5))
    expect(await on.ask()).toMatchObject({
      outcome: 'unreadable',
      thrown: {
        code: 'record-unreadable',
        id: 'payments#1',
        message: expect.stringContaining('its result does not'),
      },
    })
  })
})
