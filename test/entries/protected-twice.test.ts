import { withDurableExecution } from '@aws/durable-execution-sdk-js'
import { LocalDurableTestRunner } from '@aws/durable-execution-sdk-js-testing'
import type { SQSRecord } from 'aws-lambda'
import {
  dynamoDbStore,
  type IdempotencyOptions,
  type IdempotentContext,
  idempotent,
  idempotentBatch,
  idempotentHandler,
  type OutcomeEvent,
  runOnce,
  type Store,
} from 'oncekey'
import { httpApiEvent, lambdaContext } from 'oncekey/testing'
import { beforeEach, describe, expect, it } from 'vitest'
import { itemsOf } from '../support/items.ts'
import { type Middleware, middies, type Protected, type Work } from '../support/middies.ts'
import { createTable, type TestTable } from '../support/tables.ts'
import { sqsEvent, sqsRecord } from '../triggers/fixtures.ts'

let table: TestTable
let runs: number
let outcomes: OutcomeEvent[]

const work: Work = () => {
  runs += 1
  return { statusCode: 201, body: 'paid' }
}
const open = (): Store => dynamoDbStore(table.name, { client: table.client })
const options = (): IdempotencyOptions => ({ onOutcome: (outcome) => outcomes.push(outcome) })
const leases = async (): Promise<unknown[]> => (await itemsOf(table)).map(({ leaseUntilMs }) => leaseUntilMs)

beforeEach(async () => {
  table = await createTable()
  runs = 0
  outcomes = []
})

/** The same handler protected twice, each time with a store of its own on the one table. */
const twice: readonly [
  how: string,
  names: readonly string[],
  protect: (settings: IdempotencyOptions) => Protected,
][] = [
  [
    'idempotentHandler inside idempotentHandler',
    ['idempotentHandler', 'idempotentHandler'],
    (settings) => idempotentHandler(idempotentHandler(work, open(), settings), open(), settings),
  ],
  ...middies.flatMap((middy): typeof twice => [
    [
      `idempotentHandler inside idempotent of ${middy.version}`,
      ['idempotentHandler', 'idempotent'],
      (settings) =>
        middy.assemble(idempotentHandler(work, open(), settings), [
          idempotent(open(), settings) as Middleware,
        ]),
    ],
    [
      `idempotent of ${middy.version} twice, around what changes the body`,
      ['idempotent', 'idempotent'],
      (settings) =>
        middy.assemble(work, [
          idempotent(open(), settings) as Middleware,
          { before: (request) => void Object.assign(Object(request.event), { body: '{}' }) },
          idempotent(open(), settings) as Middleware,
        ]),
    ],
    [
      `idempotent twice in ${middy.version}`,
      ['idempotent', 'idempotent'],
      (settings) =>
        middy.assemble(work, [
          idempotent(open(), settings) as Middleware,
          idempotent(open(), settings) as Middleware,
        ]),
    ],
  ]),
]

describe.each(twice)('%s', (_how, [inner, outer], protect) => {
  it.each([{}, { profile: 'stripe' }, { inFlight: { waitMs: 60_000 } }] as const)(
    'fails at the first request with an error that names both, and blocks no key (%j)',
    async (settings) => {
      const handler = protect({ ...options(), ...settings })
      for (const _ of [1, 2]) {
        const answer = handler(httpApiEvent({ key: 'k1' }), lambdaContext())
        await expect(answer).rejects.toThrow(
          `${inner}: this request is already protected by ${outer}, which holds the claim of its key.`,
        )
      }
      expect(runs).toBe(0)
      expect(await leases()).toEqual([{ N: '0' }])
      expect(outcomes.map(({ outcome }) => outcome)).toEqual(['released', 'released'])
    },
  )
})

it('is said of an execution too, which would find its own claim', async () => {
  await LocalDurableTestRunner.setupTestEnvironment()
  const settings = { service: 's', key: () => 'k1' }
  const inner = idempotentHandler(
    async (_event: unknown, _context: object) => work({}, Object(0)),
    open(),
    settings,
  )
  const handlerFunction = withDurableExecution(idempotentHandler(inner, open(), settings))
  const ended = await new LocalDurableTestRunner({ handlerFunction }).run({ payload: {} })
  expect(ended.getError().errorMessage).toMatch(/already protected by idempotentHandler/)
  expect(await leases()).toEqual([{ N: '0' }])
  await LocalDurableTestRunner.teardownTestEnvironment()
})

describe('a protected function that calls another', () => {
  const call = async (inner: Protected, outerOptions: IdempotencyOptions = {}): Promise<unknown> => {
    const handler = idempotentHandler(
      async (event: unknown, context: IdempotentContext) => await inner(event, context),
      open(),
      { ...options(), ...outerOptions },
    )
    return handler(httpApiEvent({ key: 'k1' }), lambdaContext())
  }

  it.each<[string, () => Protected]>([
    ['under another key', () => idempotentHandler(work, open(), { key: () => 'k2' })],
    ['for another service', () => idempotentHandler(work, open(), { service: 'stock' })],
    ['as another principal', () => idempotentHandler(work, open(), { principal: () => 'ada' })],
    [
      'by runOnce with the same key',
      () => async () =>
        await runOnce(open(), { service: 'payments', name: 'pay', key: 'k1' }, () => work({}, Object(0))),
    ],
  ])('%s runs once', async (_how, inner) => {
    expect(await call(inner())).toMatchObject({ statusCode: 201 })
    expect(await call(inner())).toMatchObject({ statusCode: 201 })
    expect(runs).toBe(1)
  })

  it('on another table runs once', async () => {
    const other = await createTable()
    const inner = idempotentHandler(work, dynamoDbStore(other.name, { client: other.client }))
    expect(await call(inner)).toMatchObject({ statusCode: 201 })
    expect(runs).toBe(1)
  })

  it('of its record under the key of its batch runs once', async () => {
    const inner = idempotentHandler(work, open(), { key: () => 'm-1' })
    const handler = idempotentBatch((record: SQSRecord, context) => inner(record, context), open())
    const event = sqsEvent(sqsRecord('m-1', '{"order":1}'))
    for (const _ of [1, 2]) expect(await handler(event, lambdaContext())).toEqual({ batchItemFailures: [] })
    expect(runs).toBe(1)
  })
})

it('two requests at once in one process are in progress, not protected twice', async () => {
  const started = Promise.withResolvers<void>()
  const ended = Promise.withResolvers<void>()
  const handler = idempotentHandler(
    async () => {
      started.resolve()
      await ended.promise
      return { statusCode: 201 }
    },
    open(),
    options(),
  )
  const [event, context] = [httpApiEvent({ key: 'k1' }), lambdaContext()]
  const first = handler(event, context)
  await started.promise
  expect(await handler(event, context)).toMatchObject({ statusCode: 409 })
  ended.resolve()
  expect(await first).toMatchObject({ statusCode: 201 })
})
