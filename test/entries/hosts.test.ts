import type { Context } from 'aws-lambda'
import {
  type IdempotencyOptions,
  type IdempotentContext,
  idempotentBatch,
  idempotentHandler,
  type OutcomeEvent,
  runOnce,
  type Store,
} from 'oncekey'
import { memoryStore } from 'oncekey/memory'
import { httpApiEvent, lambdaContext, manualClock } from 'oncekey/testing'
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { asAnswer } from '../support/answer.ts'
import { frontDoors, withoutMiddy } from '../support/front-doors.ts'
import { createTable } from '../support/tables.ts'
import { sqsEvent, sqsRecord } from '../triggers/fixtures.ts'

interface Host {
  readonly host: string
  readonly environment: Readonly<Record<string, string | undefined>>
}

const lambda: Host = {
  host: 'Lambda',
  environment: { AWS_LAMBDA_FUNCTION_NAME: 'payments', AWS_LAMBDA_MAX_CONCURRENCY: undefined },
}
const managed: Host = {
  host: 'Lambda Managed Instances',
  environment: { AWS_LAMBDA_FUNCTION_NAME: 'payments', AWS_LAMBDA_MAX_CONCURRENCY: '64' },
}
const elsewhere: Host = {
  host: 'a container',
  environment: { AWS_LAMBDA_FUNCTION_NAME: undefined, AWS_LAMBDA_MAX_CONCURRENCY: undefined },
}
const hosts = [lambda, managed, elsewhere]

afterEach(() => vi.unstubAllEnvs())

/** Starts a store and a clock on this host, and counts the calls of the store. */
function startOn({ environment }: Host) {
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value)
  const clock = manualClock()
  const calls: string[] = []
  const memory = memoryStore(clock)
  const store = new Proxy(memory, {
    get(target, operation) {
      const method: unknown = Reflect.get(target, operation)
      if (typeof method !== 'function') return method
      return (...args: unknown[]): unknown => {
        calls.push(String(operation))
        return Reflect.apply(method, target, args)
      }
    },
  })
  /** The context of an invocation that begins now. */
  const contextOf = (remainingMs: number): Context => {
    const deadlineMs = clock.nowMs() + remainingMs
    return { ...lambdaContext(), getRemainingTimeInMillis: () => deadlineMs - clock.nowMs() }
  }
  return { clock, store, calls, contextOf }
}

/** Work that goes on until the test ends it. */
function startWork() {
  const started: IdempotentContext[] = []
  const done = Promise.withResolvers<object>()
  const work = (_event: unknown, context: IdempotentContext): Promise<object> => {
    started.push(context)
    return done.promise
  }
  return { work, started, end: () => done.resolve({ statusCode: 201 }) }
}

const event = httpApiEvent({ key: 'k-1' })

describe.each(frontDoors)('through $door', ({ protect }) => {
  it.each(hosts)('a run that outlasts its deadline on $host keeps its key', async (host) => {
    const { clock, store, contextOf } = startOn(host)
    const { work, started, end } = startWork()
    const handler = protect(work, store, { clock, service: 'payments' })
    const first = handler(event, contextOf(1_000))
    await vi.waitUntil(() => started.length === 1)
    for (const _second of [2, 3, 4, 5, 6]) {
      await clock.pass(1_000)
      const { text } = asAnswer(await handler(event, contextOf(10_000)))
      expect(text).toBe('409')
    }
    end()
    expect(asAnswer(await first).text).toBe('201')
    expect(asAnswer(await handler(event, contextOf(10_000))).text).toBe('201 replayed')
    expect(started).toHaveLength(1)
    expect(clock.timers()).toEqual([])
  })

  it.each(hosts)('the signal of a run that lost its claim on $host is aborted', async (host) => {
    const { clock, store, contextOf } = startOn(host)
    const frozen = startWork()
    const first = protect(frozen.work, store, { clock, service: 'payments' })(event, contextOf(10_000))
    await vi.waitUntil(() => frozen.started.length === 1)
    const signal = frozen.started[0]?.idempotency.signal
    clock.advance(70_000)
    const other = protect(() => ({ statusCode: 200 }), store, { clock, service: 'payments' })
    expect(asAnswer(await other(event, contextOf(10_000))).text).toBe('200')
    expect(signal?.aborted).toBe(false)
    await clock.pass(0)
    expect(signal?.reason).toMatchObject({ name: 'LeaseLostError', code: 'lease-lost', key: 'k-1' })
    frozen.end()
    expect(asAnswer(await first).text).toBe('200 replayed')
  })
})

describe.each(hosts)('on $host', (host) => {
  const unenforced = host === lambda ? [] : ['renew', 'renew']

  it.each([
    { durationMs: 100, remainingMs: 30_000, renewals: [] },
    { durationMs: 59_000, remainingMs: 900_000, renewals: unenforced },
  ])('a request of $durationMs ms makes two calls, and its renewals', async (row) => {
    const { clock, store, calls, contextOf } = startOn(host)
    const { work, started, end } = startWork()
    const handler = idempotentHandler(work, store, { clock, service: 'payments' })
    const running = handler(event, contextOf(row.remainingMs))
    await vi.waitUntil(() => started.length === 1)
    await clock.pass(row.durationMs)
    end()
    await running
    expect(calls).toEqual(['insert', ...row.renewals, 'complete'])
  })

  it('a request without a deadline renews its lease', async () => {
    const { clock, store, calls } = startOn(host)
    const { work, started, end } = startWork()
    const handler = idempotentHandler(work, store, { clock, service: 'payments' })
    const running = Reflect.apply(handler, undefined, [event, {}])
    await vi.waitUntil(() => started.length === 1)
    await clock.pass(59_000)
    end()
    await running
    expect(calls).toEqual(['insert', 'renew', 'renew', 'complete'])
  })

  it('a record of a batch renews its lease as a request does', async () => {
    const { clock, store, calls, contextOf } = startOn(host)
    const { work, started, end } = startWork()
    const handler = idempotentBatch(work, store, { clock, service: 'payments' })
    const running = handler(sqsEvent(sqsRecord('m-1', 'order')), contextOf(900_000))
    await vi.waitUntil(() => started.length === 1)
    await clock.pass(59_000)
    end()
    expect(await running).toEqual({ batchItemFailures: [] })
    expect(calls).toEqual(['insert', ...unenforced, 'complete'])
  })

  it('runOnce, which knows no deadline, renews its lease while its function runs', async () => {
    const { clock, store, calls } = startOn(host)
    const done = Promise.withResolvers<string>()
    const options = { service: 'billing', name: 'charge', key: 'o-1', clock }
    const running = runOnce(store, options, () => done.promise)
    await vi.waitUntil(() => clock.timers().length === 1)
    await clock.pass(65_000)
    await expect(runOnce(store, options, () => 'again')).rejects.toMatchObject({ code: 'in-flight' })
    done.resolve('charged')
    expect(await running).toBe('charged')
    expect(calls).toEqual(['insert', 'renew', 'renew', 'renew', 'insert', 'complete'])
    expect(clock.timers()).toEqual([])
  })

  it('a table bills two calls and two writes for a request of 100 ms', async () => {
    for (const [name, value] of Object.entries(host.environment)) vi.stubEnv(name, value)
    const { name, client } = await createTable()
    const sent: string[] = []
    client.middlewareStack.add(
      (next, { commandName = '' }) =>
        (args) => {
          sent.push(commandName)
          return next(args)
        },
      { step: 'initialize' },
    )
    const work = async (): Promise<object> => {
      await new Promise((resolve) => setTimeout(resolve, 100))
      return { statusCode: 201 }
    }
    const handler = idempotentHandler(work, name, { client, service: 'payments' })
    await handler(event, lambdaContext({ remainingMs: 30_000 }))
    expect(sent).toEqual(['PutItemCommand', 'UpdateItemCommand'])
  })
})

describe('a lease', () => {
  const tuned = { leaseMs: 6_000, renewEveryMs: 1_000, service: 'payments' }

  it('is as long, and renewed as often, as the options of any entry say', async () => {
    const { clock, store, calls, contextOf } = startOn(managed)
    const { work, started, end } = startWork()
    const handler = idempotentHandler(work, store, { clock, ...tuned })
    const batch = idempotentBatch(work, store, { clock, ...tuned })
    const runs = [
      handler(event, contextOf(900_000)),
      batch(sqsEvent(sqsRecord('m-1', 'order')), contextOf(900_000)),
      runOnce(store, { name: 'charge', key: 'o-1', clock, ...tuned }, () =>
        work(undefined, started[0] as IdempotentContext),
      ),
    ]
    await vi.waitUntil(() => started.length === 3)
    await clock.pass(3_500)
    expect(calls.filter((name) => name === 'renew')).toHaveLength(9)
    end()
    await Promise.all(runs)
  })

  it('is free soon after a crash on a host that says nothing of it', async () => {
    const { clock, store, contextOf } = startOn(managed)
    const crashed = startWork()
    void idempotentHandler(crashed.work, store, { clock, ...tuned })(event, contextOf(900_000))
    await vi.waitUntil(() => crashed.started.length === 1)
    clock.advance(8_000)
    const handler = idempotentHandler(() => ({ statusCode: 201 }), store, { clock, ...tuned })
    expect(asAnswer(await handler(event, contextOf(900_000))).text).toBe('201')
  })

  it('needs no context, and no deadline that makes sense', async () => {
    const { clock, store } = startOn(elsewhere)
    const handler = idempotentHandler(() => ({ statusCode: 201 }), store, { clock, service: 'payments' })
    const contexts = [undefined, {}, ...[0, -3_600_000].map((ms) => ({ getRemainingTimeInMillis: () => ms }))]
    for (const [n, context] of contexts.entries()) {
      const answer = await Reflect.apply(handler, undefined, [httpApiEvent({ key: `k-${n}` }), context])
      expect(asAnswer(answer).text).toBe('201')
    }
  })
})

it('invocations that run at once with one context each have their own claim and signal', async () => {
  const { clock, store, contextOf } = startOn(managed)
  const { work, started, end } = startWork()
  const handler = idempotentHandler(work, store, { clock, service: 'payments' })
  const context = contextOf(900_000)
  const keys = Array.from({ length: 10 }, (_, n) => `k-${n}`)
  const running = keys.map((key) => handler(httpApiEvent({ key }), context))
  await vi.waitUntil(() => started.length === keys.length)
  const signals = started.map(({ idempotency }) => idempotency.signal)
  expect(started.map(({ idempotency }) => idempotency.key)).toEqual(keys)
  expect(new Set(signals).size).toBe(keys.length)

  // All are frozen for long, and one of them is overtaken.
  clock.advance(70_000)
  const other = idempotentHandler(() => ({ statusCode: 200 }), store, { clock, service: 'payments' })
  await other(httpApiEvent({ key: 'k-3' }), context)
  await clock.pass(0)
  expect(signals.flatMap(({ aborted }, n) => (aborted ? keys[n] : []))).toEqual(['k-3'])
  end()
  const answers = (await Promise.all(running)).map((answer) => asAnswer(answer).text)
  expect(answers).toEqual(keys.map((key) => (key === 'k-3' ? '200 replayed' : '201')))
  expect(clock.timers()).toEqual([])
})

it('a caller that has waited does not begin a run that its host would cut off', async () => {
  const { clock, store, contextOf } = startOn(lambda)
  let fail = (): void => undefined
  const failing = new Promise<never>((_resolve, reject) => {
    fail = () => reject(new Error('declined'))
  })
  const outcomes: OutcomeEvent[] = []
  const ran: string[] = []
  const doorOf = (name: string, options: IdempotencyOptions, table: Store = store) =>
    withoutMiddy.protect(
      () => {
        ran.push(name)
        return name === 'first' ? failing : { statusCode: 201 }
      },
      table,
      { clock, service: 'payments', ...options },
    )
  const first = doorOf('first', {})(event, contextOf(900_000)).catch(() => 'declined')
  await vi.waitUntil(() => ran.length === 1)
  const slow: Store = {
    ...store,
    async read(...args) {
      clock.advance(2_500)
      fail()
      await first
      return store.read(...args)
    },
  }
  const options = { inFlight: { waitMs: 28_000 }, onOutcome: (one: OutcomeEvent) => outcomes.push(one) }
  const answer = asAnswer(await doorOf('second', options, slow)(event, contextOf(3_000)))
  expect(answer.text).toBe('409')
  expect(outcomes).toMatchObject([{ outcome: 'in-flight' }])
  expect(ran).toEqual(['first'])
  expect(asAnswer(await doorOf('third', {})(event, contextOf(3_000))).text).toBe('201')
})

describe('a system clock that is set while the handler runs', () => {
  const setClock = (byMs: number): void => {
    const { now } = Date
    vi.spyOn(Date, 'now').mockImplementation(() => now() + byMs)
    onTestFinished(() => void vi.restoreAllMocks())
  }
  /** A store elsewhere, whose clock nobody sets. */
  const startStore = (): Store => {
    const originMs = Date.now() - performance.now()
    return memoryStore({ nowMs: () => originMs + performance.now() })
  }

  it.each([-120_000, 120_000])('by %i ms neither ends the lease nor the retention', async (byMs) => {
    let runs = 0
    const work = async (_event: unknown, { idempotency }: IdempotentContext): Promise<object> => {
      runs += 1
      setClock(byMs)
      expect(await idempotency.step('charge', () => 'charged')).toBe('charged')
      return { statusCode: 201 }
    }
    const handler = idempotentHandler(work, startStore(), { retentionMs: 60_000, service: 'payments' })
    expect(asAnswer(await handler(event, lambdaContext({ remainingMs: 30_000 }))).text).toBe('201')
    vi.restoreAllMocks()
    expect(asAnswer(await handler(event, lambdaContext())).text).toBe('201 replayed')
    expect(runs).toBe(1)
  })
})
