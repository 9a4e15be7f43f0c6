import { describe, expect, it } from 'vitest'
import {
  type Asked,
  createLine,
  type Line,
  refusedForGood,
  rejection,
  replyLost,
  requestLost,
  resetAfter,
} from './line.ts'

const writes = [{ Put: { TableName: 'wallets', Item: { id: 'w' } } }]

async function startRun(asked: Asked = {}) {
  const on = createLine()
  const run = await on.start(asked)
  return { on, run, commit: run.attempt.commit }
}
const completions = (on: Line): readonly unknown[] => on.called('commit').map(({ args }) => args[1])
const tokens = (on: Line): readonly unknown[] =>
  completions(on).map((completion) => Object(completion).commitToken)

describe('a commit', () => {
  it.each([
    { how: 'returns something else', end: 'returns' as const },
    { how: 'throws', end: 'throws' as const },
  ])('is what is stored and answered, although the handler $how', async ({ end }) => {
    const { on, run, commit } = await startRun()
    const result = { paid: true }
    expect(await commit(result, writes)).toBe(result)
    expect(await run[end](new Error('not this'))).toMatchObject({
      outcome: 'executed',
      answer: { paid: true },
      attempt: 1,
    })
    expect(await on.ask()).toMatchObject({ outcome: 'replayed', answer: { paid: true } })
    expect(on.called('commit')).toMatchObject([{ args: [{ id: 'payments#1' }, {}, writes, {}] }])
    expect(on.called('complete')).toHaveLength(0)
    expect(on.called('release')).toHaveLength(0)
  })

  it('offloads a long result', async () => {
    const { on, commit } = await startRun()
    const result = 'x'.repeat(5_000)
    await commit(result, [])
    expect(on.called('offload').at(-1)?.args[1]).toMatchObject({
      name: 'commit',
      inlineBytes: 0,
      expiresAtMs: on.clock.nowMs() + 60_000,
    })
    expect(await on.ask()).toMatchObject({ outcome: 'replayed', answer: result })
  })

  it('stores the form of its result that is stored of any, for as long', async () => {
    const toStore = (value: unknown) => ({ value: { kept: value }, retentionMs: 1_001 })
    const { on, run, commit } = await startRun({ responder: { toStore, respond: (value) => ({ value }) } })
    on.clock.advance(1_000)
    await commit(1, [])
    expect(await on.stored()).toMatchObject({
      completedAtMs: on.clock.nowMs(),
      expiresAtMs: on.clock.nowMs() + 2_000,
      commitToken: expect.stringMatching(/^[\da-f-]{36}$/),
    })
    expect(await run.returns()).toMatchObject({ answer: { value: 1 } })
    expect(await on.ask()).toMatchObject({ answer: { kept: 1 } })
  })

  it('ends the run', async () => {
    const { commit, run } = await startRun()
    await commit(1, [])
    expect(await rejection(commit(2, []))).toEqual(
      new TypeError('commit: the run has already ended. Commit once, and await it.'),
    )
    expect(await rejection(run.attempt.step('late', () => 1))).toBeInstanceOf(TypeError)
  })

  it('of a result that is not stored is refused', async () => {
    const { on, commit } = await startRun({ responder: { toStore: () => undefined } })
    expect(await rejection(commit(1, []))).toEqual(
      new TypeError(
        'commit: expected a result that is stored, got one that profile or shouldStore excludes.',
      ),
    )
    expect(on.called('commit')).toHaveLength(0)
  })

  it('is refused by a store without transactions', async () => {
    const on = createLine({ hasTransactions: false })
    const { attempt } = await on.start()
    expect(await rejection(attempt.commit(1, []))).toEqual(
      new TypeError('commit: this store has no transactions with DynamoDB. Use step and derive instead.'),
    )
  })

  it('takes an array of writes and nothing else', async () => {
    const { commit } = await startRun()
    const committing = Promise.resolve(Reflect.apply(commit, undefined, [1, { Put: {} }]))
    expect(await rejection(committing)).toEqual(
      new TypeError('commit: expected an array of writes, got object.'),
    )
  })

  it('is begun under a lease that it believes in without another call, to the millisecond', async () => {
    const { on, commit } = await startRun()
    on.clock.advance(7_999)
    expect(await commit(1, [])).toBe(1)
    expect(on.called('renew')).toHaveLength(0)
    const late = await startRun()
    late.on.clock.advance(8_000)
    expect(await late.commit(1, [])).toBe(1)
    expect(late.on.called('renew')).toHaveLength(1)
  })

  it('is not begun once another run has the claim', async () => {
    const { on, run, commit } = await startRun()
    on.clock.advance(10_000)
    await on.start()
    expect(await rejection(commit(1, []))).toMatchObject({ code: 'lease-lost', key: 'k1' })
    expect(on.called('commit')).toHaveLength(0)
    expect(run.attempt.signal.reason).toMatchObject({ code: 'lease-lost', key: 'k1' })
  })

  it.each([
    [60_000, 10_000],
    [10_000, 4_750],
    [10_001, 4_750],
  ])('of a run of %i ms gives one try %i ms, so that there may be another', async (leaseMs, callMs) => {
    const { on, commit } = await startRun({ leaseMs })
    await commit(1, [])
    expect(on.called('commit')).toMatchObject([{ timeoutMs: callMs }])
  })

  it('is tried for as long as the run can still be ended', async () => {
    const { on, commit } = await startRun({ leaseMs: 10_000 })
    const startedAtMs = on.clock.nowMs()
    on.inject('commit', requestLost, 99)
    expect(await rejection(commit(1, []))).toMatchObject({ message: 'no reply' })
    expect(on.clock.nowMs() - startedAtMs).toBeGreaterThan(9_200)
    expect(on.clock.nowMs() - startedAtMs).toBeLessThanOrEqual(9_500)
  })
})

describe('a commit that is refused', () => {
  it.each<[string, (on: Line) => unknown]>([
    ['a successor has the claim', (on) => on.start()],
    ['the successor has committed', async (on) => (await on.start()).attempt.commit(1, [])],
    ['the successor has completed', (on) => on.complete(1)],
    [
      'the record is gone',
      async (on) => {
        on.clock.advance(60_000)
        await on.start({ id: 'payments#2' })
      },
    ],
  ])('because %s fails with the loss of the lease', async (_, event) => {
    const { on, run, commit } = await startRun()
    on.inject('commit', async (call) => {
      on.clock.advance(10_000)
      await event(on)
      return await call()
    })
    const error = await rejection(commit(1, []))
    expect(error).toMatchObject({ code: 'lease-lost', key: 'k1' })
    expect(run.attempt.signal.reason).toMatchObject({ code: 'lease-lost', key: 'k1' })
    expect(error).not.toHaveProperty('cause')
  })

  it('by the handler’s own condition leaves the claim held', async () => {
    const { on, run, commit } = await startRun()
    const own = new Error('the wallet is empty')
    on.inject('commit', () => Promise.reject(own))
    expect(await rejection(commit(1, []))).toBe(own)
    expect(await run.returns('declined')).toMatchObject({ outcome: 'executed', answer: 'declined' })
  })
})

describe('the result of a commit', () => {
  it('is answered as it was then, whatever the handler does to it afterwards', async () => {
    const { run, commit } = await startRun()
    const result = { paid: true }
    await commit(result, [])
    result.paid = false
    expect(await run.returns(2)).toMatchObject({ answer: { paid: true } })
  })

  it.each([[undefined], [{ amount: 1n }]])('is answered as it is if it is not JSON: %o', async (result) => {
    const { run, commit } = await startRun()
    await commit(result, [])
    expect((await run.returns(2)).answer).toEqual(result)
  })
})

describe('a commit in doubt', () => {
  it('that was written is recognised when it is sent again', async () => {
    const { on, run, commit } = await startRun()
    on.inject('commit', replyLost)
    expect(await commit(1, [])).toBe(1)
    expect(await run.returns(2)).toMatchObject({ outcome: 'executed', answer: 1 })
  })

  /** The whole time of the commit is used up, and time to end the run is left. */
  const commitInDoubt = async (on: Line, commit: () => Promise<unknown>) => {
    on.inject('commit', resetAfter(1_000))
    on.inject('commit', resetAfter(6_200))
    expect(await rejection(commit())).toMatchObject({ message: 'no reply' })
  }

  it('is the same request to the letter when the handler makes it again', async () => {
    const { on, commit } = await startRun()
    await commitInDoubt(on, () => commit({ paid: true }, writes))
    expect(await commit({ paid: true }, structuredClone(writes))).toEqual({ paid: true })
    const [first, second, third] = completions(on)
    expect(second).toBe(first)
    expect(third).toBe(first)
  })

  it.each<[string, unknown, typeof writes]>([
    ['of another result', { paid: false }, writes],
    ['of other writes', { paid: true }, []],
  ])('is another request %s', async (_, result, others) => {
    const { on, commit } = await startRun()
    await commitInDoubt(on, () => commit({ paid: true }, writes))
    await commit(result, others)
    const [first, , third] = tokens(on)
    expect(third).not.toBe(first)
  })

  it('is another request if it cannot be compared', async () => {
    const { on, commit } = await startRun()
    const odd = [{ Put: { TableName: 'ledger', Item: { id: '1', note: () => 'left out' } } }]
    await commitInDoubt(on, () => commit(1, odd))
    await commit(1, odd)
    const [first, , third] = tokens(on)
    expect(third).not.toBe(first)
  })

  it('is another request once the handler has changed what it passed', async () => {
    const { on, commit } = await startRun()
    const result = { paid: true }
    await commitInDoubt(on, () => commit(result, writes))
    result.paid = false
    await commit(result, writes)
    const [first, , third] = tokens(on)
    expect(third).not.toBe(first)
  })

  it.each([
    ['was refused for good', refusedForGood],
    [
      'failed by the handler’s own condition',
      () => Promise.reject(Object.assign(new Error(), { retryable: true })),
    ],
  ])('is none if it %s: the next one is prepared anew', async (_, fault) => {
    const { on, commit } = await startRun()
    on.inject('commit', fault)
    await rejection(commit(1, []))
    await commit(1, [])
    const [first, second] = tokens(on)
    expect(second).not.toBe(first)
  })

  const commitUnseen = async (asked: Asked, result: unknown) => {
    const started = await startRun(asked)
    started.on.inject('commit', async (call, clock) => {
      await call()
      return await resetAfter(7_400)(call, clock, 0)
    })
    await rejection(started.commit(result, []))
    return started
  }

  it('that was stored is the reason why another one is refused', async () => {
    const { commit } = await commitUnseen({}, 1)
    expect(await rejection(commit(2, []))).toMatchObject({
      code: 'lease-lost',
      cause: { message: 'An earlier commit of this run, whose reply never came, was stored.' },
    })
  })

  it.each(['returns', 'throws'] as const)('that was stored is answered when the handler %s', async (end) => {
    const responder = { respond: (value: unknown) => ({ value }) }
    const { run } = await commitUnseen({ responder }, 'committed')
    expect(await run[end](new Error('not this'))).toMatchObject({
      outcome: 'executed',
      answer: { value: 'committed' },
      attempt: 1,
    })
  })

  it('that was stored without its result is answered as any repeat of it', async () => {
    const { run } = await commitUnseen({}, 1n)
    expect(await run.returns('not this')).toMatchObject({
      outcome: 'replay-unavailable',
      thrown: { code: 'replay-unavailable' },
      attempt: 1,
    })
  })
})
