import { randomUUID } from 'node:crypto'
import {
  DynamoDBClient,
  GetItemCommand,
  TransactionCanceledException,
  TransactionInProgressException,
  TransactWriteItemsCommand,
} from '@aws-sdk/client-dynamodb'
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb'
import { mockClient } from 'aws-sdk-client-mock'
import { describe, expect, test } from 'vitest'
import type { InFlightRecord } from '../../../packages/oncekey/src/core/record.ts'
import type { Store, TransactionWrite } from '../../../packages/oncekey/src/core/store.ts'
import { dynamoDbStore } from '../../../packages/oncekey/src/stores/dynamodb/store.ts'
import {
  aClaim,
  aCompletion,
  completed,
  jsonResult,
  limits,
  T0,
} from '../../../packages/oncekey/src/testing/contract/records.ts'
import { createTable, type TestTable } from '../../support/tables.ts'

type Commit = NonNullable<Store['commit']>

function commitOf(store: Store): Commit {
  if (store.commit === undefined) throw new Error('expected a store with commit')
  return store.commit
}

/** Everything that DynamoDB said about why. */
function reasonsOf(error: unknown): string {
  const { message, CancellationReasons = [] } = Object(error)
  return JSON.stringify([message, CancellationReasons])
}

const aCommit = () => ({ ...aCompletion(), commitToken: randomUUID() })

async function setUp(
  clientOf: (table: TestTable) => DynamoDBClient | DynamoDBDocumentClient = ({ client }) => client,
) {
  const table = await createTable()
  const { name, client } = table
  const store = dynamoDbStore(name, { client: clientOf(table) })
  const claim = aClaim({ steps: new Map([['charge', jsonResult]]) })
  await store.insert(claim, limits)
  const itemOf = async (id: string) =>
    (await client.send(new GetItemCommand({ TableName: name, Key: { id: { S: id } }, ConsistentRead: true })))
      .Item
  const wallet = (balance: number): TransactionWrite => ({
    Put: {
      TableName: name,
      Item: { id: 'wallet', balance },
      ConditionExpression: 'attribute_not_exists(id)',
    },
  })
  return { name, client, store, commit: commitOf(store), claim, itemOf, wallet }
}

describe('commit', () => {
  test('completes the record and does the writes', async () => {
    const { store, commit, claim, itemOf, wallet } = await setUp()
    const completion = { ...aCommit(), steps: ['charge'] }
    const answer = await commit(claim, completion, [wallet(40)], limits)
    expect(answer).toEqual({ kind: 'written' })
    expect(await store.read(claim.id, limits)).toMatchObject({ record: completed(claim, completion) })
    expect(await itemOf('wallet')).toEqual({ id: { S: 'wallet' }, balance: { N: '40' } })
  })

  test('without writes completes the record', async () => {
    const { store, commit, claim } = await setUp()
    const completion = aCommit()
    await commit(claim, completion, [], limits)
    expect(await store.read(claim.id, limits)).toMatchObject({ record: completed(claim, completion) })
  })

  test('again with its token is answered as before and does nothing', async () => {
    const { commit, claim, name, itemOf } = await setUp()
    const completion = aCommit()
    const add: TransactionWrite = {
      Update: {
        TableName: name,
        Key: { id: 'wallet' },
        UpdateExpression: 'ADD balance :amount',
        ExpressionAttributeValues: { ':amount': 40 },
      },
    }
    expect(await commit(claim, completion, [add], limits)).toEqual({ kind: 'written' })
    expect(await commit(claim, completion, [add], limits)).toEqual({ kind: 'written' })
    expect(await itemOf('wallet')).toEqual({ id: { S: 'wallet' }, balance: { N: '40' } })
  })

  test('of another token after it is refused with the record, by whose token its owner knows it', async () => {
    const { commit, claim } = await setUp()
    const first = aCommit()
    await commit(claim, first, [], limits)
    const answer = await commit(claim, aCommit(), [], limits)
    expect(answer).toMatchObject({ kind: 'refused', record: { commitToken: first.commitToken } })
  })

  type Loss = [string, (store: Store, claim: InFlightRecord) => Promise<unknown>]
  test.each<Loss>([
    [
      'once a successor has the claim',
      (store, claim) => {
        const { owner, leaseUntilMs } = claim
        return store.takeover({ ...claim, owner: randomUUID(), attempt: 2 }, { owner, leaseUntilMs }, limits)
      },
    ],
    ['once the claim was released', (store, claim) => store.release(claim, limits)],
    ['once the run has completed', (store, claim) => store.complete(claim, aCompletion(), limits)],
  ])('%s is refused, writes nothing and shows the record', async (_, lose) => {
    const { store, commit, claim, itemOf, wallet } = await setUp()
    await lose(store, claim)
    const { record } = await store.read(claim.id, limits)
    const answer = await commit(claim, aCommit(), [wallet(40)], limits)
    expect(answer).toEqual({ kind: 'refused', nowMs: expect.any(Number), record })
    expect((await store.read(claim.id, limits)).record).toEqual(record)
    expect(await itemOf('wallet')).toBeUndefined()
  })

  test('of a record that is gone is refused', async () => {
    const { commit, itemOf, wallet } = await setUp()
    const answer = await commit(aClaim(), aCommit(), [wallet(40)], limits)
    expect(answer).toEqual({ kind: 'refused', nowMs: expect.any(Number), record: undefined })
    expect(await itemOf('wallet')).toBeUndefined()
  })

  test('whose own conditions fail rejects with the reasons in their order, and leaves the claim held', async () => {
    const { name, store, commit, claim, itemOf, wallet } = await setUp()
    await commit(aClaim(), aCommit(), [wallet(40)], limits)
    await store.insert(aClaim({ id: 'wallet' }), limits)
    const ledger: TransactionWrite = { Put: { TableName: name, Item: { id: 'ledger' } } }
    const committing = commit(claim, aCommit(), [ledger, wallet(50)], limits)
    await expect(committing).rejects.toMatchObject({
      name: 'TransactionCanceledException',
      CancellationReasons: [{ Code: 'None' }, { Code: 'ConditionalCheckFailed' }],
    })
    expect(await itemOf('ledger')).toBeUndefined()
    expect(await store.read(claim.id, limits)).toMatchObject({ record: claim })
  })

  test('whose own conditions fail after its claim was lost is refused for the claim', async () => {
    const { store, commit, claim, wallet } = await setUp()
    await store.insert(aClaim({ id: 'wallet' }), limits)
    await store.release(claim, limits)
    expect(await commit(claim, aCommit(), [wallet(40)], limits)).toMatchObject({ kind: 'refused' })
  })

  const large = 'x'.repeat(390_000)
  test.each<[string, (name: string) => readonly object[], RegExp]>([
    ['that lacks the key', (TableName) => [{ Put: { TableName, Item: { other: 'key' } } }], /key/i],
    ['that lacks the table', () => [{ Put: { Item: { id: 'a' } } }], /table/i],
    ['that lacks the item', (TableName) => [{ Put: { TableName } }], /item/i],
    [
      'whose expression is wrong',
      (TableName) => [{ Update: { TableName, Key: { id: 'a' }, UpdateExpression: 'SET' } }],
      /expression/i,
    ],
    [
      'that is too large',
      (TableName) => [{ Put: { TableName, Item: { id: 'a', large: large + large } } }],
      /size/i,
    ],
    [
      'of more than 4 MB in sum',
      (TableName) =>
        Array.from({ length: 11 }, (_, n) => ({ Put: { TableName, Item: { id: `${n}`, large } } })),
      /size/i,
    ],
    [
      'to one item twice',
      (TableName) => [{ Put: { TableName, Item: { id: 'a' } } }, { Delete: { TableName, Key: { id: 'a' } } }],
      /one item/i,
    ],
  ])(
    '%s rejects with the reason that DynamoDB gives, and nothing is written',
    async (_, writesTo, reason) => {
      const { name, store, commit, claim, itemOf, wallet } = await setUp()
      const committing = commit(claim, aCommit(), [wallet(40), ...writesTo(name)], limits)
      const error = await committing.catch((thrown: unknown) => thrown)
      expect(error).toMatchObject({ $fault: 'client' })
      expect(reasonsOf(error)).toMatch(reason)
      expect(await itemOf('wallet')).toBeUndefined()
      expect(await store.read(claim.id, limits)).toMatchObject({ record: claim })
    },
  )

  test('takes every kind of write, with sets, bytes and inner values', async () => {
    const { name, store, commit, claim, itemOf } = await setUp()
    const [old, checked] = [aClaim({ id: 'old' }), aClaim({ id: 'checked' })]
    await store.insert(old, limits)
    await store.insert(checked, limits)
    const Item = {
      id: 'put',
      tags: new Set(['a']),
      raw: Uint8Array.of(1),
      list: [1, { deep: null }],
      gone: undefined,
    }
    const writes: TransactionWrite[] = [
      { Put: { TableName: name, Item } },
      {
        Update: {
          TableName: name,
          Key: { id: 'updated' },
          UpdateExpression: 'SET #n = :n',
          ExpressionAttributeNames: { '#n': 'n' },
          ExpressionAttributeValues: { ':n': 12n },
        },
      },
      { Delete: { TableName: name, Key: { id: 'old' } } },
      {
        ConditionCheck: {
          TableName: name,
          Key: { id: 'checked' },
          ConditionExpression: 'attribute_exists(id)',
        },
      },
    ]
    await commit(claim, aCommit(), writes, limits)
    expect(await Promise.all(['put', 'updated', 'old'].map(itemOf))).toEqual([
      {
        id: { S: 'put' },
        tags: { SS: ['a'] },
        raw: { B: Uint8Array.of(1) },
        list: { L: [{ N: '1' }, { M: { deep: { NULL: true } } }] },
      },
      { id: { S: 'updated' }, n: { N: '12' } },
      undefined,
    ])
  })

  test('takes 99 writes', async () => {
    const { name, commit, claim, itemOf } = await setUp()
    const writes = Array.from({ length: 99 }, (_, n) => ({
      Put: { TableName: name, Item: { id: `item-${n}` } },
    }))
    await commit(claim, aCommit(), writes, limits)
    expect(await itemOf('item-98')).toBeDefined()
  })

  test('with a document client marshals the writes, and only those, as that does', async () => {
    const { name, store, commit, claim, itemOf } = await setUp(({ client }) =>
      DynamoDBDocumentClient.from(client, {
        marshallOptions: {
          removeUndefinedValues: true,
          convertEmptyValues: true,
          convertTopLevelContainer: false,
        },
      }),
    )
    const completion = { ...aCommit(), result: { kind: 'unavailable', reason: '' } as const }
    const Item = { id: 'put', text: '', list: [undefined, 1] }
    await commit(claim, completion, [{ Put: { TableName: name, Item } }], limits)
    expect(await itemOf('put')).toEqual({ id: { S: 'put' }, text: { NULL: true }, list: { L: [{ N: '1' }] } })
    expect(await store.read(claim.id, limits)).toMatchObject({ record: completed(claim, completion) })
  })
})

describe('commit sends nothing and says what it got', () => {
  const TableName = 'wallets'
  const put = (item: object): TransactionWrite => ({ Put: { TableName, Item: { id: 'a', ...item } } })
  const notAWrite: readonly TransactionWrite[] = JSON.parse(
    '[null, 3, {"Insert": {}}, {"Put": null}, {"Put": "text"}, {"Put": {"TableName": "wallets", "Item": null}}]',
  )

  test.each<[string, readonly TransactionWrite[], string]>([
    ['of 100 writes', Array.from({ length: 100 }, () => put({})), 'expected at most 99 writes, got 100. '],
    [
      'of null',
      notAWrite.slice(0, 1),
      'expected writes[0] to be one of Put, Update, Delete, ConditionCheck, got null.',
    ],
    [
      'of a number',
      [put({}), ...notAWrite.slice(1, 2)],
      'expected writes[1] to be one of Put, Update, Delete, ConditionCheck, got number.',
    ],
    ['of an unknown kind', notAWrite.slice(2, 3), 'Put, Update, Delete, ConditionCheck, got Insert.'],
    ['of a kind without content', notAWrite.slice(3, 4), 'expected writes[0].Put to be an object, got null.'],
    ['of a text as content', notAWrite.slice(4, 5), 'expected writes[0].Put to be an object, got string.'],
    ['of a null item', notAWrite.slice(5), 'expected writes[0].Put.Item to be an object, got null.'],
    ['of nothing', [{}], 'expected writes[0] to be one of Put, Update, Delete, ConditionCheck, got object.'],
    ['of two kinds in one', [{ ...put({}), Delete: {} }], 'ConditionCheck, got Put, Delete.'],
    [
      'of a key that is text',
      [{ Delete: { TableName, Key: 'a' } }],
      'expected writes[0].Delete.Key to be an object, got string.',
    ],
    [
      'of values that are none',
      [{ Update: { TableName, Key: {}, ExpressionAttributeValues: 1 } }],
      'expected writes[0].Update.ExpressionAttributeValues to be an object, got number.',
    ],
    [
      'of what has no place in DynamoDB',
      [put({ when: new Date(0) })],
      'writes[0].Put.Item.when cannot be stored',
    ],
    [
      'of undefined within',
      [put({ list: [undefined] })],
      'writes[0].Put.Item.list cannot be stored in DynamoDB',
    ],
  ])('%s', async (_, writes, message) => {
    const { mock, send } = stubbed()
    await expect(send(writes)).rejects.toThrow(message)
    expect(mock.calls()).toEqual([])
  })
})

/** A commit to a stub of the SDK, which does all that it is told. */
function stubbed() {
  const client = new DynamoDBClient({ region: 'us-east-1' })
  const mock = mockClient(client)
  const commit = commitOf(dynamoDbStore('claims', { client }))
  return {
    mock,
    send: (writes: readonly TransactionWrite[]) => commit(aClaim(), aCommit(), writes, limits),
  }
}

describe('the writes of a commit', () => {
  const TableName = 'wallets'
  const put = (item: object): TransactionWrite => ({ Put: { TableName, Item: { id: 'a', ...item } } })

  test('leave out what JSON would leave out', async () => {
    const { mock, send } = stubbed()
    await send([put({ gone: undefined, method: () => 1, kept: null })])
    const items = mock.commandCalls(TransactWriteItemsCommand).map((call) => call.args[0].input.TransactItems)
    expect(items[0]?.[0]).toEqual({ Put: { TableName, Item: { id: { S: 'a' }, kept: { NULL: true } } } })
  })

  test('are not changed by being sent', async () => {
    const write = put({ balance: 40 })
    await stubbed().send([write])
    expect(write).toEqual(put({ balance: 40 }))
  })

  test('that have no place in DynamoDB are reported with the cause', async () => {
    await expect(stubbed().send([put({ when: new Date(0) })])).rejects.toMatchObject({
      message: 'commit: writes[0].Put.Item.when cannot be stored in DynamoDB; see the cause.',
      cause: expect.any(Error),
    })
  })
})

describe('commit that DynamoDB cancels', () => {
  const write: TransactionWrite = { Put: { TableName: 'wallets', Item: { id: 'wallet' } } }
  const cancelledBy = (...codes: string[]) => {
    const client = new DynamoDBClient({ region: 'us-east-1' })
    const mock = mockClient(client)
    const CancellationReasons = codes.map((Code) => ({ Code }))
    mock
      .on(TransactWriteItemsCommand)
      .rejects(new TransactionCanceledException({ message: 'cancelled', CancellationReasons, $metadata: {} }))
    return commitOf(dynamoDbStore('claims', { client }))(aClaim(), aCommit(), [write], limits)
  }

  test.each([
    ['TransactionConflict', 'None'],
    ['None', 'TransactionConflict'],
    ['ThrottlingError', 'None'],
    ['None', 'ProvisionedThroughputExceeded'],
    ['ConditionalCheckFailed', 'TransactionConflict'],
  ])('for %s and %s may be tried again', async (...codes) => {
    await expect(cancelledBy(...codes)).rejects.toMatchObject({
      name: 'StoreUnavailableError',
      retryable: true,
      message: `DynamoDB canceled the transaction on table "claims": ${codes.join(', ')}.`,
    })
  })

  test.each([
    ['TransactionConflict', 'ConditionalCheckFailed'],
    ['ConditionalCheckFailed', 'ConditionalCheckFailed'],
  ])('for %s and %s is refused for the claim', async (...codes) => {
    expect(await cancelledBy(...codes)).toMatchObject({ kind: 'refused', record: undefined })
  })

  test('for what is wrong with the record is not tried again', async () => {
    const told = cancelledBy('None', 'ValidationError')
    await expect(told).rejects.toMatchObject({ name: 'StoreUnavailableError', retryable: false })
  })

  test.each(['ConditionalCheckFailed', 'ItemCollectionSizeLimitExceeded', 'ValidationError'])(
    'for %s of a write rejects with that reason only',
    async (code) => {
      await expect(cancelledBy(code, 'None')).rejects.toMatchObject({
        name: 'TransactionCanceledException',
        CancellationReasons: [{ Code: code }],
      })
    },
  )

  test('with reasons for the writes only rejects with them', async () => {
    await expect(cancelledBy('ConditionalCheckFailed')).rejects.toMatchObject({
      name: 'TransactionCanceledException',
      CancellationReasons: [{ Code: 'ConditionalCheckFailed' }],
    })
  })

  test('while the same token is in progress may be tried again', async () => {
    const client = new DynamoDBClient({ region: 'us-east-1' })
    mockClient(client)
      .on(TransactWriteItemsCommand)
      .rejects(new TransactionInProgressException({ message: 'in progress', $metadata: {} }))
    const commit = commitOf(dynamoDbStore('claims', { client }))
    await expect(commit(aClaim(), aCommit(), [], limits)).rejects.toMatchObject({ retryable: true })
  })

  test('is sent as one command, the completion last, with the token of the completion', async () => {
    const client = new DynamoDBClient({ region: 'us-east-1' })
    const mock = mockClient(client)
    const completion = { ...aCompletion(), commitToken: randomUUID(), completedAtMs: T0 }
    await commitOf(dynamoDbStore('claims', { client }))(aClaim(), completion, [write, write], limits)
    const input = mock.commandCalls(TransactWriteItemsCommand).map((call) => call.args[0].input)
    expect(input).toMatchObject([
      {
        ClientRequestToken: completion.commitToken,
        TransactItems: [
          { Put: { TableName: 'wallets' } },
          { Put: { TableName: 'wallets' } },
          { Update: { TableName: 'claims', ReturnValuesOnConditionCheckFailure: 'ALL_OLD' } },
        ],
      },
    ])
  })
})
