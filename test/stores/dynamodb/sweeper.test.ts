import { randomBytes, randomUUID } from 'node:crypto'
import { PutItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb'
import { beforeEach, describe, expect, it } from 'vitest'
import { recordId } from '../../../packages/oncekey/src/core/identity.ts'
import type { InFlightRecord } from '../../../packages/oncekey/src/core/record.ts'
import { compress } from '../../../packages/oncekey/src/core/result.ts'
import type { Store } from '../../../packages/oncekey/src/core/store.ts'
import { inspectTable, type TableInspector } from '../../../packages/oncekey/src/stores/dynamodb/inspector.ts'
import { dynamoDbStore } from '../../../packages/oncekey/src/stores/dynamodb/store.ts'
import type { Sweep } from '../../../packages/oncekey/src/stores/dynamodb/sweeper.ts'
import { aClaim, limits, makeCall } from '../../../packages/oncekey/src/testing/contract/records.ts'
import { createTable, type TestTable } from '../../support/tables.ts'

const minuteMs = 60_000
const bytes = randomBytes(5_000).toString('hex')

let table: TestTable
let store: Store
let records: TableInspector
beforeEach(async () => {
  table = await createTable({ hasTtl: false })
  store = dynamoDbStore(table.name, { client: table.client })
  records = inspectTable(table.name, table.client)
})

/** Inserts a claim that expires so long from now. */
async function insert(expiresInMs: number, facts: Partial<InFlightRecord> = {}): Promise<InFlightRecord> {
  const id = recordId({ kind: 'http', service: 'payments', name: '', principal: '', key: randomUUID() })
  const leaseUntilMs = Date.now() + Math.min(expiresInMs, minuteMs)
  const claim = aClaim({ id, leaseUntilMs, expiresAtMs: Date.now() + expiresInMs, ...facts })
  await store.insert(claim, limits)
  return claim
}

/** Writes the chunks of a large result of this claim, and returns the reference to them. */
const offload = async (claim: InFlightRecord, name = 'result') => {
  const result = await compress(JSON.stringify(bytes))
  return store.offload(claim, { name, inlineBytes: 0, expiresAtMs: claim.expiresAtMs, result }, makeCall)
}

const complete = async (claim: InFlightRecord) => {
  const completion = { completedAtMs: Date.now(), expiresAtMs: claim.expiresAtMs }
  await store.complete(claim, { ...completion, result: await offload(claim) }, limits)
}

const sweep = async (deletes: boolean): Promise<Sweep | undefined> => {
  let last: Sweep | undefined
  for await (const counts of records.sweep({ deletes, unitsPerSecond: 10_000 })) last = counts
  return last
}

const items = async () =>
  (await table.client.send(new ScanCommand({ TableName: table.name }))).Items?.map(({ id }) => id?.S) ?? []

/** Does something between the scan of a sweep and its deletions. */
const afterScan = (act: () => Promise<unknown>) =>
  table.client.middlewareStack.add(
    (next, { commandName }) =>
      async (args) => {
        const output = await next(args)
        if (commandName === 'ScanCommand') await act()
        return output
      },
    { step: 'initialize' },
  )

describe('a sweep of records', () => {
  it.each([
    { state: 'in progress', expiresInMs: 60 * minuteMs, isSwept: false },
    { state: 'expired a moment ago', expiresInMs: -2 * minuteMs, isSwept: false },
    { state: 'expired', expiresInMs: -6 * minuteMs, isSwept: true },
  ])('of one that is $state: deleted is $isSwept', async ({ expiresInMs, isSwept }) => {
    const { id } = await insert(expiresInMs)
    expect(await sweep(true)).toMatchObject({ scanned: 1, expiredRecords: isSwept ? 1 : 0, changed: 0 })
    expect(await items()).toEqual(isSwept ? [] : [id])
  })

  it('only counts, unless it is told to delete', async () => {
    const claim = await insert(-60 * minuteMs)
    await complete(claim)
    const before = await items()
    expect(await sweep(false)).toEqual({ scanned: 2, expiredRecords: 1, orphanedChunks: 1, changed: 0 })
    expect(await items()).toEqual(before)
    expect(await sweep(true)).toEqual({ scanned: 2, expiredRecords: 1, orphanedChunks: 1, changed: 0 })
    expect(await items()).toEqual([])
  })

  // Each changes one of the three attributes that the deletion is conditional on.
  it.each<[string, (seen: InFlightRecord) => Promise<unknown>]>([
    [
      'was renewed',
      (seen) => {
        const lease = { leaseUntilMs: seen.leaseUntilMs + 1, expiresAtMs: seen.expiresAtMs }
        return store.renew(seen, { ...lease, fromLeaseUntilMs: seen.leaseUntilMs }, limits)
      },
    ],
    ['was claimed anew', (seen) => store.replace({ ...seen, owner: 'next' }, seen, limits)],
    [
      'was completed',
      (seen) => {
        const times = { completedAtMs: Date.now(), expiresAtMs: Date.now() + minuteMs }
        return store.complete(seen, { ...times, result: { kind: 'undefined' } }, limits)
      },
    ],
    [
      'was given another expiry',
      ({ id, expiresAtMs, ...seen }) => {
        const Item = {
          id: { S: id },
          owner: { S: seen.owner },
          leaseUntilMs: { N: `${seen.leaseUntilMs}` },
          expiresAt: { N: `${Math.ceil(expiresAtMs / 1000) + 1_000}` },
        }
        return table.client.send(new PutItemCommand({ TableName: table.name, Item }))
      },
    ],
  ])('keeps an expired one that %s since it was read', async (_what, change) => {
    const seen = await insert(-60 * minuteMs)
    afterScan(() => change(seen))
    expect(await sweep(true)).toMatchObject({ expiredRecords: 0, changed: 1 })
    expect(await items()).toEqual([seen.id])
  })

  it.each(['TransactionConflictException', 'ReplicatedWriteConflictException'])(
    'goes on after a %s: somebody else is writing the record',
    async (name) => {
      const { id } = await insert(-60 * minuteMs)
      table.client.middlewareStack.add(
        (next, { commandName }) =>
          async (args) => {
            if (commandName === 'DeleteItemCommand') throw Object.assign(new Error(name), { name })
            return next(args)
          },
        { step: 'initialize' },
      )
      expect(await sweep(true)).toMatchObject({ expiredRecords: 0, changed: 1 })
      expect(await items()).toEqual([id])
    },
  )

  it.each([
    ['of a newer format', { v: { N: '2' } }],
    ['without an expiry', { expiresAt: { S: 'never' } }],
    ['without an owner', { owner: { N: '1' } }],
    ['of another kind', { id: { S: 'somebody-else' } }],
  ])('leaves an item alone that is %s', async (_what, attributes) => {
    const id = recordId({ kind: 'run', service: 's', name: '', principal: '', key: 'k' })
    const Item = {
      id: { S: id },
      v: { N: '1' },
      status: { S: 'completed' },
      owner: { S: 'o' },
      leaseUntilMs: { N: '0' },
      expiresAt: { N: '1' },
      ...attributes,
    }
    await table.client.send(new PutItemCommand({ TableName: table.name, Item }))
    expect(await sweep(true)).toEqual({ scanned: 1, expiredRecords: 0, orphanedChunks: 0, changed: 0 })
    expect(await items()).toHaveLength(1)
  })
})

describe('a sweep of chunks', () => {
  it('deletes those of a record that was forgotten', async () => {
    const claim = await insert(60 * minuteMs)
    await complete(claim)
    const { record } = await records.find(claim.id)
    expect(record && (await records.forget(record))).toBe(true)
    expect(await items()).toHaveLength(1)
    expect(await sweep(true)).toMatchObject({ expiredRecords: 0, orphanedChunks: 1 })
    expect(await items()).toEqual([])
  })

  it('keeps the result of a completed record', async () => {
    const claim = await insert(60 * minuteMs)
    await complete(claim)
    expect(await sweep(true)).toMatchObject({ orphanedChunks: 0 })
    const { record } = await records.find(claim.id)
    expect(record?.status === 'completed' && (await records.answer(record))).toEqual({
      kind: 'json',
      json: JSON.stringify(bytes),
    })
  })

  it('keeps the steps that a takeover has kept, though another owner wrote them', async () => {
    const claim = await insert(60 * minuteMs)
    await store.saveStep(claim, 'charge', await offload(claim, 'charge'), limits)
    await store.takeover({ ...claim, owner: 'next', attempt: 2 }, claim, limits)
    expect(await sweep(true)).toMatchObject({ orphanedChunks: 0 })
  })

  it.each<[string, boolean, (claim: InFlightRecord) => Promise<unknown>]>([
    ['is in progress', false, async () => undefined],
    ['has lapsed, but may still complete', false, (claim) => lapse(claim)],
    ['was released', true, (claim) => store.release(claim, limits)],
    ['lost its claim', true, (claim) => store.replace({ ...claim, owner: 'next' }, claim, limits)],
  ])('of a run that %s and has not completed: deleted is %s', async (_what, isSwept, change) => {
    const claim = await insert(60 * minuteMs)
    await offload(claim)
    await change(claim)
    expect(await sweep(true)).toMatchObject({ orphanedChunks: isSwept ? 1 : 0 })
    expect(await items()).toHaveLength(isSwept ? 1 : 2)
  })

  it('keeps those of a record that cannot be read', async () => {
    const claim = await insert(60 * minuteMs)
    await complete(claim)
    const Item = { id: { S: claim.id }, v: { N: '2' } }
    await table.client.send(new PutItemCommand({ TableName: table.name, Item }))
    expect(await sweep(true)).toMatchObject({ orphanedChunks: 0 })
  })

  it('keeps one that was written again since it was read', async () => {
    const claim = await insert(60 * minuteMs)
    await complete(claim)
    const { record } = await records.find(claim.id)
    expect(record && (await records.forget(record))).toBe(true)
    afterScan(() => offload({ ...claim, expiresAtMs: claim.expiresAtMs + 2_000 }))
    expect(await sweep(true)).toMatchObject({ orphanedChunks: 0, changed: 1 })
    expect(await items()).toHaveLength(1)
  })
})

const lapse = (claim: InFlightRecord) => {
  const { leaseUntilMs: fromLeaseUntilMs, expiresAtMs } = claim
  return store.renew(claim, { fromLeaseUntilMs, leaseUntilMs: Date.now() - minuteMs, expiresAtMs }, limits)
}

it('consumes no more capacity than it may', async () => {
  await Promise.all(Array.from({ length: 8 }, () => insert(-60 * minuteMs)))
  const startedAtMs = performance.now()
  for await (const _ of records.sweep({ deletes: true, unitsPerSecond: 20 }));
  // Eight deletions of at least one unit each.
  expect(performance.now() - startedAtMs).toBeGreaterThanOrEqual(400)
})
