import { randomUUID } from 'node:crypto'
import { type AttributeValue, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb'
import { describe, expect, test } from 'vitest'
import type { InFlightRecord } from '../../../packages/oncekey/src/core/record.ts'
import type { Store } from '../../../packages/oncekey/src/core/store.ts'
import { dynamoDbStore } from '../../../packages/oncekey/src/stores/dynamodb/store.ts'
import {
  aClaim,
  aCompletion,
  jsonResult,
  limits,
} from '../../../packages/oncekey/src/testing/contract/records.ts'
import { createTable } from '../../support/tables.ts'

// What is wrong in a record is the codec's to find: here, that it gets to see what DynamoDB holds.

type Item = Record<string, AttributeValue>

async function setUp() {
  const { name, client } = await createTable()
  const store = dynamoDbStore(name, { client })
  const claim = aClaim()
  await store.insert(claim, limits)
  const read = async (): Promise<Item> => {
    const Key = { id: { S: claim.id } }
    return (await client.send(new GetItemCommand({ TableName: name, Key, ConsistentRead: true }))).Item ?? {}
  }
  const write = (Item: Item) => client.send(new PutItemCommand({ TableName: name, Item }))
  return { store, claim, read, write }
}

describe.each<[string, (store: Store, claim: InFlightRecord) => Promise<unknown>]>([
  ['insert', (store, claim) => store.insert(aClaim({ id: claim.id }), limits)],
  [
    'replace',
    (store, claim) => store.replace(aClaim({ id: claim.id }), { owner: 'x', leaseUntilMs: 1 }, limits),
  ],
  [
    'takeover',
    (store, claim) => store.takeover(aClaim({ id: claim.id }), { owner: 'x', leaseUntilMs: 1 }, limits),
  ],
  ['complete', (store, claim) => store.complete(claim, aCompletion(), limits)],
  ['release', (store, claim) => store.release(claim, limits)],
  ['saveStep', (store, claim) => store.saveStep(claim, 'charge', jsonResult, limits)],
  [
    'renew',
    (store, claim) => {
      const { leaseUntilMs, expiresAtMs } = claim
      return store.renew(claim, { fromLeaseUntilMs: leaseUntilMs, leaseUntilMs: 9e14, expiresAtMs }, limits)
    },
  ],
  [
    'commit',
    async (store, claim) =>
      store.commit?.(claim, { ...aCompletion(), commitToken: randomUUID() }, [], limits),
  ],
])('%s', (_, write) => {
  test.each<[string, Item]>([
    // Every word of an owner's condition but the status fits here.
    ['completed and still has a lease', { status: { S: 'completed' } }],
    ['of a status that no release writes', { status: { S: 'done' } }],
    ['of a newer format', { v: { N: '2' }, status: { S: 'of the future' } }],
  ])('leaves a record alone that is %s', async (_what, damage) => {
    const { store, claim, read, write: put } = await setUp()
    const item = { ...(await read()), ...damage }
    await put(item)
    await expect(write(store, claim)).rejects.toMatchObject({ name: 'RecordUnreadableError' })
    expect(await read()).toEqual(item)
  })
})

test.each<[string, AttributeValue]>([
  ['null', { NULL: true }],
  ['a truth value', { BOOL: true }],
  ['text', { S: '1800000000000' }],
  ['a fraction', { N: '0.5' }],
  ['a negative number', { N: '-1' }],
  ['a number that JavaScript cannot hold', { N: '9007199254740993' }],
  ['bytes', { B: Uint8Array.of(1) }],
  ['a list', { L: [{ N: '1' }] }],
  ['a map', { M: {} }],
  ['a set of texts', { SS: ['1'] }],
  ['a set of numbers', { NS: ['1'] }],
  ['a set of bytes', { BS: [Uint8Array.of(1)] }],
])('a record whose lease is %s cannot be read', async (_, leaseUntilMs) => {
  const { store, claim, read, write } = await setUp()
  await write({ ...(await read()), leaseUntilMs })
  await expect(store.read(claim.id, limits)).rejects.toThrow(
    'expected attribute "leaseUntilMs" to be an integer',
  )
})

test('a result in a record that is a list within cannot be read', async () => {
  const { store, claim, read, write } = await setUp()
  await store.complete(claim, aCompletion(), limits)
  await write({ ...(await read()), result: { M: { br: { L: [] }, size: { N: '1' } } } })
  await expect(store.read(claim.id, limits)).rejects.toThrow('expected attribute "result.br" to be bytes')
})
