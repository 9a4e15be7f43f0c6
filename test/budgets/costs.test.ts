import { randomBytes } from 'node:crypto'
import { type IdempotentContext, idempotentHandler } from 'oncekey'
import { expect, test } from 'vitest'
import { httpApiEvent, type RequestFacts } from '../support/events.ts'
import { lambdaContext } from '../support/lambda-context.ts'
import type { Work } from '../support/middies.ts'
import { createTable } from '../support/tables.ts'
import { type Billed, createMeter } from './meter.ts'

const CREATED = { statusCode: 201, body: '{"id":"pay_1"}' }
const decline = (): never => {
  throw new Error('declined')
}

/** A function on a table of its own, and what each of its invocations costs. */
async function startFunction() {
  const { name, client } = await createTable()
  const meter = createMeter(client)
  const invoke = async (work: Work, facts: RequestFacts = {}): Promise<readonly Billed[]> => {
    const handler = idempotentHandler(work, name, { client })
    await handler(httpApiEvent({ key: 'k-1', ...facts }), lambdaContext()).catch(() => undefined)
    return meter.take()
  }
  return { name, invoke }
}

const put: Billed = { command: 'PutItem', writeUnits: 1, readUnits: 0 }
const update: Billed = { command: 'UpdateItem', writeUnits: 1, readUnits: 0 }
const refused: Billed = { command: 'PutItem refused', writeUnits: 1, readUnits: 0 }

// docs/performance.md "What a request costs", line by line.
test('a new request costs 2 calls and 2 write units; a replay and a mismatch cost 1 of each', async () => {
  const { invoke } = await startFunction()
  expect(await invoke(() => CREATED)).toEqual([put, update])
  expect(await invoke(() => CREATED)).toEqual([refused])
  expect(await invoke(() => CREATED, { body: '{"amount":7}' })).toEqual([refused])
})

test('a repeat while the first is in flight costs 1 call and 1 write unit', async () => {
  const { invoke } = await startFunction()
  let repeat: readonly Billed[] = []
  const first = await invoke(async () => {
    repeat = await invoke(() => CREATED)
    return CREATED
  })
  expect(repeat).toEqual([put, refused])
  expect(first).toEqual([update])
})

test('a handler that throws costs 2 calls and 2 write units, and the retry after it 3 of each', async () => {
  const { invoke } = await startFunction()
  expect(await invoke(decline)).toEqual([put, update])
  expect(await invoke(() => CREATED)).toEqual([refused, put, update])
})

test("a new request with `commit` costs 2 calls: the claim, and the transaction's 2 units for each item", async () => {
  const { name, invoke } = await startFunction()
  const Put = { TableName: name, Item: { id: 'ledger' } }
  const work = (_event: unknown, { idempotency }: IdempotentContext) => idempotency.commit(CREATED, [{ Put }])
  expect(await invoke(work)).toEqual([put, { command: 'TransactWriteItems', writeUnits: 4, readUnits: 0 }])
})

test('a replay of a result that is too large for the record costs 1 write unit, and reads', async () => {
  const { invoke } = await startFunction()
  // Nothing that compression could make smaller.
  const body = randomBytes(75_000).toString('base64')
  const [claim, chunk, completion] = await invoke(() => ({ statusCode: 200, body }))
  expect([claim, completion]).toEqual([put, update])
  expect(chunk).toMatchObject({ command: 'PutItem', writeUnits: expect.toSatisfy((units) => units <= 78) })
  const [refusal, read] = await invoke(() => CREATED)
  expect(refusal).toEqual(refused)
  expect(read).toMatchObject({
    command: 'GetItem',
    writeUnits: 0,
    readUnits: expect.toSatisfy((units) => units <= 20),
  })
})

test('a new request with a 100 KB answer that compresses well costs what is left of it', async () => {
  const { invoke } = await startFunction()
  const rows = Array.from({ length: 1_000 }, (_, n) => ({
    id: n,
    state: 'succeeded',
    currency: 'EUR',
    amount: n * 7,
    note: null,
    refunded: false,
  }))
  const billed = await invoke(() => ({ statusCode: 200, body: JSON.stringify(rows) }))
  expect(billed.reduce((sum, { writeUnits }) => sum + writeUnits, 0)).toBeLessThanOrEqual(12)
})
