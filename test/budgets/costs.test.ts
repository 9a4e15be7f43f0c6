import { randomBytes } from 'node:crypto'
import { type IdempotencyOptions, idempotentHandler } from 'oncekey'
import { httpApiEvent, lambdaContext, type RequestFacts } from 'oncekey/testing'
import { expect, test } from 'vitest'
import { editItem } from '../support/items.ts'
import type { Work } from '../support/middies.ts'
import { createTable } from '../support/tables.ts'
import { type Billed, createMeter } from './meter.ts'

/** Creates a function on a table of its own, and a meter of what it costs. */
async function startFunction(options: IdempotencyOptions = {}) {
  const table = await createTable()
  const { name, client } = table
  const { take } = createMeter(client)
  let work: Work | undefined
  const handler = idempotentHandler((event, context) => work?.(event, context), name, { client, ...options })
  return {
    take,
    table: name,
    /** Makes a request. What its handler throws is of no interest here. */
    async invoke(next: Work, facts: RequestFacts = {}): Promise<void> {
      work = next
      await handler(httpApiEvent({ key: 'k-1', ...facts }), lambdaContext()).catch(() => undefined)
    },
    /** Makes a request whose handler never ends. */
    async hang(): Promise<void> {
      const running = Promise.withResolvers<void>()
      work = () => {
        running.resolve()
        return new Promise(() => undefined)
      }
      void handler(httpApiEvent({ key: 'k-1' }), lambdaContext())
      await running.promise
    },
    edit: (attribute: string, N: string) => editItem(table, { [attribute]: { N } }),
  }
}
type Service = Awaited<ReturnType<typeof startFunction>>

const pay: Work = () => ({ statusCode: 201, body: '{"id":"pay_1"}' })
const paying = ({ invoke }: Service) => invoke(pay)
const decline: Work = () => {
  throw new Error('declined')
}
const payIn2Steps =
  (end: Work): Work =>
  async (event, context) => {
    await context.idempotency.step('charge', () => 'ch_1')
    await context.idempotency.step('receipt', () => 'R-1')
    return end(event, context)
  }
/** Compression makes neither of them smaller than 60 KB. */
const body = randomBytes(75_000).toString('base64')
const payAtLength: Work = () => ({ statusCode: 200, body })
/** Of 100 KB, and compression leaves little of it. */
const rows = Array.from({ length: 1_000 }, (_, n) => ({
  ...{ id: n, state: 'succeeded', currency: 'EUR', amount: n * 7, note: null, refunded: false },
}))

const put: Billed = { command: 'PutItem', writeUnits: 1, readUnits: 0 }
const update: Billed = { command: 'UpdateItem', writeUnits: 1, readUnits: 0 }
const refused: Billed = { command: 'PutItem refused', writeUnits: 1, readUnits: 0 }
const transaction: Billed = { command: 'TransactWriteItems', writeUnits: 4, readUnits: 0 }
const upTo = (units: number): number => expect.toSatisfy((billed) => billed > 0 && billed <= units)

interface Path {
  readonly path: string
  readonly options?: IdempotencyOptions
  readonly before?: (service: Service) => Promise<void>
  /** A payment, if left out. */
  readonly measured?: (service: Service) => Promise<void>
  readonly costs: readonly Billed[]
}

// docs/performance.md "What a request costs", line by line: calls, and the units of each.
const paths: readonly Path[] = [
  { path: 'a new request', costs: [put, update] },
  {
    path: 'a new request with `commit`, with 2 units for each item of the transaction',
    measured: ({ invoke, table }) =>
      invoke((_event, { idempotency }) =>
        idempotency.commit({ statusCode: 201 }, [{ Put: { TableName: table, Item: { id: 'ledger' } } }]),
      ),
    costs: [put, transaction],
  },
  {
    path: 'a new request with two steps',
    measured: ({ invoke }) => invoke(payIn2Steps(pay)),
    costs: [put, update, update, update],
  },
  {
    path: 'a retry that finds both steps saved',
    before: ({ invoke }) => invoke(payIn2Steps(decline)),
    measured: ({ invoke }) => invoke(payIn2Steps(pay)),
    costs: [refused, update, update],
  },
  {
    path: 'a replay',
    before: paying,
    costs: [refused],
  },
  {
    path: 'a replay from the local cache',
    options: { cache: { maxEntries: 10 } },
    before: paying,
    costs: [],
  },
  {
    path: 'a repeat while the first is in progress',
    before: ({ hang }) => hang(),
    costs: [refused],
  },
  {
    path: 'another request under the key',
    before: paying,
    measured: ({ invoke }) => invoke(pay, { body: '{"amount":7}' }),
    costs: [refused],
  },
  { path: 'a handler that throws', measured: ({ invoke }) => invoke(decline), costs: [put, update] },
  {
    path: 'a retry after a release',
    before: ({ invoke }) => invoke(decline),
    costs: [refused, put, update],
  },
  {
    path: 'a retry after a crash',
    async before({ hang, edit }) {
      await hang()
      await edit('leaseUntilMs', '1')
    },
    costs: [refused, update, update],
  },
  {
    path: 'a request after the expiry',
    async before({ invoke, edit }) {
      await invoke(pay)
      await edit('expiresAt', '1')
    },
    costs: [refused, put, update],
  },
  {
    path: 'a request that needs no protection',
    measured: ({ invoke }) => invoke(pay, { method: 'GET' }),
    costs: [],
  },
  {
    path: 'a new request with a result of 100 KB',
    measured: ({ invoke }) => invoke(payAtLength),
    costs: [put, { ...put, writeUnits: upTo(78) }, update],
  },
  {
    path: 'a replay of 100 KB',
    before: ({ invoke }) => invoke(payAtLength),
    costs: [refused, { command: 'GetItem', writeUnits: 0, readUnits: upTo(20) }],
  },
  {
    path: 'a new request with a result of 100 KB that compresses well',
    measured: ({ invoke }) => invoke(() => ({ statusCode: 200, body: JSON.stringify(rows) })),
    costs: [put, { ...update, writeUnits: upTo(5) }],
  },
]

test.each(paths)('$path costs its calls and units', async ({ options, before, measured, costs }) => {
  const service = await startFunction(options)
  await before?.(service)
  service.take()
  await (measured ?? paying)(service)
  expect(service.take()).toEqual(costs)
})
