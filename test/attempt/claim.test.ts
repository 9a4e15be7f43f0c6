import { describe, expect, it } from 'vitest'
import { begin } from '../../packages/oncekey/src/attempt/begin.ts'
import type { LeaseTerm } from '../../packages/oncekey/src/attempt/timing.ts'
import { KeyInvalidError, RecordUnreadableError } from '../../packages/oncekey/src/protocol/errors.ts'
import {
  after,
  answeredLate,
  type Bench,
  bench,
  claim,
  heldByTransaction,
  refusedForGood,
  rejection,
  replyLost,
  requestLost,
  resetAfter,
} from './bench.ts'

const lasting = (leaseMs: number): LeaseTerm => ({ kind: 'duration', leaseMs })
const operations = ({ calls }: Bench) => calls.map(({ op }) => op)

describe('a claim that cannot be written', () => {
  it('is given up within its budget, and released, because it may have been written all the same', async () => {
    const on = bench()
    const beganAtMs = on.clock.nowMs()
    on.inject('insert', requestLost, 9)
    expect(await rejection(begin(on.scene()))).toMatchObject({ code: 'store-unavailable', retryable: true })
    expect(on.clock.nowMs() - beganAtMs).toBe(5_000)
    expect(operations(on)).toEqual(['insert', 'insert', 'release'])
    expect(on.called('release')).toMatchObject([{ timeoutMs: 500 }])
  })

  it('leaves a key free whose claim was written although no reply came', async () => {
    const on = bench()
    on.inject('insert', replyLost, 2)
    await rejection(begin(on.scene()))
    expect(await on.stored()).toMatchObject({ leaseUntilMs: 0 })
    expect((await claim(on.scene())).attempt.number).toBe(2)
  })

  it('answers before the deadline, however near it is', async () => {
    const on = bench()
    const deadlineMs = on.clock.nowMs() + 1_000
    on.inject('insert', requestLost, 9)
    on.inject('release', requestLost, 9)
    await rejection(begin(on.scene({}, { kind: 'deadline', deadlineMs })))
    expect(on.called('release')).toMatchObject([{ timeoutMs: 250 }])
    expect(on.clock.nowMs()).toBe(deadlineMs - 250)
  })

  it('tells of the claim, not of the release that failed too', async () => {
    const on = bench()
    on.inject('insert', resetAfter(5_000), 9)
    on.inject('release', refusedForGood, 9)
    expect(await rejection(begin(on.scene()))).toMatchObject({ message: 'away' })
  })

  it('is not released if it was refused for good: nothing can have been written', async () => {
    const on = bench()
    on.inject('insert', refusedForGood)
    expect(await rejection(begin(on.scene()))).toMatchObject({ message: 'no such table', retryable: false })
    expect(operations(on)).toEqual(['insert'])
  })

  it('because of an unreadable record is told as that, and the record is left alone', async () => {
    const on = bench()
    const unreadable = new RecordUnreadableError('payments#1', 'it is of a newer format')
    on.inject('insert', () => Promise.reject(unreadable))
    expect(await rejection(begin(on.scene({ runsUnclaimed: true })))).toBe(unreadable)
    expect(operations(on)).toEqual(['insert'])
  })
})

describe('a claim whose reply is lost', () => {
  it('is recognised when it is sent again', async () => {
    const on = bench()
    on.inject('insert', replyLost)
    const run = await claim(on.scene())
    expect(run.attempt.number).toBe(1)
    expect(await run.complete({ value: 1 })).toMatchObject({ kind: 'stored' })
  })
})

describe('a claim that is answered late', () => {
  /** With a lease of two seconds more. */
  const dueIn = (on: Bench, durationMs: number): LeaseTerm => ({
    kind: 'deadline',
    deadlineMs: on.clock.nowMs() + durationMs,
  })

  it('is not run if its lease is over by then, to the millisecond, and is released', async () => {
    const on = bench()
    on.inject('insert', answeredLate(10_000))
    expect(await rejection(begin(on.scene({}, dueIn(on, 8_000))))).toMatchObject({
      code: 'store-unavailable',
      retryable: true,
      message: 'The claim of record "payments#1" was answered after its lease had ended; nothing was run.',
    })
    expect(await on.stored()).toMatchObject({ leaseUntilMs: 0 })
  })

  it('is run while its lease lives', async () => {
    const on = bench()
    on.inject('insert', answeredLate(9_999))
    expect((await begin(on.scene({}, dueIn(on, 8_000)))).kind).toBe('run')
  })

  it('is judged by the try that was answered, not by those before', async () => {
    const on = bench()
    on.inject('insert', resetAfter(1_000))
    on.inject('insert', answeredLate(4_500))
    expect((await begin(on.scene({}, dueIn(on, 4_000)))).kind).toBe('run')
  })

  it('has a whole lease from then on, where there is no deadline', async () => {
    const on = bench()
    on.inject('insert', answeredLate(10_000))
    expect((await begin(on.scene())).kind).toBe('run')
    expect(await on.stored()).toMatchObject({ leaseUntilMs: on.clock.nowMs() + 10_000 })
  })
})

describe('a claim that meets a transaction', () => {
  it('is in flight, without a word on how long, and leaves nothing behind', async () => {
    const on = bench()
    on.inject('insert', heldByTransaction)
    expect(await begin(on.scene())).toEqual({ kind: 'in-flight', leaseLeftMs: undefined })
    expect(operations(on)).toEqual(['insert', 'release'])
  })

  it('is made again by a caller that waits', async () => {
    const on = bench()
    on.inject('insert', heldByTransaction)
    expect((await begin(on.scene({ waitMs: 5_000 }))).kind).toBe('run')
    expect(operations(on)).toEqual(['insert', 'release', 'read', 'insert'])
    expect(on.sleeps).toHaveLength(1)
    expect(on.sleeps[0]).toBeLessThanOrEqual(50)
  })
})

describe('a claim that loses race after race', () => {
  /** Each time, another is a moment faster, and fails. */
  const losing = (on: Bench, times: number) => {
    const race = after(async () => (await claim(on.scene())).release())
    for (let n = 0; n < times; n++) {
      on.inject('replace', race)
      on.inject('replace', (call) => call())
    }
  }

  it('answers in flight after eight', async () => {
    const on = bench()
    await (await claim(on.scene())).release()
    losing(on, 20)
    expect((await begin(on.scene())).kind).toBe('in-flight')
    const tries = on.called('replace').length
    // One insert, and seven replacements with the seven of those who were faster.
    expect(tries).toBe(14)
  })

  it('begins to count anew after it has waited', async () => {
    const on = bench()
    await (await claim(on.scene())).release()
    losing(on, 10)
    expect((await begin(on.scene({ waitMs: 1_000 }))).kind).toBe('run')
    expect(on.sleeps).toHaveLength(1)
  })
})

describe('a caller that waits', () => {
  it('asks by reading, at growing intervals that no two callers share', async () => {
    const on = bench()
    await claim(on.scene({}, lasting(60_000)))
    await begin(on.scene({ waitMs: 9_000 }))
    expect(
      operations(on)
        .slice(2)
        .every((op) => op === 'read'),
    ).toBe(true)
    const intervals = on.sleeps.slice(0, 8)
    for (const [n, durationMs] of intervals.entries()) {
      const longestMs = Math.min(1_000, 50 * 2 ** n)
      expect(durationMs).toBeGreaterThanOrEqual(longestMs / 2)
      expect(durationMs).toBeLessThanOrEqual(longestMs)
    }
    expect(new Set(intervals.map((durationMs) => durationMs % 25)).size).toBeGreaterThan(1)
  })

  it('is there when the lease ends', async () => {
    const on = bench()
    await claim(on.scene({}, lasting(10)))
    expect((await begin(on.scene({ waitMs: 5_000 }))).kind).toBe('run')
    expect(on.sleeps).toEqual([10])
  })

  it('waits no longer than it was told', async () => {
    const on = bench()
    const beganAtMs = on.clock.nowMs()
    await claim(on.scene({}, lasting(60_000)))
    await begin(on.scene({ waitMs: 1_234 }, lasting(60_000)))
    expect(on.clock.nowMs() - beganAtMs).toBe(1_234)
  })

  it('waits as long as it was told, however short the lease that it would take', async () => {
    const on = bench()
    const beganAtMs = on.clock.nowMs()
    await claim(on.scene({}, lasting(60_000)))
    await begin(on.scene({ waitMs: 20_000 }, lasting(1_000)))
    expect(on.clock.nowMs() - beganAtMs).toBe(20_000)
    expect(new Set(on.called('read').map(({ timeoutMs }) => timeoutMs))).toEqual(new Set([500]))
  })

  it('may store its result for as long as its own lease lives', async () => {
    const on = bench()
    await claim(on.scene({}, lasting(15_000)))
    const run = await claim(on.scene({ waitMs: 20_000 }, lasting(10_000)))
    const beganAtMs = on.clock.nowMs()
    on.inject('complete', requestLost, 99)
    await run.complete({ value: 1 })
    expect(on.clock.nowMs() - beganAtMs).toBeGreaterThan(9_000)
    expect(on.clock.nowMs() - beganAtMs).toBeLessThanOrEqual(10_000)
  })

  it('is answered before its own deadline', async () => {
    const on = bench()
    await claim(on.scene({}, lasting(60_000)))
    const deadlineMs = on.clock.nowMs() + 3_000
    await begin(on.scene({ waitMs: 60_000 }, { kind: 'deadline', deadlineMs }))
    expect(on.clock.nowMs()).toBe(deadlineMs - 250)
  })
})

describe('a key that is too old to run for', () => {
  const staleKey = new KeyInvalidError('too old', { code: 'key-expired' })

  it('is refused where there is no record, and claims nothing', async () => {
    const on = bench()
    expect(await begin(on.scene({ staleKey }))).toEqual({ kind: 'stale-key', error: staleKey })
    expect(operations(on)).toEqual(['read'])
  })

  it('is answered from the record that is there', async () => {
    const on = bench()
    await (await claim(on.scene())).complete({ value: 1 })
    const expiresAtMs = on.clock.nowMs() + 60_000
    expect(await begin(on.scene({ staleKey }))).toEqual({
      kind: 'replay',
      recalled: { kind: 'value', json: '1' },
      expiresAtMs,
    })
  })
})

describe('a takeover', () => {
  it('is told as one if the lease had lapsed, not if it was released', async () => {
    const on = bench()
    const first = await claim(on.scene())
    expect(first.isTakeover).toBe(false)
    await first.attempt.step('charge', () => 1)
    await first.release()
    const second = await claim(on.scene())
    expect(second.isTakeover).toBe(false)
    on.clock.advance(10_000)
    const third = await claim(on.scene())
    expect(third.isTakeover).toBe(true)
    await third.complete({ value: 1 })
    on.clock.advance(60_000)
    // Replaced whole, although its lease was not released.
    await claim(on.scene({ retentionMs: 1 }))
    on.clock.advance(10_001)
    expect((await claim(on.scene())).isTakeover).toBe(false)
  })
})

describe('a claim by a clock that is wrong', () => {
  it.each([90_000, -90_000])(
    'by %i ms has the lease that it would have had by the right one',
    async (aheadMs) => {
      const on = bench({ aheadMs })
      const storeNowMs = on.clock.nowMs() - aheadMs
      const run = await claim(on.scene({ retentionMs: 5_000 }))
      expect(await on.stored()).toMatchObject({
        leaseUntilMs: storeNowMs + 10_000,
        expiresAtMs: storeNowMs + 15_000,
      })
      expect(await run.attempt.step('charge', () => 1)).toBe(1)
    },
  )

  it('is lost if another takes over before its lease is corrected', async () => {
    const on = bench({ aheadMs: -90_000 })
    on.inject(
      'renew',
      after(() => claim(bySomebodyElse(on))),
    )
    expect((await begin(on.scene())).kind).toBe('in-flight')
  })

  /** Somebody whose clock is known to be wrong. */
  const bySomebodyElse = (on: Bench) => {
    const scene = on.scene()
    scene.timing.observe(on.clock.nowMs() + 90_000, on.clock.nowMs())
    return scene
  }
})

describe('a run without a claim', () => {
  const unclaimed = async (on: Bench, term?: LeaseTerm) => {
    on.inject('insert', resetAfter(5_000))
    return await claim(on.scene({ runsUnclaimed: true }, term))
  }

  it('says that it is not protected, and is the first as far as it knows', async () => {
    const on = bench()
    const run = await unclaimed(on)
    expect(run).toMatchObject({ isProtected: false, isTakeover: false, attempt: { number: 1 } })
    expect(operations(on)).toEqual(['insert'])
    expect((await claim(on.scene())).isProtected).toBe(true)
  })

  it('has neither steps nor a commit', async () => {
    const on = bench({ hasTransactions: true })
    const { attempt } = await unclaimed(on)
    const told = (member: string) => ({
      retryable: true,
      message: `${member}: this run has no claim (the store was unavailable and onStoreError is 'run').`,
    })
    expect(await rejection(attempt.step('charge', () => 1))).toMatchObject(told('step'))
    expect(await rejection(attempt.commit(1, []))).toMatchObject(told('commit'))
  })

  it('does not use up the time that is left on storing its result', async () => {
    const on = bench()
    const deadlineMs = on.clock.nowMs() + 10_000
    const run = await unclaimed(on, { kind: 'deadline', deadlineMs })
    const endedAtMs = on.clock.nowMs()
    on.inject('complete', requestLost, 99)
    expect(await run.complete({ value: 1 })).toMatchObject({ kind: 'failed', error: { message: 'away' } })
    // Half of the five seconds that are left.
    expect(on.clock.nowMs() - endedAtMs).toBe(2_500)
  })
})

describe('a record that is claimed', () => {
  it('says who, when, for how long and until when it is kept', async () => {
    const on = bench()
    const nowMs = on.clock.nowMs()
    await claim(on.scene({ onCrash: 'refuse' }))
    expect(await on.stored()).toEqual({
      id: 'payments#1',
      status: 'in-flight',
      owner: expect.stringMatching(/^[\da-f-]{36}$/),
      attempt: 1,
      fingerprint: 'json:a',
      leaseUntilMs: nowMs + 10_000,
      createdAtMs: nowMs,
      expiresAtMs: nowMs + 70_000,
      onCrash: 'refuse',
      steps: new Map(),
    })
    expect(on.called('insert')).toMatchObject([{ args: [{ id: 'payments#1' }, { timeoutMs: 3_000 }] }])
  })

  it.each([lasting(10_000), { kind: 'deadline', deadlineMs: 1_800_000_008_000 } as const])(
    'is kept for the retention after a lease of %j has lapsed, so that its crash is seen',
    async (term) => {
      const on = bench()
      const scene = () => on.scene({ onCrash: 'refuse', retentionMs: 400 }, term)
      await claim(scene())
      on.clock.advance(10_399)
      expect((await begin(scene())).kind).toBe('outcome-unknown')
      on.clock.advance(1)
      expect((await claim(on.scene())).attempt.number).toBe(1)
    },
  )
})
