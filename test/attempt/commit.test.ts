import { describe, expect, it } from 'vitest'
import { begin } from '../../packages/oncekey/src/attempt/begin.ts'
import type { Scene } from '../../packages/oncekey/src/attempt/scene.ts'
import type { LeaseTerm } from '../../packages/oncekey/src/attempt/timing.ts'
import {
  type Bench,
  type BenchOptions,
  bench,
  claim,
  refusedForGood,
  rejection,
  replyLost,
  requestLost,
  resetAfter,
} from './bench.ts'

const writes = [{ Put: { TableName: 'wallets', Item: { id: 'w' } } }]
const completionOf = ({ args }: { readonly args: readonly unknown[] }) => args[1]

async function running(changes: Partial<Scene> = {}, term?: LeaseTerm, options: BenchOptions = {}) {
  const on = bench({ hasTransactions: true, ...options })
  const run = await claim(on.scene(changes, term))
  return { on, run, commit: run.attempt.commit }
}
const sentBy = (on: Bench) => on.called('commit').map(completionOf)

describe('a commit', () => {
  it('is what the record holds and what the run came to, whatever the handler returns', async () => {
    const { on, run, commit } = await running()
    const result = { paid: true }
    expect(await commit(result, writes)).toBe(result)
    expect(await run.complete({ value: 'other' })).toEqual({ kind: 'committed', result })
    expect(await run.release()).toEqual({ kind: 'committed', result })
    expect(await begin(on.scene())).toMatchObject({ kind: 'replay', recalled: { json: '{"paid":true}' } })
    expect(on.called('complete')).toHaveLength(0)
    expect(on.called('commit')[0]?.args).toMatchObject([{ id: 'payments#1' }, {}, writes, {}])
  })

  it('says when it was, how long it is kept, and by which token', async () => {
    const { on, commit } = await running()
    on.clock.advance(1_000)
    const nowMs = on.clock.nowMs()
    await commit(1, [])
    expect(await on.stored()).toMatchObject({
      completedAtMs: nowMs,
      expiresAtMs: nowMs + 60_000,
      commitToken: expect.stringMatching(/^[\da-f-]{36}$/),
    })
    expect(on.called('spill').at(-1)?.args[2]).toEqual({
      name: 'commit',
      inlineBytes: 0,
      expiresAtMs: nowMs + 60_000,
    })
  })

  it('is kept in the form and for as long as the rule for results says', async () => {
    const keep = (value: unknown) => ({ value: { kept: value }, retentionMs: 5 })
    const { on, commit } = await running({ keep })
    await commit(1, [])
    expect(await on.stored()).toMatchObject({ expiresAtMs: on.clock.nowMs() + 5 })
    expect(await begin(on.scene())).toMatchObject({ recalled: { json: '{"kept":1}' } })
  })

  it('ends the run', async () => {
    const { commit, run } = await running()
    await commit(1, [])
    const again = await rejection(commit(2, []))
    expect(again).toEqual(new TypeError('commit: the run has already ended; commit once, and await it'))
    expect(await rejection(run.attempt.step('late', () => 1))).toBeInstanceOf(TypeError)
  })

  it('of a result that is not to be stored is refused', async () => {
    const { on, commit } = await running({ keep: () => undefined })
    expect(await rejection(commit(1, []))).toEqual(
      new TypeError(
        'commit: expected a result that is stored, got one that the profile or shouldStore leaves out',
      ),
    )
    expect(on.called('commit')).toHaveLength(0)
  })

  it('is refused by a store without transactions', async () => {
    const { commit } = await running({}, undefined, { hasTransactions: false })
    expect(await rejection(commit(1, []))).toEqual(
      new TypeError('commit: this store has no transactions with DynamoDB; use step and derive instead'),
    )
  })

  it('takes an array of writes and nothing else', async () => {
    const { commit } = await running()
    const told = Promise.resolve(Reflect.apply(commit, undefined, [1, { Put: {} }]))
    expect(await rejection(told)).toEqual(new TypeError('commit: expected an array of writes, got object'))
  })

  it('is not begun once the lease is over, to the millisecond', async () => {
    const { on, commit } = await running()
    on.clock.advance(9_999)
    expect(await commit(1, [])).toBe(1)
    const late = await running()
    late.on.clock.advance(10_000)
    expect(await rejection(late.commit(1, []))).toMatchObject({ code: 'lease-lost', key: 'k1' })
    expect(late.on.called('commit')).toHaveLength(0)
  })

  it.each([
    [60_000, 10_000],
    [10_000, 4_750],
    [10_001, 4_750],
  ])('of a run of %i ms gives one try %i ms, so that there may be another', async (leaseMs, callMs) => {
    const { on, commit } = await running({}, { kind: 'duration', leaseMs })
    await commit(1, [])
    expect(on.called('commit')).toMatchObject([{ timeoutMs: callMs }])
  })

  it('is tried until the run must be ended', async () => {
    const { on, commit } = await running()
    const beganAtMs = on.clock.nowMs()
    on.inject('commit', requestLost, 99)
    expect(await rejection(commit(1, []))).toMatchObject({ message: 'away' })
    expect(on.clock.nowMs() - beganAtMs).toBeGreaterThan(9_200)
    expect(on.clock.nowMs() - beganAtMs).toBeLessThanOrEqual(9_500)
  })
})

describe('a commit that is refused', () => {
  it('because a successor has the claim tells that the lease was lost', async () => {
    const { on, commit } = await running()
    on.clock.advance(9_999)
    on.inject('commit', async (call) => {
      on.clock.advance(1)
      await claim(on.scene())
      return await call()
    })
    const told = await rejection(commit(1, []))
    expect(told).toMatchObject({ code: 'lease-lost', key: 'k1' })
    expect(told).not.toHaveProperty('cause')
  })

  it('because the successor has committed is not taken for its own', async () => {
    const { on, commit } = await running()
    on.inject('commit', async (call) => {
      on.clock.advance(10_000)
      await (await claim(on.scene())).attempt.commit(1, [])
      return await call()
    })
    expect(await rejection(commit(1, []))).toMatchObject({ code: 'lease-lost' })
  })

  it('because the successor completed without a token is not taken for its own', async () => {
    const { on, commit } = await running()
    on.inject('commit', async (call) => {
      on.clock.advance(10_000)
      await (await claim(on.scene())).complete({ value: 1 })
      return await call()
    })
    expect(await rejection(commit(1, []))).toMatchObject({ code: 'lease-lost' })
  })

  it('because the record is gone tells that the lease was lost', async () => {
    const { on, commit } = await running()
    on.inject('commit', async (call) => {
      on.clock.advance(70_000)
      await claim(on.scene({ intent: { id: 'payments#2', key: 'k2', fingerprint: 'json:a' } }))
      return await call()
    })
    expect(await rejection(commit(1, []))).toMatchObject({ code: 'lease-lost' })
  })

  it('by the handler’s own condition leaves the claim held', async () => {
    const { on, run, commit } = await running()
    const own = new Error('the wallet is empty')
    on.inject('commit', () => Promise.reject(own))
    expect(await rejection(commit(1, []))).toBe(own)
    expect(await run.complete({ value: 'declined' })).toMatchObject({ kind: 'stored' })
  })
})

describe('the result of a commit', () => {
  it('is what it was then, whatever the handler does to it afterwards', async () => {
    const { run, commit } = await running()
    const result = { paid: true }
    await commit(result, [])
    result.paid = false
    expect(await run.complete({ value: 2 })).toEqual({ kind: 'committed', result: { paid: true } })
  })

  it.each([[undefined], [{ amount: 1n }]])(
    'is answered as it is where JSON cannot say it: %o',
    async (result) => {
      const { run, commit } = await running()
      await commit(result, [])
      expect(await run.complete({ value: 2 })).toEqual({ kind: 'committed', result })
    },
  )
})

describe('a commit in doubt', () => {
  it('that was written is recognised when it is sent again', async () => {
    const { on, run, commit } = await running()
    on.inject('commit', replyLost)
    expect(await commit(1, [])).toBe(1)
    expect(await run.complete({ value: 2 })).toEqual({ kind: 'committed', result: 1 })
  })

  const inDoubt = async (on: Bench, commit: () => Promise<unknown>) => {
    on.inject('commit', resetAfter(1_000))
    on.inject('commit', resetAfter(8_200))
    expect(await rejection(commit())).toMatchObject({ message: 'away' })
  }

  it('is the same request to the letter when the handler makes it again', async () => {
    const { on, commit } = await running({}, { kind: 'duration', leaseMs: 10_000 })
    await inDoubt(on, () => commit({ paid: true }, writes))
    expect(await commit({ paid: true }, structuredClone(writes))).toEqual({ paid: true })
    const [first, second, third] = sentBy(on)
    expect(second).toBe(first)
    expect(third).toBe(first)
  })

  it.each<[string, unknown, typeof writes]>([
    ['of another result', { paid: false }, writes],
    ['of other writes', { paid: true }, []],
  ])('%s is another request', async (_, result, others) => {
    const { on, commit } = await running()
    await inDoubt(on, () => commit({ paid: true }, writes))
    await commit(result, others)
    const [first, , third] = on.called('commit').map(completionOf)
    expect(third).not.toEqual(first)
    expect(JSON.stringify(third)).not.toContain(tokenOf(first))
  })

  it('is another request if it cannot be compared', async () => {
    const { on, commit } = await running()
    const odd = [{ Put: { TableName: 'ledger', Item: { id: '1', note: () => 'left out' } } }]
    await inDoubt(on, () => commit(1, odd))
    await commit(1, odd)
    const [first, , third] = on.called('commit').map(completionOf)
    expect(tokenOf(third)).not.toBe(tokenOf(first))
  })

  it('is another request once the handler has changed what it gave', async () => {
    const { on, commit } = await running()
    const result = { paid: true }
    await inDoubt(on, () => commit(result, writes))
    result.paid = false
    await commit(result, writes)
    const [first, , third] = on.called('commit').map(completionOf)
    expect(tokenOf(third)).not.toBe(tokenOf(first))
  })

  it('that was refused for good was not, and is prepared anew', async () => {
    const { on, commit } = await running()
    on.inject('commit', refusedForGood)
    await rejection(commit(1, []))
    await commit(1, [])
    const [first, second] = sentBy(on)
    expect(tokenOf(second)).not.toBe(tokenOf(first))
  })

  it('that failed by the handler’s own condition was not, and is prepared anew', async () => {
    const { on, commit } = await running()
    on.inject('commit', () => Promise.reject(Object.assign(new Error('own'), { retryable: true })))
    await rejection(commit(1, []))
    await commit(1, [])
    const [first, second] = sentBy(on)
    expect(tokenOf(second)).not.toBe(tokenOf(first))
  })

  it('that was stored is the reason why another one is refused', async () => {
    const { on, commit } = await running()
    on.inject('commit', async (call, clock) => {
      await call()
      return await resetAfter(9_400)(call, clock, 0)
    })
    await rejection(commit(1, []))
    expect(await rejection(commit(2, []))).toMatchObject({
      code: 'lease-lost',
      cause: { message: 'An earlier commit of this run, in doubt until now, has been stored.' },
    })
  })

  it.each(['complete', 'release'] as const)('that was stored is what the run came to on %s', async (how) => {
    const { on, run, commit } = await running()
    on.inject('commit', async (call, clock) => {
      await call()
      return await resetAfter(9_400)(call, clock, 0)
    })
    await rejection(commit('committed', []))
    const ended = how === 'complete' ? await run.complete({ value: 'other' }) : await run.release()
    expect(ended).toEqual({ kind: 'own', recalled: { kind: 'value', json: '"committed"' } })
  })

  const tokenOf = (completion: unknown): string =>
    typeof completion === 'object' && completion !== null && 'commitToken' in completion
      ? String(completion.commitToken)
      : 'none'
})
