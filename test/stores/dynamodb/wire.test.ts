import { randomUUID } from 'node:crypto'
import { setTimeout } from 'node:timers/promises'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { describe, expect, inject, test, vi } from 'vitest'
import type { DynamoDbClient, SendOptions } from '../../../packages/oncekey/src/stores/dynamodb/client.ts'
import { dynamoDbStore } from '../../../packages/oncekey/src/stores/dynamodb/index.ts'
import { within } from '../../../packages/oncekey/src/stores/dynamodb/wire.ts'
import { startFaultProxy } from '../../support/fault-proxy.ts'
import { phaseOf } from '../../support/protocol-phase.ts'
import { createClient, createTable } from '../../support/tables.ts'
import { aClaim, aCompletion, jsonResult, limits, makeCall, T0 } from '../records.ts'

const DAY_MS = 24 * 60 * 60 * 1000

async function behindProxy() {
  const proxy = await startFaultProxy(inject('dynamoDbEndpoint'), phaseOf)
  const { name } = await createTable()
  const client = createClient(proxy.endpoint)
  return { proxy, client, store: dynamoDbStore(name, { client }) }
}

describe('the time of an answer', () => {
  test('is the Date of that very reply, claimed, refused or read', async () => {
    const { proxy, store } = await behindProxy()
    await using _ = proxy
    const claim = aClaim()
    const seen = { owner: claim.owner, leaseUntilMs: claim.leaseUntilMs }
    const taken = { ...claim, owner: 'successor' }
    const committed = { ...aCompletion(), commitToken: randomUUID() }
    const asks = [
      () => store.insert(claim, limits),
      () => store.insert(claim, limits),
      () => store.takeover(taken, seen, limits),
      () => store.saveStep(claim, 'charge', jsonResult, limits),
      () => store.release(claim, limits),
      () => store.commit?.(claim, committed, [], limits),
      () => store.read(claim.id, limits),
    ]
    for (const [n, ask] of asks.entries()) {
      proxy.dateSkewMs = (n + 1) * DAY_MS
      const beganAtMs = Date.now()
      const nowMs = (await ask()) ?? { nowMs: Number.NaN }
      const skewMs = ('nowMs' in nowMs ? nowMs.nowMs : Number.NaN) - proxy.dateSkewMs
      expect(skewMs).toBeGreaterThan(beganAtMs - 1_000)
      expect(skewMs).toBeLessThanOrEqual(Date.now())
    }
  })

  test('is seen next to the wire, whatever a middleware of the client makes of the reply', async () => {
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
      send(_command: unknown, { abortSignal }: SendOptions) {
        given = abortSignal
        return new Promise<never>(() => undefined)
      },
    }
    const store = dynamoDbStore('claims', { client })
    await expect(store.insert(aClaim(), { timeoutMs: 50 })).rejects.toMatchObject({
      retryable: true,
      message: expect.stringContaining('within 50 ms (TimeoutError)'),
      cause: { message: 'The time for this call is over.' },
    })
    expect(given).toMatchObject({ aborted: true })
  })

  test('whose time is over between two requests fails at the second, and nowhere else', async () => {
    const unhandled = vi.fn()
    process.on('unhandledRejection', unhandled)
    try {
      const call = within(1, async ({ expired }) => {
        await setTimeout(50)
        return expired
      })
      await expect(call).rejects.toThrow('The time for this call is over.')
      expect(unhandled).not.toHaveBeenCalled()
    } finally {
      process.off('unhandledRejection', unhandled)
    }
  })

  test('leaves no timer behind', async () => {
    const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
    const before = timers()
    await within(60_000, () => Promise.resolve())
    await expect(within(60_000, () => Promise.reject(new Error('refused')))).rejects.toThrow('refused')
    expect(timers()).toBe(before)
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
  const room = { name: 'result', inlineBytes: 0, expiresAtMs: T0 }
  await store.insert(claim, limits)
  await store.insert(claim, limits)
  await store.saveStep(claim, 'charge', jsonResult, limits)
  await store.spill(claim, Buffer.alloc(3_000), room, makeCall)
  const body = await store.spill(claim, Buffer.alloc(1_000_000), room, makeCall)
  await store.complete(claim, aCompletion(), limits)
  await store.load(claim.id, body, limits)
  await store.load(claim.id, { bytes: Buffer.alloc(1) }, limits)
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
