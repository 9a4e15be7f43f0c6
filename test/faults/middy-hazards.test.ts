import { type IdempotencyOptions, idempotent, idempotentHandler, type Store } from 'oncekey'
import { describe, expect, test, vi } from 'vitest'
import type { FrontDoor } from '../support/front-doors.ts'
import { type Middleware, middies, type Plugin, type Work } from '../support/middies.ts'
import { startTrial } from '../support/trial.ts'

const CREATED = { statusCode: 201, body: '{"paid":true}' }

const fail = (): never => {
  throw new Error('sibling')
}

/** What a query builder returns: `await` takes it, `instanceof Promise` does not. */
const thenable = (begin: ConstructorParameters<typeof Promise>[0]): object => {
  const promise = new Promise(begin)
  // biome-ignore lint/suspicious/noThenProperty: that it has one is what is tested
  return { then: promise.then.bind(promise) }
}

describe.each(middies)('with $version', ({ version, assemble }) => {
  /** Ours between an outer and an inner sibling. */
  const between = (outer: Middleware[], inner: Middleware[], plugin?: Plugin): FrontDoor => ({
    door: version,
    protect: (work: Work, table: string | Store, options?: IdempotencyOptions) =>
      assemble(work, [...outer, idempotent(table, options), ...inner], plugin),
  })

  test('an earlier `before` that throws leaves no trace of the request', async () => {
    await using trial = await startTrial()
    const pay = vi.fn(() => CREATED)
    const call = trial.sandbox(pay, { door: between([{ before: fail }], []) })
    expect((await call()).text).toBe('threw Error')
    expect(pay).not.toHaveBeenCalled()
    expect(trial.proxy.phases).toEqual([])
  })

  test('a later `before` that throws frees the key, for the handler never ran', async () => {
    await using trial = await startTrial()
    const pay = vi.fn(() => CREATED)
    const before = vi.fn().mockImplementationOnce(fail)
    const call = trial.sandbox(pay, { door: between([], [{ before }]) })
    expect((await call()).text).toBe('threw Error')
    expect(await trial.state()).toBe('released')
    expect((await call()).text).toBe('201')
    expect(pay).toHaveBeenCalledTimes(1)
  })

  test.each(['outer', 'inner'])(
    'an %s sibling whose `after` throws does not free a finished run',
    async (place) => {
      await using trial = await startTrial()
      const pay = vi.fn(() => CREATED)
      const sibling = [{ after: vi.fn().mockImplementationOnce(fail) }]
      const call = trial.sandbox(pay, {
        door: place === 'outer' ? between(sibling, []) : between([], sibling),
      })
      expect((await call()).text).toBe('threw Error')
      expect((await call()).text).toBe('201 replayed')
      expect(pay).toHaveBeenCalledTimes(1)
    },
  )

  test('a plugin whose `afterHandler` throws does not free a finished run', async () => {
    await using trial = await startTrial()
    const pay = vi.fn(() => CREATED)
    const afterHandler = vi.fn().mockImplementationOnce(fail)
    const call = trial.sandbox(pay, { door: between([], [], { afterHandler }) })
    expect((await call()).text).toBe('threw Error')
    expect((await call()).text).toBe('201 replayed')
    expect(pay).toHaveBeenCalledTimes(1)
  })

  test('a later `before` that answers early has freed the key by the time of its answer', async () => {
    await using trial = await startTrial()
    const pay = vi.fn(() => CREATED)
    const before = vi.fn().mockReturnValueOnce({ statusCode: 429 })
    const call = trial.sandbox(pay, { door: between([], [{ before }]) })
    expect((await call()).text).toBe('429')
    expect(await trial.state()).toBe('released')
    expect((await call()).text).toBe('201')
    expect(pay).toHaveBeenCalledTimes(1)
  })

  test('a later `after` that answers early has its answer stored by the time it is given', async () => {
    await using trial = await startTrial()
    const pay = vi.fn(() => CREATED)
    const after = vi.fn().mockReturnValue({ statusCode: 202, body: 'early' })
    const call = trial.sandbox(pay, { door: between([], [{ after }]) })
    expect(await call()).toMatchObject({ text: '202', body: 'early' })
    expect(await trial.state()).toBe('completed')
    expect(await call()).toMatchObject({ text: '202 replayed', body: 'early' })
    expect(pay).toHaveBeenCalledTimes(1)
  })

  test('an outer `onError` that answers for the handler does not keep the key from being freed', async () => {
    await using trial = await startTrial()
    const pay = vi.fn(() => CREATED).mockImplementationOnce(fail)
    const onError = (): object => ({ statusCode: 500 })
    const call = trial.sandbox(pay, { door: between([{ onError }], []) })
    expect((await call()).text).toBe('500')
    expect((await call()).text).toBe('201')
    expect(pay).toHaveBeenCalledTimes(2)
  })

  test('a later `onError` that answers early does not keep the key from being freed', async () => {
    await using trial = await startTrial()
    const pay = vi.fn(() => CREATED).mockImplementationOnce(fail)
    const onError = (): object => ({ statusCode: 500 })
    const call = trial.sandbox(pay, { door: between([], [{ onError }]) })
    expect((await call()).text).toBe('500')
    expect(await trial.state()).toBe('released')
    expect((await call()).text).toBe('201')
    expect(pay).toHaveBeenCalledTimes(2)
  })

  test('a later `onError` that answers for a sibling does not keep a finished run from being stored', async () => {
    await using trial = await startTrial()
    const pay = vi.fn(() => CREATED)
    const after = vi.fn().mockImplementationOnce(fail)
    const onError = (): object => ({ statusCode: 500 })
    const call = trial.sandbox(pay, { door: between([], [{ after, onError }]) })
    expect((await call()).text).toBe('500')
    expect(await trial.state()).toBe('completed')
    expect((await call()).text).toBe('201 replayed')
    expect(pay).toHaveBeenCalledTimes(1)
  })

  test('the early time-out neither frees nor completes the claim of the handler that still runs', async () => {
    await using trial = await startTrial()
    const { promise: work, resolve: finish } = Promise.withResolvers<typeof CREATED>()
    const pay = vi.fn(() => work)
    const door = between([], [], { timeoutEarlyInMillis: 2_500 })
    const call = trial.sandbox(pay, { door })
    expect((await call({ remainingMs: 3_000 })).text).toBe('threw TimeoutError')
    expect(await trial.state()).toBe('in-flight')
    expect((await call()).text).toBe('409')
    finish(CREATED)
    await work
    expect((await call()).text).toBe('409')
    expect(pay).toHaveBeenCalledTimes(1)
  })

  test('the early time-out of a Middy inside `idempotentHandler` frees nothing either', async () => {
    await using trial = await startTrial()
    const { promise: work, resolve: finish } = Promise.withResolvers<typeof CREATED>()
    const pay = vi.fn(() => work)
    const door: FrontDoor = {
      door: version,
      protect: (handler, table, options) =>
        idempotentHandler(assemble(handler, [], { timeoutEarlyInMillis: 2_500 }), table, options),
    }
    const call = trial.sandbox(pay, { door })
    expect((await call({ remainingMs: 3_000 })).text).toBe('threw TimeoutError')
    expect(await trial.state()).toBe('in-flight')
    expect((await call()).text).toBe('409')
    finish(CREATED)
    await work
    expect(pay).toHaveBeenCalledTimes(1)
  })

  test('a result that can be awaited but is no native promise is waited for', async () => {
    await using trial = await startTrial()
    const pay = vi.fn(() => thenable((resolve) => resolve(CREATED)))
    const call = trial.sandbox(pay, { door: between([], []) })
    expect(await call()).toMatchObject({ text: '201', body: CREATED.body })
    expect(await call()).toMatchObject({ text: '201 replayed', body: CREATED.body })
    expect(pay).toHaveBeenCalledTimes(1)
  })

  test('a result that can be awaited and fails frees the key', async () => {
    await using trial = await startTrial()
    const declined = new RangeError('declined')
    const pay = vi
      .fn<() => unknown>(() => CREATED)
      .mockImplementationOnce(() => thenable((_resolve, reject) => reject(declined)))
    const call = trial.sandbox(pay, { door: between([], []) })
    expect((await call()).text).toBe('threw RangeError')
    expect(await trial.state()).toBe('released')
    expect((await call()).text).toBe('201')
  })

  test('a handler that throws `undefined` has failed, whatever an inner sibling answers', async () => {
    await using trial = await startTrial()
    const pay = vi.fn<() => unknown>(() => CREATED).mockImplementationOnce(() => Promise.reject(undefined))
    const onError = (request: { response?: unknown }): void => {
      request.response = { statusCode: 400 }
    }
    const call = trial.sandbox(pay, { door: between([], [{ onError }]) })
    expect((await call()).text).toBe('400')
    expect(await trial.state()).toBe('released')
    expect((await call()).text).toBe('201')
  })

  test('a later `after` that wants to answer early and then throws does not stand for the result', async () => {
    await using trial = await startTrial()
    const pay = vi.fn(() => CREATED)
    const after = vi.fn().mockImplementationOnce((request: { earlyResponse?: unknown }) => {
      request.earlyResponse = { statusCode: 202 }
      return fail()
    })
    const call = trial.sandbox(pay, { door: between([], [{ after }]) })
    await call()
    expect(await trial.state()).toBe('completed')
    expect((await call()).text).toBe('201 replayed')
    expect(pay).toHaveBeenCalledTimes(1)
  })

  test('one `internal` for all requests of the process mixes none of them up', async () => {
    await using trial = await startTrial()
    const pay = vi.fn((event: unknown) => ({ statusCode: 201, body: Object(event).body }))
    const call = trial.sandbox(pay, { door: between([], [], { internal: {} }) })
    const orders = Array.from({ length: 20 }, (_, n) => ({ key: `order-${n}`, body: `{"amount":${n}}` }))
    const first = await Promise.all(orders.map(call))
    const repeats = await Promise.all(orders.map(call))
    expect(first.map(({ text, body }) => [text, body])).toEqual(orders.map(({ body }) => ['201', body]))
    expect(repeats.map(({ text, body }) => [text, body])).toEqual(
      orders.map(({ body }) => ['201 replayed', body]),
    )
    expect(pay).toHaveBeenCalledTimes(20)
  })
})
