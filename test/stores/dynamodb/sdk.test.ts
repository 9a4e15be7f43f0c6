import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import { setImmediate, setTimeout } from 'node:timers/promises'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { describe, expect, inject, test } from 'vitest'
import { createSdkTransport } from '../../../packages/oncekey/src/stores/dynamodb/sdk.ts'
import { dynamoDbStore } from '../../../packages/oncekey/src/stores/dynamodb/store.ts'
import type { DynamoDbClient } from '../../../packages/oncekey/src/stores/dynamodb/transport.ts'
import {
  aClaim,
  aCompletion,
  jsonResult,
  limits,
  makeCall,
  T0,
} from '../../../packages/oncekey/src/testing/contract/records.ts'
import { startFaultProxy } from '../../support/fault-proxy.ts'
import { close, listen } from '../../support/loopback.ts'
import { phaseOf } from '../../support/protocol-phase.ts'
import { createClient, createTable } from '../../support/tables.ts'

const DAY_MS = 24 * 60 * 60 * 1000

async function behindProxy() {
  const proxy = await startFaultProxy(inject('dynamoDbEndpoint'), phaseOf)
  const { name } = await createTable()
  const client = createClient(proxy.endpoint)
  return { proxy, client, store: dynamoDbStore(name, { client }) }
}

describe('the time of a reply', () => {
  test('is the Date of that very reply, claimed, refused or read', async () => {
    const { proxy, store } = await behindProxy()
    await using _ = proxy
    const claim = aClaim()
    const seen = { owner: claim.owner, leaseUntilMs: claim.leaseUntilMs }
    const taken = { ...claim, owner: 'successor' }
    const committed = { ...aCompletion(), commitToken: randomUUID() }
    const calls = [
      () => store.insert(claim, limits),
      () => store.insert(claim, limits),
      () => store.takeover(taken, seen, limits),
      () => store.saveStep(claim, 'charge', jsonResult, limits),
      () => store.release(claim, limits),
      () => store.commit?.(claim, committed, [], limits),
      () => store.read(claim.id, limits),
    ]
    for (const [n, call] of calls.entries()) {
      proxy.dateSkewMs = (n + 1) * DAY_MS
      const beganAtMs = Date.now()
      const nowMs = (await call()) ?? { nowMs: Number.NaN }
      const skewMs = ('nowMs' in nowMs ? nowMs.nowMs : Number.NaN) - proxy.dateSkewMs
      expect(skewMs).toBeGreaterThan(beganAtMs - 1_000)
      expect(skewMs).toBeLessThanOrEqual(Date.now())
    }
  })

  test('is seen next to the network, whatever a middleware of the client makes of the reply', async () => {
    const { proxy, client, store } = await behindProxy()
    await using _ = proxy
    client.middlewareStack.add((next) => async (args) => {
      const { output } = await next(args)
      return { output, response: undefined }
    })
    proxy.dateSkewMs = DAY_MS
    expect(await store.insert(aClaim(), limits)).toMatchObject({
      nowMs: expect.toSatisfy((nowMs: number) => nowMs > Date.now() + DAY_MS / 2),
    })
  })

  test('leaves the middlewares of the client alone', async () => {
    const { proxy, client, store } = await behindProxy()
    await using _ = proxy
    const before = client.middlewareStack.identify()
    await store.insert(aClaim(), limits)
    expect(client.middlewareStack.identify()).toEqual(before)
  })
})

describe('a call', () => {
  test('ends with its time, although the reply never comes', async () => {
    const { proxy, store } = await behindProxy()
    await using _ = proxy
    proxy.inject('insert', 'reply lost')
    const beganAtMs = performance.now()
    await expect(store.insert(aClaim(), { timeoutMs: 150 })).rejects.toMatchObject({
      name: 'StoreUnavailableError',
      retryable: true,
      message: expect.stringContaining('within 150 ms'),
    })
    expect(performance.now() - beganAtMs).toBeLessThan(3_000)
  })

  test('ends with its time, although the client does not listen to the signal that it was given', async () => {
    let given: AbortSignal | undefined
    const client: DynamoDbClient = {
      config: { region: 'us-east-1' },
      send(_command: unknown, { abortSignal }) {
        given = abortSignal
        return new Promise<never>(() => undefined)
      },
    }
    const store = dynamoDbStore('claims', { client })
    await expect(store.insert(aClaim(), { timeoutMs: 50 })).rejects.toMatchObject({
      retryable: true,
      message: expect.stringContaining('within 50 ms (TimeoutError)'),
      cause: { message: 'No reply within 50 ms.' },
    })
    expect(given).toMatchObject({ aborted: true })
  })

  const clientOf = (send: () => Promise<object>): DynamoDbClient => ({
    config: { region: 'us-east-1' },
    send,
  })
  const options = { timeoutMs: 60_000, expectedErrors: [] }

  test('leaves no timer behind', async () => {
    const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
    const before = timers()
    const key = { TableName: 'claims', Key: { id: { S: 'a' } } }
    await createSdkTransport(clientOf(() => Promise.resolve({})))('GetItem', key, options)
    const refused = createSdkTransport(clientOf(() => Promise.reject(new Error('refused'))))
    await expect(refused('GetItem', key, options)).rejects.toThrow('refused')
    expect(timers()).toBe(before)
  })

  test('does not time out over a reply that came while the event loop was blocked', async () => {
    const { name, client } = await createTable()
    const store = dynamoDbStore(name, { client })
    const claim = aClaim()
    await store.insert(claim, limits)
    const reading = store.read(claim.id, { timeoutMs: 100 })
    // The request leaves, and its reply comes while nothing runs here; after an immediate, timers come first.
    await setTimeout(1)
    await setImmediate()
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500)
    expect(await reading).toMatchObject({ record: claim })
  })

  test('refused without a date, by which its lease would be judged, has failed and may be tried again', async () => {
    const server = createServer((_, response) => {
      response.sendDate = false
      response
        .writeHead(400, { 'content-type': 'application/x-amz-json-1.0', 'x-amzn-requestid': 'R' })
        .end('{"__type":"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException"}')
    })
    const client = createClient(await listen(server))
    try {
      await expect(dynamoDbStore('claims', { client }).insert(aClaim(), limits)).rejects.toMatchObject({
        name: 'StoreUnavailableError',
        retryable: true,
        cause: { message: 'The reply has no date, so it is not from DynamoDB.' },
      })
    } finally {
      client.destroy()
      await close(server)
    }
  })

  test('answered by something other than DynamoDB, as by a proxy, has failed and may be tried again', async () => {
    const server = createServer((_, response) => response.end())
    const client = createClient(await listen(server))
    try {
      await expect(dynamoDbStore('claims', { client }).insert(aClaim(), limits)).rejects.toMatchObject({
        name: 'StoreUnavailableError',
        retryable: true,
        cause: { message: 'The reply has no request id, so it is not from DynamoDB.' },
      })
    } finally {
      client.destroy()
      await close(server)
    }
  })

  test('that is a transaction may take longer than the client allows a request', async () => {
    const { name, endpoint } = await createTable()
    const client = new DynamoDBClient({
      endpoint,
      region: 'us-east-1',
      credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
      requestHandler: { requestTimeout: 1, throwOnRequestTimeout: true },
      maxAttempts: 1,
    })
    const claim = aClaim()
    await dynamoDbStore(name, { client: createClient(endpoint) }).insert(claim, limits)
    const store = dynamoDbStore(name, { client })
    const completion = { ...aCompletion(), commitToken: randomUUID() }
    expect(await store.commit?.(claim, completion, [], limits)).toMatchObject({ kind: 'written' })
  })

  test('that reached the table twice is refused by itself', async () => {
    const { proxy, store } = await behindProxy()
    await using _ = proxy
    const claim = aClaim()
    // The SDK sends it again.
    proxy.inject('insert', 'reset after the write', 1)
    expect(await store.insert(claim, limits)).toMatchObject({ kind: 'refused', record: claim })
    proxy.inject('complete', '500 after the write', 1)
    const answer = await store.complete(claim, aCompletion(), limits)
    expect(answer).toMatchObject({ kind: 'refused', record: { owner: claim.owner, status: 'completed' } })
  })
})

test('every call is one round trip, and each chunk is one more', async () => {
  const { proxy, store } = await behindProxy()
  await using _ = proxy
  const claim = aClaim()
  const facts = { name: 'result', inlineBytes: 0, expiresAtMs: T0 }
  const offload = (sizeBytes: number) => {
    const result = { kind: 'compressed', bytes: Buffer.alloc(sizeBytes), sizeBytes } as const
    return store.offload(claim, { ...facts, result }, makeCall)
  }
  await store.insert(claim, limits)
  await store.insert(claim, limits)
  await store.saveStep(claim, 'charge', jsonResult, limits)
  await offload(3_000)
  const result = await offload(1_000_000)
  await store.complete(claim, aCompletion({ steps: ['charge'] }), limits)
  if (result.kind === 'chunked') await store.load(claim.id, result, limits)
  await store.read(claim.id, limits)
  expect(proxy.phases).toEqual([
    'insert',
    'insert',
    'save step',
    'write chunk',
    'write chunk',
    'write chunk',
    'complete',
    'read chunk',
    'read chunk',
    'read chunk',
    'read',
  ])
})
