import {
  ConditionalCheckFailedException,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  TransactionConflictException,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb'
import { marshall } from '@aws-sdk/util-dynamodb'
import { mockClient } from 'aws-sdk-client-mock'
import { describe, expect, test } from 'vitest'
import { StoreUnavailableError } from '../../../packages/oncekey/src/core/errors.ts'
import type { InFlightRecord } from '../../../packages/oncekey/src/core/record.ts'
import type { Store } from '../../../packages/oncekey/src/core/store.ts'
import { encodeCompletion, encodeRecord } from '../../../packages/oncekey/src/stores/codec.ts'
import { dynamoDbStore } from '../../../packages/oncekey/src/stores/dynamodb/store.ts'
import {
  aClaim,
  aCompletion,
  jsonResult,
  limits,
  makeCall,
  results,
  T0,
} from '../../../packages/oncekey/src/testing/contract/records.ts'

function setUp(region: string | (() => Promise<string>) = 'eu-central-1') {
  const client = new DynamoDBClient({ region })
  const mock = mockClient(client)
  return { mock, store: dynamoDbStore('claims', { client }) }
}

/** As another copy of the SDK throws it: known by its name only. */
function sdkError(name: string, httpStatusCode = 400): Error {
  return Object.assign(new Error('a-secret'), { name, $metadata: { httpStatusCode } })
}

const networkError = (code: string): Error => Object.assign(new Error('a-secret'), { code })

const calls: Record<string, (store: Store, claim: InFlightRecord) => Promise<unknown> | undefined> = {
  insert: (store, claim) => store.insert(claim, limits),
  replace: (store, claim) => store.replace(claim, { owner: 'other', leaseUntilMs: 1 }, limits),
  takeover: (store, claim) => store.takeover(claim, { owner: 'other', leaseUntilMs: 1 }, limits),
  complete: (store, claim) => store.complete(claim, aCompletion(), limits),
  release: (store, claim) => store.release(claim, limits),
  saveStep: (store, claim) => store.saveStep(claim, 'charge', jsonResult, limits),
  renew: (store, claim) =>
    store.renew(claim, { fromLeaseUntilMs: T0, leaseUntilMs: T0, expiresAtMs: T0 }, limits),
  commit: (store, claim) => store.commit?.(claim, { ...aCompletion(), commitToken: 'token' }, [], limits),
  read: (store, claim) => store.read(claim.id, limits),
  offload(store, claim) {
    const result = { kind: 'compressed', bytes: Buffer.alloc(5_000), sizeBytes: 9_000 } as const
    return store.offload(claim, { result, name: 'result', inlineBytes: 0, expiresAtMs: T0 }, makeCall)
  },
  load: (store, claim) => store.load(claim.id, { ...results.chunked, chunks: 1 }, limits),
}
const all = Object.entries(calls)
const claiming = all.filter(([name]) => ['insert', 'replace', 'takeover'].includes(name))
const owning = all.filter(([name]) => ['complete', 'release', 'saveStep', 'renew'].includes(name))

test.each([
  ['one request was throttled', 'ThrottlingException', { requestId: 'a', attempts: 1 }, true],
  [
    'one request met a partition at its limit',
    'ProvisionedThroughputExceededException',
    { requestId: 'a', attempts: 1 },
    true,
  ],
  [
    'an earlier request may have been carried out',
    'ThrottlingException',
    { requestId: 'a', attempts: 2 },
    false,
  ],
  ['the reply is not from DynamoDB', 'ThrottlingException', { attempts: 1 }, false],
  ['the server failed', 'InternalServerError', { requestId: 'a', attempts: 1 }, false],
])(
  'a claim is in doubt unless its only request was throttled: %s',
  async (_, name, $metadata, isThrottled) => {
    const { mock, store } = setUp()
    mock.on(PutItemCommand).rejects(Object.assign(new Error('a-secret'), { name, $metadata }))
    expect(await rejection(store.insert(aClaim(), limits))).toMatchObject({ retryable: true, isThrottled })
  },
)

describe.each(all)('%s', (_, call) => {
  test.each<[string, Error]>([
    ['is throttled', sdkError('ProvisionedThroughputExceededException')],
    ['exceeds the account', sdkError('RequestLimitExceeded')],
    ['meets ThrottlingException', sdkError('ThrottlingException')],
    ['meets an unknown kind of throttling', sdkError('SlowDown', 429)],
    ['meets another Region', sdkError('ReplicatedWriteConflictException')],
    ['meets a failing server', sdkError('InternalServerError', 500)],
    ['meets an unavailable server', sdkError('ServiceUnavailable', 503)],
    ['is reset', networkError('ECONNRESET')],
    ['finds no name server', networkError('EAI_AGAIN')],
    ['times out', Object.assign(new Error('a-secret'), { name: 'TimeoutError' })],
    ['gets an answer that is none', new SyntaxError('a-secret')],
    ['gets an answer that the SDK cannot read', sdkError('SyntaxError', 200)],
    ['is answered with an error of an unknown name', sdkError('SomethingNewException', 400)],
    ['is answered with 408', sdkError('RequestTimeout', 408)],
    ["is answered with a proxy's 413", sdkError('UnknownError', 413)],
    ['is answered with an aborted request', sdkError('RequestAbortedException', 400)],
  ])('may be tried again if it %s', async (_how, error) => {
    const { mock, store } = setUp()
    mock.rejects(error)
    const thrown = await rejection(call(store, aClaim()))
    expect(thrown).toMatchObject({ name: 'StoreUnavailableError', retryable: true, cause: error })
    expect(thrown.message).toMatch(/^DynamoDB \w+ on table "claims".* in eu-central-1 failed within 10000 ms/)
    expect(thrown.message).not.toContain('a-secret')
  })

  test('that is reset says so', async () => {
    const { mock, store } = setUp()
    mock.rejects(networkError('ECONNRESET'))
    await expect(call(store, aClaim())).rejects.toThrow('(ECONNRESET)')
  })

  test.each([
    'AccessDeniedException',
    'ResourceNotFoundException',
    'CredentialsProviderError',
    'ExpiredTokenException',
    'UnrecognizedClientException',
    'InvalidSignatureException',
    'IncompleteSignatureException',
    'MissingAuthenticationTokenException',
    'UnknownOperationException',
    'ItemCollectionSizeLimitExceededException',
    'NotAuthorized',
    'OptInRequired',
  ])('is refused for good by %s', async (name) => {
    const { mock, store } = setUp()
    mock.rejects(sdkError(name))
    const thrown = await rejection(call(store, aClaim()))
    expect(thrown).toMatchObject({ name: 'StoreUnavailableError', retryable: false })
    expect(thrown.message).toContain('on table "claims"')
    expect(thrown.message).toMatch(/ in eu-central-1 \(\w+\): \S/)
    expect(thrown.message).not.toContain('a-secret')
  })

  test('is refused for good without a Region', async () => {
    const { mock, store } = setUp(() => Promise.reject(new Error('Region is missing')))
    mock.rejects(new Error('Region is missing'))
    await expect(call(store, aClaim())).rejects.toMatchObject({
      retryable: false,
      message: expect.stringContaining('set AWS_REGION'),
    })
  })
})

test.each([
  ['insert', 'dynamodb:PutItem'],
  ['replace', 'dynamodb:PutItem'],
  ['takeover', 'dynamodb:UpdateItem'],
  ['complete', 'dynamodb:UpdateItem'],
  ['release', 'dynamodb:UpdateItem'],
  ['saveStep', 'dynamodb:UpdateItem'],
  ['renew', 'dynamodb:UpdateItem'],
  ['commit', 'dynamodb:UpdateItem'],
  ['read', 'dynamodb:GetItem'],
  ['offload', 'dynamodb:PutItem'],
  ['load', 'dynamodb:GetItem'],
])('%s without permission names %s', async (name, action) => {
  const { mock, store } = setUp()
  mock.rejects(sdkError('AccessDeniedException'))
  await expect(calls[name]?.(store, aClaim())).rejects.toThrow(
    `grant the function's role ${action} on this table`,
  )
})

test.each([
  ['commit', 'TransactWriteItems on table "claims" and the tables of the writes in eu-central-1'],
  ['insert', 'PutItem on table "claims" in eu-central-1'],
  ['release', 'UpdateItem on table "claims" in eu-central-1'],
  ['read', 'GetItem on table "claims" in eu-central-1'],
])('%s that fails says what it was', async (name, what) => {
  const { mock, store } = setUp()
  mock.rejects(sdkError('InternalServerError', 500))
  await expect(calls[name]?.(store, aClaim())).rejects.toMatchObject({
    message: `DynamoDB ${what} failed within 10000 ms (InternalServerError).`,
  })
})

test.each(all.filter(([name]) => name !== 'commit'))(
  '%s that is no request of DynamoDB’s is refused for good',
  async (_, call) => {
    const { mock, store } = setUp()
    mock.rejects(sdkError('SerializationException'))
    expect(await rejection(call(store, aClaim()))).toMatchObject({ retryable: false })
  },
)

test.each([
  ['ValidationException', 'a-secret'],
  ['InternalServerError', 'Item size to update has exceeded the maximum allowed size'],
])('%s with the message "%s" is not taken for a record that is too large', async (name, message) => {
  const { mock, store } = setUp()
  mock.rejects(Object.assign(new Error(message), { name, $metadata: { httpStatusCode: 400 } }))
  expect((await rejection(store.release(aClaim(), limits))).message).not.toContain('400 KB')
})

test('a takeover whose reply shows no claim is refused as unreadable', async () => {
  const { mock, store } = setUp()
  const claim = aClaim()
  const record = { ...encodeRecord(claim), ...encodeCompletion(aCompletion()) }
  mock.on(UpdateItemCommand).resolves({ Attributes: marshall(record) })
  await expect(store.takeover(claim, { owner: 'other', leaseUntilMs: 1 }, limits)).rejects.toThrow(
    'expected attribute "status" to be in-flight',
  )
})

test('a call without a Region says so, and how to set one', async () => {
  const { mock, store } = setUp(() => Promise.reject(new Error('Region is missing')))
  mock.rejects(new Error('Region is missing'))
  await expect(store.insert(aClaim(), limits)).rejects.toMatchObject({
    message:
      'DynamoDB refused PutItem on table "claims" in no Region (Error): set AWS_REGION, or pass a client with a Region.',
  })
})

const conflict = () => new TransactionConflictException({ message: 'conflict', $metadata: {} })

test.each(claiming)('%s that meets a transaction finds the record busy', async (_, call) => {
  const { mock, store } = setUp()
  mock.rejects(conflict())
  expect(await call(store, aClaim())).toEqual({ kind: 'busy' })
})

test.each(owning)('%s that meets a transaction may be tried again', async (_, call) => {
  const { mock, store } = setUp()
  mock.rejects(conflict())
  await expect(call(store, aClaim())).rejects.toMatchObject({
    name: 'StoreUnavailableError',
    retryable: true,
  })
})

describe('a stub of the SDK', () => {
  test('that answers without a Date leaves the time to the local clock', async () => {
    const { mock, store } = setUp()
    mock.on(PutItemCommand).resolves({})
    const claim = aClaim()
    const beganAtMs = Date.now()
    const answer = await store.insert(claim, limits)
    expect(answer).toEqual({ kind: 'written', nowMs: expect.any(Number), record: claim })
    expect(answer).toMatchObject({
      nowMs: expect.toSatisfy((nowMs) => nowMs >= beganAtMs && nowMs <= Date.now()),
    })
  })

  test('can refuse with an item, by the class of its own copy of the SDK', async () => {
    const { mock, store } = setUp()
    const claim = aClaim()
    mock.on(PutItemCommand).resolves({})
    await store.insert(claim, limits)
    const Item = mock.commandCalls(PutItemCommand)[0]?.args[0].input.Item
    mock
      .on(PutItemCommand)
      .rejects(
        new ConditionalCheckFailedException({ message: 'refused', $metadata: {}, ...(Item && { Item }) }),
      )
    expect(await store.insert(aClaim({ id: claim.id }), limits)).toMatchObject({
      kind: 'refused',
      record: claim,
    })
    mock.on(UpdateItemCommand).rejects(sdkError('ConditionalCheckFailedException'))
    expect(await store.complete(claim, aCompletion(), limits)).toMatchObject({
      kind: 'refused',
      record: undefined,
    })
  })

  test.each([null, 'text', undefined])('that refuses with %j for an item brings no record', async (Item) => {
    const { mock, store } = setUp()
    mock.on(PutItemCommand).rejects(Object.assign(sdkError('ConditionalCheckFailedException'), { Item }))
    expect(await store.insert(aClaim(), limits)).toMatchObject({ kind: 'refused', record: undefined })
  })

  test('cannot pass the item of one key off as that of another', async () => {
    const { mock, store } = setUp()
    await store.insert(aClaim(), limits)
    const Item = mock.commandCalls(PutItemCommand)[0]?.args[0].input.Item
    mock.on(GetItemCommand).resolves({ ...(Item && { Item }) })
    await expect(store.read('payments#1', limits)).rejects.toMatchObject({ name: 'RecordUnreadableError' })
  })

  test('that answers with nothing reads as no record', async () => {
    const { store } = setUp()
    expect(await store.read('payments#1', limits)).toMatchObject({ record: undefined })
  })

  test('sees one command for each call', async () => {
    const { mock, store } = setUp()
    await Promise.allSettled(all.map(async ([, call]) => await call(store, aClaim())))
    const commands = Object.groupBy(mock.calls(), (sent) => sent.args[0].constructor.name)
    expect(Object.fromEntries(Object.entries(commands).map(([name, sent]) => [name, sent?.length]))).toEqual({
      PutItemCommand: 3,
      UpdateItemCommand: 5,
      GetItemCommand: 2,
      TransactWriteItemsCommand: 1,
    })
  })
})

async function rejection(call: Promise<unknown> | undefined): Promise<StoreUnavailableError> {
  const thrown = await Promise.resolve(call).catch((error: unknown) => error)
  if (thrown instanceof StoreUnavailableError) return thrown
  throw new Error(`expected a StoreUnavailableError, got ${String(thrown)}`)
}
