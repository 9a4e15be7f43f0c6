import { describe, expect, it } from 'vitest'
import { NOT_RUN } from '../../packages/oncekey/src/core/settle.ts'
import { createReplayCache } from '../../packages/oncekey/src/features/cache.ts'
import { createLine } from './line.ts'

describe('an answer', () => {
  it('has the form that the responder gives it: the first, the repeat and the refusal', async () => {
    const on = createLine()
    const responder = {
      toStore: (value: unknown) => ({ value: { stored: value } }),
      respond: (value: unknown) => ({ first: value }),
      replay: (value: unknown) => ({ replayed: value }),
      refuse: ({ code }: { code: string }) => ({ refused: code }),
    }
    const run = await on.start({ responder })
    expect(await on.ask({ responder })).toMatchObject({
      outcome: 'in-flight',
      answer: { refused: 'in-flight' },
    })
    expect(await run.returns('paid')).toMatchObject({ answer: { first: 'paid' } })
    expect(await on.ask({ responder })).toMatchObject({ answer: { replayed: { stored: 'paid' } } })
  })

  it('is an object of its own for every repeat', async () => {
    const on = createLine()
    await on.complete({ paid: true })
    const { answer: one } = await on.ask()
    const { answer: other } = await on.ask()
    expect(one).toEqual(other)
    expect(one).not.toBe(other)
  })

  it('that cannot be given is an error after the result is stored', async () => {
    const on = createLine()
    const respond = (): never => {
      throw new TypeError('no such response')
    }
    expect(await on.complete('paid', { responder: { respond } })).toMatchObject({
      outcome: 'executed',
      thrown: new TypeError('no such response'),
    })
    expect(await on.ask()).toMatchObject({ outcome: 'replayed', answer: 'paid' })
  })

  it('is released if the responder stores nothing of it', async () => {
    const on = createLine()
    const responder = { toStore: () => undefined }
    expect(await on.complete('declined', { responder })).toMatchObject({
      outcome: 'released',
      answer: 'declined',
      error: undefined,
    })
    expect(await on.ask()).toMatchObject({ outcome: 'executed', attempt: 2 })
  })

  it('to a handler that throws may be stored, too', async () => {
    const on = createLine()
    const declined = new Error('declined')
    const responder = { errorToStore: (error: unknown) => ({ value: String(error) }) }
    const run = await on.start({ responder })
    expect(await run.throws(declined)).toMatchObject({ outcome: 'executed', thrown: declined })
    expect(await on.ask()).toMatchObject({ outcome: 'replayed', answer: 'Error: declined' })
  })

  it.each([
    ['an error', new RangeError('too many'), 'RangeError'],
    ['anything else', 'text', 'thrown'],
  ])('is not run for again because the rule for storing it threw %s', async (_, thrown, name) => {
    const on = createLine()
    const toStore = (): never => {
      throw thrown
    }
    expect(await on.complete('paid', { responder: { toStore } })).toMatchObject({
      outcome: 'executed',
      answer: 'paid',
    })
    expect(await on.ask()).toMatchObject({
      outcome: 'replay-unavailable',
      thrown: { message: expect.stringContaining(`the rule for storing it threw (${name})`) },
    })
  })
})

describe('a handler', () => {
  it('that was never called leaves nothing behind', async () => {
    const on = createLine()
    const responder = { errorToStore: () => ({ value: 'failed' }) }
    expect(await on.ask({ responder }, () => NOT_RUN)).toMatchObject({
      outcome: 'released',
      answer: undefined,
    })
    expect(await on.ask()).toMatchObject({ outcome: 'executed', attempt: 2 })
  })

  it('may throw at once', async () => {
    const failing = (): never => {
      throw new RangeError('too many')
    }
    expect(await createLine().ask({}, failing)).toMatchObject({
      outcome: 'released',
      thrown: new RangeError('too many'),
    })
  })

  const timeout = (cause: unknown, name = 'TimeoutError') =>
    Object.assign(new Error('timeout', { cause }), { name })

  it('that Middy gave up on may still take effect, so its claim ends by itself', async () => {
    const on = createLine()
    const error = timeout({ package: '@middy/core' })
    const run = await on.start()
    expect(await run.throws(error)).toMatchObject({
      outcome: 'completion-failed',
      thrown: error,
      error,
      attempt: 1,
      isTakeover: false,
    })
    expect(run.attempt.signal).toMatchObject({ aborted: true, reason: error })
    expect(await on.ask()).toMatchObject({ outcome: 'in-flight' })
  })

  it.each([
    ['a time-out of its own', timeout(undefined)],
    ['a time-out of its own for no reason', timeout(null)],
    ['a time-out for a reason that is text', timeout('late')],
    ['a time-out of another package', timeout({ package: 'another' })],
    ['a time-out for another reason', timeout({})],
    ['an error of Middy', timeout({ package: '@middy/core' }, 'Error')],
    ['what is no error', { name: 'TimeoutError', cause: { package: '@middy/core' } }],
  ])('that throws %s has ended', async (_, error) => {
    const run = await createLine().start()
    expect(await run.throws(error)).toMatchObject({ outcome: 'released', thrown: error })
  })
})

describe('onReplay', () => {
  it('gets the answer, the event, the context and the facts of the record, and its result is the answer', async () => {
    const on = createLine()
    const createdAtMs = on.clock.nowMs()
    const run = await on.start()
    on.clock.advance(300)
    await run.returns('paid')
    on.clock.advance(500)
    const onReplay = async (...given: unknown[]) => given
    const asked = { onReplay, cache: Promise.resolve(createReplayCache(10)) }
    const facts = {
      attempt: 1,
      createdAtMs,
      completedAtMs: createdAtMs + 300,
      expiresAtMs: Math.ceil((createdAtMs + 300 + 60_000) / 1000) * 1000,
    }
    // From the store, and then from the cache.
    for (const _ of [1, 2]) expect((await on.ask(asked)).answer).toEqual(['paid', 'event', 'context', facts])
    expect(await on.ask({ id: 'payments#2', onReplay })).toMatchObject({ answer: 'ran' })
  })

  it.each<[string, (answer: unknown) => unknown]>([
    [
      'threw',
      (answer) => {
        Object(answer).paid = false
        throw new RangeError('a secret')
      },
    ],
    ['rejected', () => Promise.reject(new TypeError('a secret'))],
    ['threw what is no error', () => Promise.reject('a secret')],
  ])('that %s leaves the answer unchanged', async (_, onReplay) => {
    const on = createLine()
    await on.complete({ paid: true })
    expect(await on.ask({ onReplay })).toMatchObject({ outcome: 'replayed', answer: { paid: true } })
  })
})

describe('a cache', () => {
  const cached = () => ({ cache: Promise.resolve(createReplayCache(10)) })

  it('answers a repeat without the store', async () => {
    const on = createLine()
    const settings = cached()
    await on.complete('paid', settings)
    const calls = on.calls.length
    expect(await on.ask(settings)).toMatchObject({ outcome: 'replayed', answer: 'paid' })
    expect(on.calls).toHaveLength(calls)
  })

  it('is filled by a replay, too', async () => {
    const on = createLine()
    await on.complete('paid')
    const settings = cached()
    await on.ask(settings)
    const calls = on.calls.length
    expect(await on.ask(settings)).toMatchObject({ outcome: 'replayed', answer: 'paid' })
    expect(on.calls).toHaveLength(calls)
  })

  it.each([
    ['the first answer', 'payments#2', 60_000],
    ['a replay', 'payments#1', 30_000],
  ])('filled by %s ends with the expiry of the record', async (_, id, leftMs) => {
    const on = createLine()
    await on.complete('paid')
    on.clock.advance(30_000)
    const asked = { ...cached(), id }
    await on.ask(asked)
    on.clock.advance(leftMs - 1)
    const calls = on.calls.length
    await on.ask(asked)
    expect(on.calls).toHaveLength(calls)
    on.clock.advance(1)
    expect(await on.ask(asked)).toMatchObject({ outcome: 'executed' })
  })

  it('counts by the clock of the store', async () => {
    const on = createLine({ aheadMs: 90_000 })
    const skew = { offsetMs: 0 }
    const settings = { ...cached(), skew }
    await on.complete('paid', settings)
    const calls = on.calls.length
    on.clock.advance(59_999)
    await on.ask(settings)
    expect(on.calls).toHaveLength(calls)
  })

  it('keeps no result that is not stored, so that every repeat asks the store', async () => {
    const on = createLine()
    const settings = cached()
    await on.complete(1n, settings)
    const calls = on.calls.length
    expect(await on.ask(settings)).toMatchObject({ outcome: 'replay-unavailable' })
    expect(on.calls.length).toBeGreaterThan(calls)
  })
})

it('a request is reported once, with what it was and how long it took', async () => {
  const on = createLine()
  const run = await on.start({ startedAtMs: on.clock.nowMs() - 5 })
  on.clock.advance(100)
  expect(await run.returns('paid')).toEqual({
    answer: 'paid',
    outcome: 'executed',
    service: 'payments',
    context: 'context',
    key: 'k1',
    id: 'payments#1',
    attempt: 1,
    isTakeover: false,
    durationMs: 105,
  })
  expect(await on.ask()).toEqual({
    answer: 'paid',
    outcome: 'replayed',
    service: 'payments',
    context: 'context',
    key: 'k1',
    id: 'payments#1',
    durationMs: 0,
  })
})
