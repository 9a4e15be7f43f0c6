import { randomUUID } from 'node:crypto'
import { type AttributeValue, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb'
import { describe, expect, test } from 'vitest'
import type { InFlightRecord } from '../../../packages/oncekey/src/protocol/record.ts'
import type { StoredResult } from '../../../packages/oncekey/src/protocol/result.ts'
import type { Store } from '../../../packages/oncekey/src/protocol/store.ts'
import { dynamoDbStore } from '../../../packages/oncekey/src/stores/dynamodb/index.ts'
import { openMap } from '../../../packages/oncekey/src/stores/dynamodb/open-map.ts'
import { createTable } from '../../support/tables.ts'
import { aClaim, aCompletion, jsonResult, limits } from '../records.ts'

type Item = Record<string, AttributeValue>

const inChunks: StoredResult = { ...jsonResult, body: { chunks: 2, ref: 'owner#name' } }
const unavailable: StoredResult = { kind: 'unavailable', reason: 'it is not JSON', status: 201 }

/** The records that are damaged below: between them, they have every attribute. */
const records: Record<string, (store: Store, claim: InFlightRecord) => Promise<unknown>> = {
  'in-flight': (store, claim) => store.saveStep(claim, 'charge', jsonResult, limits),
  completed: (store, claim) => store.complete(claim, aCompletion({ commitToken: 'a-token' }), limits),
  'completed in chunks': (store, claim) => store.complete(claim, aCompletion({ result: inChunks }), limits),
  'completed without a result': (store, claim) =>
    store.complete(claim, aCompletion({ result: unavailable }), limits),
}

/** What may be absent. */
const OPTIONAL = ['commitToken', 'result.status']
/** Values of the right type that no release writes. */
const GARBAGE: Record<string, readonly AttributeValue[]> = {
  v: [{ N: '0' }, { N: '2' }],
  status: [{ S: 'done' }, { S: '' }],
  owner: [{ S: '' }],
  attempt: [{ N: '0' }, { N: '-1' }, { N: '1.5' }],
  fingerprint: [{ S: '' }, { S: 'Jcs:abc' }, { S: 'jcs:' }, { S: 'jcs:a b' }, { S: 'jcs:abc:def' }],
  leaseUntilMs: [{ N: '-1' }, { N: '0.5' }, { N: '9007199254740993' }],
  createdAtMs: [{ N: '-1' }, { N: '0.5' }],
  completedAtMs: [{ N: '-1' }, { N: '0.5' }],
  expiresAtMs: [{ N: '-1' }, { N: '0.5' }],
  expiresAt: [{ N: '-1' }, { N: '0.5' }],
  onCrash: [{ S: 'retry' }],
  commitToken: [{ S: '' }],
  kind: [{ S: 'xml' }],
  encoding: [{ S: 'gzip' }],
  checksum: [{ S: '' }],
  sizeBytes: [{ N: '-1' }, { N: '0.5' }],
  chunks: [{ N: '0' }, { N: '1.5' }, { N: '1000000' }],
  ref: [{ S: '' }],
}
const WRONG_TYPES: readonly AttributeValue[] = [
  { NULL: true },
  { BOOL: true },
  { S: '1' },
  { N: '1' },
  { B: Uint8Array.of(1) },
  { L: [] },
  { SS: ['1'] },
]

async function setUp(kind: string) {
  const { name, client } = await createTable()
  const store = dynamoDbStore(name, { client })
  const claim = aClaim()
  await store.insert(claim, limits)
  await records[kind]?.(store, claim)
  const read = async (id = claim.id): Promise<Item> => {
    const Key = { id: { S: id } }
    return (await client.send(new GetItemCommand({ TableName: name, Key, ConsistentRead: true }))).Item ?? {}
  }
  const write = (Item: Item) => client.send(new PutItemCommand({ TableName: name, Item }))
  return { store, claim, read, write }
}

/** The item with one attribute, also of an inner map, put or removed. */
function withAttribute(item: Item, [name = '', ...inner]: readonly string[], value?: AttributeValue): Item {
  const { [name]: old, ...others } = item
  if (inner.length > 0) return { ...others, [name]: { M: withAttribute(old?.M ?? {}, inner, value) } }
  return value === undefined ? others : { ...others, [name]: value }
}

function pathsIn(item: Item): string[][] {
  return Object.entries(item).flatMap(([name, { M }]) => [
    [name],
    ...(M === undefined ? [] : pathsIn(M).map((inner) => [name, ...inner])),
  ])
}

function typeOf(value: AttributeValue | undefined): string {
  return Object.keys(value ?? {}).join()
}

/** The item with each of its attributes gone, of every other type and garbage, and with one too many in each map. */
function damagesOf(whole: Item): { path: string; item: Item }[] {
  const paths = pathsIn(whole)
  const valueAt = (path: string[]) =>
    path.reduce<AttributeValue | undefined>((map, name) => map?.M?.[name], { M: whole })
  const worse = paths
    // Another key is another record, and a run may have saved no steps.
    .filter((path) => path.join() !== 'id' && path.join() !== 'steps,charge')
    .flatMap((path) => {
      const wrong = WRONG_TYPES.filter((other) => typeOf(other) !== typeOf(valueAt(path)))
      const removed = OPTIONAL.includes(path.join('.')) ? [] : [undefined]
      return [...removed, ...wrong, ...(GARBAGE[path.at(-1) ?? ''] ?? [])].map((value) => ({ path, value }))
    })
  const added = [[], ...paths.filter((path) => valueAt(path)?.M)].map((path) => ({
    path: [...path, 'something'],
    value: { S: 'foreign' },
  }))
  return [...worse, ...added].map(({ path, value }) => ({
    path: path.join('.'),
    item: withAttribute(whole, path, value),
  }))
}

test.each(Object.keys(records))(
  'a damaged record, %s, is told to be unreadable whatever is damaged, and left as it is',
  async (kind) => {
    const { store, claim, read, write } = await setUp(kind)
    const damages = damagesOf(await read())
    expect(damages.length).toBeGreaterThan(100)

    const told = await Promise.all(
      damages.map(async ({ path, item }, n) => {
        const id = `${claim.id}-${n}`
        const damaged = { ...item, id: { S: id } }
        await write(damaged)
        const error = await store.insert(aClaim({ id }), limits).catch((thrown: Error) => thrown)
        return { path, error, left: await read(id), damaged }
      }),
    )
    for (const { path, error, left, damaged } of told) {
      expect({ path, error, left }).toEqual({
        path,
        error: expect.objectContaining({ name: 'RecordUnreadableError', id: damaged.id.S }),
        left: damaged,
      })
    }
  },
  60_000,
)

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
  ])('leaves a record alone that is %s', async (_what, damage) => {
    const { store, claim, read, write: put } = await setUp('in-flight')
    const item = { ...(await read()), ...damage }
    await put(item)
    await expect(write(store, claim)).rejects.toMatchObject({ name: 'RecordUnreadableError' })
    expect(await read()).toEqual(item)
  })
})

describe('a record', () => {
  test('of a newer format is refused with the mend', async () => {
    const { store, claim, read, write } = await setUp('in-flight')
    await write({ ...(await read()), v: { N: '2' }, status: { S: 'of the future' } })
    await expect(store.read(claim.id, limits)).rejects.toThrow(
      'format version 2 is newer than 1; update oncekey',
    )
  })

  test.each(['result', 'completedAtMs', 'commitToken'])('in flight with %s is unreadable', async (name) => {
    const { store, claim, read, write } = await setUp('in-flight')
    const done = await setUp('completed')
    const attribute = (await done.read())[name]
    await write({ ...(await read()), ...(attribute && { [name]: attribute }) })
    await expect(store.read(claim.id, limits)).rejects.toThrow(`expected attribute "${name}" to be absent`)
  })

  test.each<[string, string, readonly string[], AttributeValue | undefined, string]>([
    ['in-flight', 'an owner', ['owner'], { N: '1' }, '"owner" to be a string like /./s'],
    [
      'in-flight',
      'an attempt',
      ['attempt'],
      undefined,
      '"attempt" to be an integer from 1 to 9007199254740991',
    ],
    ['in-flight', 'its steps', ['steps'], undefined, '"steps" to be a map'],
    ['in-flight', 'a step', ['steps', 'charge'], { S: 'text' }, '"steps.charge" to be a map'],
    [
      'completed',
      'an encoding',
      ['result', 'encoding'],
      { S: 'gzip' },
      '"result.encoding" to be identity or br',
    ],
    ['completed', 'bytes', ['result', 'bytes'], { S: 'text' }, '"result.bytes" to be bytes'],
    ['completed', 'an attribute more', ['result', 'more'], { S: 'text' }, '"result.more" to be absent'],
  ])('%s that is damaged in %s is told by what was expected there', async (kind, _, path, value, told) => {
    const { store, claim, read, write } = await setUp(kind)
    await write(withAttribute(await read(), path, value))
    await expect(store.read(claim.id, limits)).rejects.toThrow(`: expected attribute ${told}.`)
  })

  test('completed with steps is unreadable', async () => {
    const { store, claim, read, write } = await setUp('completed')
    await write({ ...(await read()), steps: { M: {} } })
    await expect(store.read(claim.id, limits)).rejects.toThrow('expected attribute "steps" to be absent')
  })

  test('completed with a lease is unreadable', async () => {
    const { store, claim, read, write } = await setUp('completed')
    await write({ ...(await read()), leaseUntilMs: { N: '1' } })
    await expect(store.read(claim.id, limits)).rejects.toThrow(
      'expected attribute "leaseUntilMs" to be an integer from 0 to 0',
    )
  })

  test('that an operator lets expire early is readable', async () => {
    const { store, claim, read, write } = await setUp('completed')
    await write({ ...(await read()), expiresAtMs: { N: '0' }, expiresAt: { N: '0' } })
    expect(await store.read(claim.id, limits)).toMatchObject({
      record: { status: 'completed', expiresAtMs: 0 },
    })
  })

  test('is told by its id and by what is wrong, never by its contents', async () => {
    const { store, claim, read, write } = await setUp('completed')
    await write({ ...(await read()), onCrash: { S: 'a-secret' } })
    await expect(store.read(claim.id, limits)).rejects.toThrow(
      `Record "${claim.id}" cannot be read: expected attribute "onCrash" to be rerun or refuse. It was left as it is: look at it before you remove it.`,
    )
  })
})

test('bytes that are asked for and are not there are missing', () => {
  const result = openMap('payments#1', { kind: { S: 'json' } }, 'result')
  expect(() => result.bytes('bytes')).toThrow('expected attribute "result.bytes" to be bytes')
})
