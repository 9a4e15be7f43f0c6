import { randomBytes } from 'node:crypto'
import {
  type AttributeValue,
  DeleteItemCommand,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  ScanCommand,
} from '@aws-sdk/client-dynamodb'
import { mockClient } from 'aws-sdk-client-mock'
import { describe, expect, test } from 'vitest'
import type { InFlightRecord } from '../../../packages/oncekey/src/core/record.ts'
import { joinChunks, type StoredResult } from '../../../packages/oncekey/src/core/result.ts'
import type { MakeCall, Store } from '../../../packages/oncekey/src/core/store.ts'
import { dynamoDbStore } from '../../../packages/oncekey/src/stores/dynamodb/store.ts'
import {
  aClaim,
  limits,
  makeCall,
  results,
  T0,
} from '../../../packages/oncekey/src/testing/contract/records.ts'
import { createTable } from '../../support/tables.ts'

const DAY_MS = 24 * 60 * 60 * 1000
const INLINE_LIMIT_BYTES = 3_072

async function setUp() {
  const { name, client } = await createTable()
  const scan = async () => (await client.send(new ScanCommand({ TableName: name }))).Items ?? []
  return { name, client, scan, claim: aClaim(), store: dynamoDbStore(name, { client }) }
}

const compressed = (bytes: Uint8Array) => ({ kind: 'compressed', bytes, sizeBytes: 5_000_000 }) as const
const facts = { name: 'result', inlineBytes: 0, expiresAtMs: T0 + 1 }

function offload(
  store: Store,
  claim: InFlightRecord,
  bytes: Uint8Array,
  call = makeCall,
): Promise<StoredResult> {
  return store.offload(claim, { ...facts, result: compressed(bytes) }, call)
}

function expectChunked(result: StoredResult): Extract<StoredResult, { kind: 'chunked' }> {
  if (result.kind === 'chunked') return result
  throw new Error(`expected a result in chunks, got ${result.kind}`)
}
const numberOf = (item: Record<string, AttributeValue>): number => Number(item.id?.S?.split('#').at(-1))

describe('offload', () => {
  test('leaves in the record what fits beside what it holds already, to the byte', async () => {
    const { claim, store } = await setUp()
    const json = (sizeBytes: number) => ({ kind: 'json', json: `${'x'.repeat(sizeBytes - 2)}é` }) as const
    const kinds = await Promise.all(
      [
        [INLINE_LIMIT_BYTES, 0],
        [INLINE_LIMIT_BYTES + 1, 0],
        [1_000, INLINE_LIMIT_BYTES - 1_000],
        [1_001, INLINE_LIMIT_BYTES - 1_000],
      ].flatMap(([size = 0, inlineBytes = 0]) =>
        [json(size), compressed(Buffer.alloc(size))].map(async (result) => {
          const { kind } = await store.offload(claim, { ...facts, inlineBytes, result }, makeCall)
          return kind
        }),
      ),
    )
    const [inline, moved] = [
      ['json', 'compressed'],
      ['chunked', 'chunked'],
    ]
    expect(kinds).toEqual([inline, moved, inline, moved].flat())
  })

  test('writes nothing for what stays in the record', async () => {
    const { claim, scan, store } = await setUp()
    await offload(store, claim, Buffer.alloc(INLINE_LIMIT_BYTES))
    expect(await scan()).toEqual([])
  })

  test('writes items that outlive the record by a day, in parts that DynamoDB takes', async () => {
    const { claim, scan, store } = await setUp()
    const bytes = randomBytes(1_000_000)
    const result = expectChunked(await offload(store, claim, bytes))
    const items = (await scan()).sort((one, other) => numberOf(one) - numberOf(other))
    expect(result).toEqual({
      kind: 'chunked',
      encoding: 'br',
      chunks: 3,
      ref: expect.stringMatching(`^${claim.owner}#[\\w-]{22}$`),
      sizeBytes: 5_000_000,
      checksum: expect.any(String),
    })
    expect(items.map(({ bytes: _, ...attributes }) => attributes)).toEqual(
      [0, 1, 2].map((n) => ({
        id: { S: `${claim.id}#${result.ref}#${n}` },
        v: { N: '1' },
        expiresAt: { N: `${Math.ceil((T0 + 1 + DAY_MS) / 1000)}` },
      })),
    )
    expect(bytes.equals(Buffer.concat(items.map((item) => item.bytes?.B ?? Buffer.of())))).toBe(true)
  })

  test('says of JSON that is not compressed what it takes to read it back', async () => {
    const { claim, store } = await setUp()
    const json = JSON.stringify('é'.repeat(500_000))
    const request = { ...facts, result: { kind: 'json', json } } as const
    const result = expectChunked(await store.offload(claim, request, makeCall))
    expect(result).toMatchObject({ encoding: 'identity', chunks: 3, sizeBytes: 1_000_002 })
    expect(await joinChunks(result, await store.load(claim.id, result, limits))).toEqual({ json })
  })

  test('again writes the same items', async () => {
    const { claim, scan, store } = await setUp()
    const bytes = randomBytes(1_000_000)
    const result = await offload(store, claim, bytes)
    expect(await offload(store, claim, bytes)).toEqual(result)
    expect(await scan()).toHaveLength(3)
  })

  describe('of many parts', () => {
    const largest = Buffer.alloc(6 * 1024 * 1024)
    const turn = () => new Promise((resolve) => setImmediate(resolve))
    const stubbed = () => {
      const client = new DynamoDBClient({ region: 'us-east-1' })
      return { mock: mockClient(client), store: dynamoDbStore('claims', { client }) }
    }

    test('has at most four of them on their way at once', async () => {
      const { mock, store } = stubbed()
      let atOnce = 0
      let most = 0
      mock.on(PutItemCommand).callsFake(async () => {
        atOnce += 1
        most = Math.max(most, atOnce)
        await turn()
        atOnce -= 1
      })
      await offload(store, aClaim(), largest)
      expect(most).toBe(4)
      expect(mock.calls()).toHaveLength(17)
    })

    test('writes again only the one that failed', async () => {
      const { mock, store } = stubbed()
      mock.on(PutItemCommand).callsFake(() => {
        if (mock.calls().length === 3) throw Object.assign(new Error('down'), { name: 'InternalServerError' })
      })
      const again: MakeCall = (call) => call(limits).catch(() => call(limits))
      await offload(store, aClaim(), largest, again)
      expect(mock.calls()).toHaveLength(18)
    })

    test('begins no other once one has failed, and has ended those under way when it ends', async () => {
      const { mock, store } = stubbed()
      let underWay = 0
      mock.on(PutItemCommand).callsFake(async () => {
        if (mock.calls().length === 2) throw Object.assign(new Error('down'), { name: 'InternalServerError' })
        underWay += 1
        for (let turns = 0; turns < 5; turns += 1) await turn()
        underWay -= 1
      })
      await expect(offload(store, aClaim(), largest)).rejects.toMatchObject({
        retryable: true,
      })
      expect(underWay).toBe(0)
      for (let turns = 0; turns < 20; turns += 1) await turn()
      expect(mock.calls()).toHaveLength(4)
    })
  })
})

describe('load', () => {
  const offloaded = async () => {
    const set = await setUp()
    const result = expectChunked(await offload(set.store, set.claim, randomBytes(1_000_000)))
    const second = (await set.scan()).find((item) => numberOf(item) === 1) ?? {}
    const put = (Item: Record<string, AttributeValue>) =>
      set.client.send(new PutItemCommand({ TableName: set.name, Item }))
    return { ...set, result, second, put }
  }
  const unreadable = (id: string) => ({
    name: 'RecordUnreadableError',
    id,
    message: expect.stringContaining('chunk 2 of 3 of its result is missing or damaged'),
  })

  test('of chunks of which one is gone says that the record is unreadable', async () => {
    const { claim, client, name, store, result, second } = await offloaded()
    const Key = { id: second.id ?? { S: '' } }
    await client.send(new DeleteItemCommand({ TableName: name, Key }))
    await expect(store.load(claim.id, result, limits)).rejects.toMatchObject(unreadable(claim.id))
  })

  test.each<[string, Record<string, AttributeValue>]>([
    ['of another type', { bytes: { S: 'text' } }],
    ['of a newer format', { v: { N: '2' } }],
    ['of a version of another type', { v: { S: '1' } }],
  ])('of chunks of which one is %s says that the record is unreadable', async (_, damage) => {
    const { claim, store, result, second, put } = await offloaded()
    await put({ ...second, ...damage })
    await expect(store.load(claim.id, result, limits)).rejects.toMatchObject(unreadable(claim.id))
  })

  test.each(['bytes', 'v'])('of chunks of which one has no %s says that it is unreadable', async (name) => {
    const { claim, store, result, second, put } = await offloaded()
    await put(Object.fromEntries(Object.entries(second).filter(([attribute]) => attribute !== name)))
    await expect(store.load(claim.id, result, limits)).rejects.toMatchObject(unreadable(claim.id))
  })

  test('from a stub that answers with nothing says that the record is unreadable', async () => {
    const client = new DynamoDBClient({ region: 'us-east-1' })
    mockClient(client)
    const loading = dynamoDbStore('claims', { client }).load('a', { ...results.chunked, chunks: 1 }, limits)
    await expect(loading).rejects.toMatchObject({ name: 'RecordUnreadableError', id: 'a' })
  })

  test('sees every write that was answered before', async () => {
    const client = new DynamoDBClient({ region: 'us-east-1' })
    const mock = mockClient(client)
    mock.on(GetItemCommand).resolves({ Item: { v: { N: '1' }, bytes: { B: Uint8Array.of(7) } } })
    const bytes = await dynamoDbStore('claims', { client }).load(
      'a',
      { ...results.chunked, ref: 'ref' },
      limits,
    )
    expect([...bytes]).toEqual([7, 7])
    const reads = mock.commandCalls(GetItemCommand).map((call) => call.args[0].input)
    expect(reads).toEqual(
      ['a#ref#0', 'a#ref#1'].map((id) => ({
        TableName: 'claims',
        Key: { id: { S: id } },
        ConsistentRead: true,
      })),
    )
  })
})
