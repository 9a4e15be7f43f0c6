import {
  type DurableContext,
  type DurableExecutionInvocationOutput,
  type DurableLambdaHandler,
  withDurableExecution,
} from '@aws/durable-execution-sdk-js'
import { LocalDurableTestRunner, WaitingOperationStatus } from '@aws/durable-execution-sdk-js-testing'
import middy from '@middy/core'
import { executionModeDurableContext } from '@middy/core/executionModeDurableContext'
import type { Context, SQSRecord } from 'aws-lambda'
import {
  dynamoDbStore,
  type IdempotencyOptions,
  type IdempotentContext,
  idempotent,
  idempotentBatch,
  idempotentHandler,
  type OutcomeEvent,
  type Store,
} from 'oncekey'
import { faultyStore } from 'oncekey/testing'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { isDurable } from '../../packages/oncekey/src/entries/context.ts'
import { memoryStore } from '../../packages/oncekey/src/stores/memory.ts'
import { startFaultProxy } from '../support/fault-proxy.ts'
import { crashed, editItem, itemsOf } from '../support/items.ts'
import { phaseOf } from '../support/protocol-phase.ts'
import { createClient, createTable, type TestTable } from '../support/tables.ts'
import { eventBridgeEvent, sqsEvent, sqsRecord } from './fixtures.ts'

type OrderContext = IdempotentContext<DurableContext>

const DAY_MS = 86_400_000

let table: TestTable
let store: Store
let charges: string[]
let attempts: { number: number; uuid: string }[]
let outcomes: OutcomeEvent[]

beforeAll(() => LocalDurableTestRunner.setupTestEnvironment())
afterAll(() => LocalDurableTestRunner.teardownTestEnvironment())

beforeEach(async () => {
  table = await createTable()
  store = dynamoDbStore(table.name, { client: table.client })
  charges = []
  attempts = []
  outcomes = []
})

const options = (): IdempotencyOptions => ({
  service: 'orders',
  onOutcome: (outcome) => outcomes.push(outcome),
})

/** Charges, waits for somebody to approve, and ends. */
async function order(_event: unknown, context: OrderContext): Promise<{ charged: number }> {
  const { number, derive } = context.idempotency
  attempts.push({ number, uuid: derive('charge') })
  const charged = await context.step('charge', async () => charges.push('charge'))
  await context.waitForCallback('approval', async () => undefined)
  return { charged }
}

/** Starts an execution, and waits until it is suspended. */
async function startOrder(handlerFunction: DurableLambdaHandler, payload: unknown) {
  const runner = new LocalDurableTestRunner({ handlerFunction })
  const running = runner.run({ payload })
  const approval = runner.getOperation('approval')
  await approval.waitForData(WaitingOperationStatus.SUBMITTED)
  return {
    async approve() {
      await approval.sendCallbackSuccess()
      return running
    },
    async decline() {
      await approval.sendCallbackFailure()
      return running
    },
  }
}

/** A clock that skips the pauses between retries. */
function impatientClock(): NonNullable<IdempotencyOptions['clock']> {
  let waitedMs = 0
  return {
    nowMs: () => Date.now() + waitedMs,
    async sleep(durationMs) {
      waitedMs += durationMs
    },
  }
}

const run = (handlerFunction: DurableLambdaHandler, payload: unknown) =>
  new LocalDurableTestRunner({ handlerFunction }).run({ payload })

describe('an execution', () => {
  const event = eventBridgeEvent('e-1')
  const leaseMs = async (): Promise<number> => Number((await itemsOf(table))[0]?.leaseUntilMs?.N) - Date.now()

  it('holds one claim through all of its invocations, and its repeat gets its result', async () => {
    const handler = withDurableExecution(idempotentHandler(order, store, options()))
    const first = await startOrder(handler, event)
    const repeat = await run(handler, event)
    expect(repeat.getError().errorType).toBe('InFlightError')

    const ended = await first.approve()
    expect(ended.getResult()).toEqual({ charged: 1 })
    expect(ended.getInvocations().length).toBeGreaterThan(1)
    expect((await run(handler, event)).getResult()).toEqual({ charged: 1 })

    expect(charges).toEqual(['charge'])
    expect(new Set(attempts.map((attempt) => JSON.stringify(attempt))).size).toBe(1)
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(['in-flight', 'executed', 'replayed'])
  })

  it('that fails releases its claim, and the next one runs', async () => {
    const handler = withDurableExecution(idempotentHandler(order, store, options()))
    const first = await startOrder(handler, event)
    expect((await first.decline()).getError().errorType).toBe('CallbackExternalError')
    const second = await startOrder(handler, event)
    expect((await second.approve()).getResult()).toEqual({ charged: 2 })
    expect(attempts.map(({ number }) => number)).toEqual([1, 1, 2, 2])
    expect(new Set(attempts.map(({ uuid }) => uuid)).size).toBe(1)
  })

  it.each([
    ['as long as an execution may take', undefined, 366 * DAY_MS],
    ['as leaseMs says', DAY_MS, DAY_MS],
  ])('is believed alive while it is suspended, %s', async (_how, chosenMs, expectedMs) => {
    const settings = { ...options(), ...(chosenMs && { leaseMs: chosenMs }) }
    const handler = withDurableExecution(idempotentHandler(order, store, settings))
    const suspended = await startOrder(handler, event)
    expect(Math.abs((await leaseMs()) - expectedMs)).toBeLessThan(60_000)
    await suspended.approve()
  })

  it('goes on although its lease has lapsed, if no other has taken over, and renews it', async () => {
    const handler = withDurableExecution(idempotentHandler(order, store, { ...options(), leaseMs: DAY_MS }))
    const suspended = await startOrder(handler, event)
    await editItem(table, crashed())
    expect((await suspended.approve()).getResult()).toEqual({ charged: 1 })
  })

  it('whose lease has lapsed loses its claim to another, and then goes no further', async () => {
    const handler = withDurableExecution(idempotentHandler(order, store, { ...options(), leaseMs: DAY_MS }))
    const first = await startOrder(handler, event)
    await editItem(table, crashed())
    const second = await startOrder(handler, event)
    expect((await first.approve()).getError().errorType).toBe('InFlightError')
    expect((await second.approve()).getResult()).toEqual({ charged: 2 })
    expect(outcomes.at(-1)).toMatchObject({ outcome: 'executed', attempt: 2 })
  })

  it('is invoked again by Lambda if the table is unavailable when it resumes', async () => {
    const { endpoint } = table
    await using proxy = await startFaultProxy(endpoint, phaseOf)
    const distant = dynamoDbStore(table.name, { client: createClient(proxy.endpoint) })
    const durable = withDurableExecution(idempotentHandler(order, distant, options()))
    const failures: unknown[] = []
    // As Lambda does with an invocation that fails.
    const lambda: DurableLambdaHandler = async (input, context) =>
      durable(input, context).catch((error: unknown) => {
        failures.push(error)
        proxy.heal()
        return durable(input, { ...context })
      })
    const suspended = await startOrder(lambda, event)
    proxy.inject('insert', '500 before the write')
    expect((await suspended.approve()).getResult()).toEqual({ charged: 1 })
    expect(failures).toEqual([expect.objectContaining({ code: 'store-unavailable' })])
    expect(proxy.phases).not.toContain('release')
  })

  it.each([
    ['completed', 'complete', async (): Promise<void> => {}, 'SUCCEEDED', 'executed'],
    ['released', 'release', (): Promise<void> => Promise.reject(new Error('declined')), 'FAILED', 'released'],
  ] as const)(
    'is invoked again by Lambda if its claim cannot be %s',
    async (_how, method, end, status, outcome) => {
      const faulty = faultyStore(memoryStore())
      faulty.fail(method, { times: Number.POSITIVE_INFINITY })
      const chargeOnce = async (_event: unknown, context: OrderContext): Promise<void> => {
        await context.step('charge', async () => charges.push('charge'))
        await context.wait('settle', { seconds: 1 })
        await end()
      }
      const durable = withDurableExecution(
        idempotentHandler(chargeOnce, faulty, { ...options(), clock: impatientClock() }),
      )
      const failures: unknown[] = []
      const handler: DurableLambdaHandler = async (input, context) =>
        durable(input, context).catch((error: unknown) => {
          failures.push(error)
          faulty.recover()
          return durable(input, { ...context })
        })
      expect((await run(handler, event)).getStatus()).toBe(status)
      expect(failures).toEqual([expect.objectContaining({ code: 'store-unavailable' })])
      expect(charges).toEqual(['charge'])
      expect(outcomes.at(-1)).toMatchObject({ outcome, attempt: 1 })
    },
  )

  it('runs one of two branches that ask for the same', async () => {
    const refused = Promise.withResolvers<void>()
    const settings: IdempotencyOptions = {
      service: 'orders',
      onOutcome: ({ outcome }) => outcome === 'in-flight' && refused.resolve(),
    }
    const chargeOnce = async (_event: unknown, context: OrderContext): Promise<number> => {
      await refused.promise
      return context.step('charge', async () => charges.push('charge'))
    }
    const once = idempotentHandler(chargeOnce, store, settings)
    const handler = withDurableExecution(async (_event: unknown, context: DurableContext) => {
      const completionConfig = { toleratedFailureCount: 1 }
      const branches = await context.map('orders', [event, event], (child, item) => once(item, child), {
        completionConfig,
      })
      return { succeeded: branches.successCount, failed: branches.failureCount }
    })
    expect((await run(handler, event)).getResult()).toEqual({ succeeded: 1, failed: 1 })
    expect(charges).toEqual(['charge'])
  })

  it('goes on with the claim of a later branch, although it skips those that have ended', async () => {
    const chargeAndWait = async (_event: unknown, context: OrderContext): Promise<string> => {
      await context.step('charge', async () => charges.push('charge'))
      if (context.idempotency.number === 1) throw new Error('declined')
      await context.wait('settle', { seconds: 1 })
      return 'charged'
    }
    const once = idempotentHandler(chargeAndWait, store, options())
    const handler = withDurableExecution(async (_event: unknown, context: DurableContext) => {
      const branch = (name: string) =>
        context.runInChildContext(name, (child) => once(event, child as OrderContext))
      return branch('first').catch(() => branch('second'))
    })
    expect((await run(handler, event)).getResult()).toBe('charged')
    expect((await run(handler, event)).getResult()).toBe('charged')
    expect(charges).toHaveLength(2)
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(['released', 'executed', 'replayed'])
  })

  it('may protect a part of its work, in a child context', async () => {
    const charge = async (_event: unknown, context: OrderContext): Promise<number> =>
      context.step('charge', async () => charges.push('charge'))
    const once = idempotentHandler(charge, store, options())
    const handler = withDurableExecution(async (_event: unknown, context: DurableContext) => {
      const charged = await context.runInChildContext('pay', (child) => once(event, child as OrderContext))
      await context.wait('settle', { seconds: 1 })
      return context.step('ship', async () => ({ charged, shipped: true }))
    })
    expect((await run(handler, event)).getResult()).toEqual({ charged: 1, shipped: true })
    expect((await run(handler, event)).getResult()).toEqual({ charged: 1, shipped: true })
    expect(charges).toEqual(['charge'])
  })

  it("is protected by Middy's middleware in Middy's durable mode", async () => {
    const wrapped = middy<unknown, unknown, Error, Context & OrderContext>(order, {
      executionMode: executionModeDurableContext,
    }).use(idempotent(store, options()))
    // Middy's types do not know that it replaces the input and the context.
    const handler: DurableLambdaHandler = async (input, context) =>
      wrapped(input, context as Context & OrderContext) as Promise<DurableExecutionInvocationOutput>
    const first = await startOrder(handler, event)
    expect((await run(handler, event)).getError().errorType).toBe('InFlightError')
    expect((await first.approve()).getResult()).toEqual({ charged: 1 })
    expect((await run(handler, event)).getResult()).toEqual({ charged: 1 })
    expect(charges).toEqual(['charge'])
  })

  it('is refused if it is protected from outside, where a suspended one would pass for completed', async () => {
    const outside = idempotentHandler(
      withDurableExecution(async () => charges.push('charge')),
      store,
      { ...options(), key: () => 'k1' },
    )
    await expect(run(outside, event)).rejects.toThrow(
      /withDurableExecution\(idempotentHandler\(fn, table\)\)/,
    )
    expect(charges).toEqual([])
  })
})

describe('an execution for a batch of a queue', () => {
  const orderOf = (record: SQSRecord, context: OrderContext): Promise<unknown> => order(record, context)

  it('runs each message once under redelivery, and reports what is still in progress as failed', async () => {
    const handler = withDurableExecution(
      idempotentBatch(orderOf, store, { ...options(), onRecordError: () => undefined }),
    )
    const first = await startOrder(handler, sqsEvent(sqsRecord('m-1', '{"order":1}')))
    const redelivery = sqsEvent(sqsRecord('m-1', '{"order":1}', { ApproximateReceiveCount: '2' }))
    expect((await run(handler, redelivery)).getResult()).toEqual({
      batchItemFailures: [{ itemIdentifier: 'm-1' }],
    })
    expect((await first.approve()).getResult()).toEqual({ batchItemFailures: [] })
    expect((await run(handler, redelivery)).getResult()).toEqual({ batchItemFailures: [] })
    expect(charges).toEqual(['charge'])
    expect(outcomes.map(({ outcome }) => outcome)).toEqual(['in-flight', 'executed', 'replayed'])
  })

  it.each(['insert', 'complete'] as const)(
    'is invoked again by Lambda if a record fails at: %s',
    async (method) => {
      const faulty = faultyStore(memoryStore())
      const settleLater = async ({ body }: SQSRecord, context: OrderContext): Promise<void> => {
        await context.step('charge', async () => charges.push(body))
        await context.wait('settle', { seconds: 1 })
      }
      const durable = withDurableExecution(
        idempotentBatch(settleLater, faulty, { ...options(), clock: impatientClock() }),
      )
      const failures: unknown[] = []
      let invocations = 0
      const lambda: DurableLambdaHandler = async (input, context) => {
        invocations += 1
        if (invocations === 2) faulty.fail(method, { times: Number.POSITIVE_INFINITY })
        return durable(input, context).catch((error: unknown) => {
          failures.push(error)
          faulty.recover()
          return durable(input, { ...context })
        })
      }
      const ended = await run(lambda, sqsEvent(sqsRecord('m-1', 'one'), sqsRecord('m-2', 'two')))
      expect(ended.getResult()).toEqual({ batchItemFailures: [] })
      expect(failures).toEqual([expect.objectContaining({ code: 'store-unavailable' })])
      expect(charges).toEqual(['one', 'two'])
    },
  )

  it('gives each record a branch of its own, and runs a failed one no more in this execution', async () => {
    const failed: unknown[] = []
    const settings = { ...options(), onRecordError: (error: unknown) => failed.push(error) }
    const handle = async ({ body }: SQSRecord, context: OrderContext): Promise<void> => {
      await context.step('charge', async () => charges.push(body))
      if (body === 'bad') throw new Error('declined')
      await context.wait('settle', { seconds: 1 })
    }
    const handler = withDurableExecution(idempotentBatch(handle, store, settings))
    const bodies = ['good', 'bad', 'fine']
    const batch = sqsEvent(...bodies.map((body) => sqsRecord(body, body)), sqsRecord('good', 'good'))
    const ended = await run(handler, batch)
    expect(ended.getResult()).toEqual({ batchItemFailures: [{ itemIdentifier: 'bad' }] })
    expect(charges).toEqual(bodies)
    expect(failed).toHaveLength(1)
  })
})

describe('what is no execution', () => {
  it.each([undefined, null, 'text', { lambdaContext: {} }, { executionContext: {} }])(
    'is a context like %j',
    (context) => {
      expect(isDurable(context)).toBe(false)
    },
  )

  it('is one that does not say which: it is refused, as nothing would recognize its claim', async () => {
    const context = { lambdaContext: {}, executionContext: {} }
    const handler = idempotentHandler(
      async (_event: unknown, _context: typeof context) => 'ran',
      store,
      options(),
    )
    await expect(handler(eventBridgeEvent('e-1'), context)).rejects.toThrow(/durableExecutionArn/)
  })
})
