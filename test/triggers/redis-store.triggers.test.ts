import { createClient } from '@redis/client'
import { Redis } from 'ioredis'
import { Redis as Valkey } from 'iovalkey'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { RecordUnreadableError, StoreUnavailableError } from '../../packages/oncekey/src/protocol/errors.ts'
import type { InFlightRecord } from '../../packages/oncekey/src/protocol/record.ts'
import { encodeResult } from '../../packages/oncekey/src/protocol/result.ts'
import type { Store } from '../../packages/oncekey/src/protocol/store.ts'
import { runOnce } from '../../packages/oncekey/src/run-once.ts'
import { type RedisClient, redisStore } from '../../packages/oncekey/src/stores/redis/redis-store.ts'
import { describeStoreContract } from '../stores/contract.ts'
import { type RedisServer, startRedisServer } from './redis-server.ts'

const limits = { timeoutMs: 5_000 }

let server: RedisServer
let admin: Awaited<ReturnType<typeof connect>>
const connect = () =>
  createClient({ url: server.url })
    .on('error', () => undefined)
    .connect()
const closing: (() => void)[] = []

beforeAll(async () => {
  server = await startRedisServer()
  admin = await connect()
})
afterAll(async () => {
  for (const close of closing) close()
  admin.destroy()
  await server.stop()
})
beforeEach(async () => {
  await admin.flushAll()
})

const clients: Readonly<Record<string, () => Promise<RedisClient>>> = {
  async redis() {
    const client = await connect()
    closing.push(() => client.destroy())
    return client
  },
  async ioredis() {
    const client = new Redis(server.port, '127.0.0.1')
    closing.push(() => client.disconnect())
    return client
  },
  async iovalkey() {
    const client = new Valkey(server.port, '127.0.0.1')
    closing.push(() => client.disconnect())
    return client
  },
}

const claim = (id: string, owner = 'owner-1', facts: Partial<InFlightRecord> = {}): InFlightRecord => {
  const nowMs = Date.now()
  return {
    id,
    status: 'in-flight',
    owner,
    attempt: 1,
    fingerprint: 'json:f',
    leaseUntilMs: nowMs + 60_000,
    createdAtMs: nowMs,
    expiresAtMs: nowMs + 3_600_000,
    onCrash: 'rerun',
    steps: new Map(),
    ...facts,
  }
}

async function resultOf(value: unknown) {
  const encoded = await encodeResult({ value })
  if (encoded.kind !== 'json') return encoded
  const { bytes, json: _, ...facts } = encoded
  return { ...facts, body: { bytes } }
}

describe.each(Object.entries(clients).map(([name, open]) => ({ name, open })))(
  'the Redis store, with a client of $name',
  ({ name, open }) => {
    describeStoreContract(`Redis by ${name}`, async () => redisStore(await open()))

    let store: Store
    beforeEach(async () => {
      store = redisStore(await open())
    })

    it('runs a function once and answers its repeats', async () => {
      let runs = 0
      const charge = () =>
        runOnce(
          store,
          { service: 'pay', name: 'charge', key: 'order-1', inFlight: { waitMs: 5_000 } },
          () => {
            runs += 1
            return { amount: 100, note: '€ ☃ \u0000' }
          },
        )

      const receipt = { amount: 100, note: '€ ☃ \u0000' }
      expect(await Promise.all([charge(), charge()])).toEqual([receipt, receipt])
      expect(await charge()).toEqual(receipt)
      expect(runs).toBe(1)
    })

    it('gives back what was stored, byte for byte: steps, large results and all', async () => {
      const record = claim('r#1')
      const small = await resultOf({ a: 1 })
      const large = await resultOf(Array.from({ length: 50_000 }, (_, i) => Math.sin(i)))
      await store.insert(record, limits)
      await store.saveStep(record, 'charge', small, limits)
      const read = await store.read('r#1', limits)
      expect(read.record).toMatchObject({ ...record, steps: new Map([['charge', small]]) })

      const completion = { result: large, completedAtMs: Date.now(), expiresAtMs: Date.now() + 3_600_000 }
      await store.complete(record, completion, limits)
      const { record: completed } = await store.read('r#1', limits)
      expect(completed).toMatchObject({ status: 'completed', leaseUntilMs: 0, ...completion })
      expect(completed).not.toHaveProperty('steps')
    })

    it('loads its script anew when the server has forgotten it', async () => {
      await store.insert(claim('r#1'), limits)
      await admin.scriptFlush()
      expect(await store.insert(claim('r#1', 'owner-2'), limits)).toMatchObject({ kind: 'refused' })
    })

    it('gives up when the server does not answer in time', async () => {
      await admin.clientPause(400, 'ALL')
      const asked = store.insert(claim('r#1'), { timeoutMs: 50 })
      await expect(asked).rejects.toThrow(StoreUnavailableError)
      await expect(asked).rejects.toMatchObject({ retryable: true })
    })
  },
)

describe('the Redis store', () => {
  let store: Store
  beforeEach(async () => {
    store = redisStore(admin)
  })

  it("tells the server's own time with each answer", async () => {
    const [seconds] = await admin.time()
    const { nowMs } = await store
      .insert(claim('r#1'), limits)
      .then((answer) => ('nowMs' in answer ? answer : { nowMs: 0 }))
    expect(Math.abs(nowMs - Number(seconds) * 1000)).toBeLessThan(5_000)
  })

  it('lets one of many claims at once through', async () => {
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, i) => store.insert(claim('r#1', `owner-${i}`), limits)),
    )
    expect(answers.filter(({ kind }) => kind === 'written')).toHaveLength(1)
  })

  it('lets one of many takeovers of the same record through', async () => {
    const seen = claim('r#1')
    await store.insert(seen, limits)
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, i) =>
        store.takeover(claim('r#1', `successor-${i}`, { attempt: 2 }), seen, limits),
      ),
    )
    expect(answers.filter(({ kind }) => kind === 'written')).toHaveLength(1)
  })

  it('lets Redis delete a record once it has expired, and not before', async () => {
    const record = claim('r#1')
    await store.insert(record, limits)
    expect(await admin.pExpireTime('oncekey:r#1')).toBeGreaterThan(record.expiresAtMs)

    const expiresAtMs = record.expiresAtMs + 1_000_000
    await store.complete(record, { result: { kind: 'undefined' }, completedAtMs: 1, expiresAtMs }, limits)
    expect(await admin.pExpireTime('oncekey:r#1')).toBeGreaterThan(expiresAtMs)
  })

  it('keeps its keys under a prefix', async () => {
    await redisStore(admin, { prefix: 'shop:' }).insert(claim('r#1'), limits)
    expect(await admin.keys('*')).toEqual(['shop:r#1'])
  })

  it.each([
    ['of a newer format', { v: '2' }],
    ['without a format', { v: '' }],
    ['of an unknown status', { status: 'pending' }],
    ['without an owner', { owner: '' }],
    ['whose lease is no number', { leaseUntilMs: 'soon' }],
    ['whose lease is negative', { leaseUntilMs: '-1' }],
    ['whose attempt is 0', { attempt: '0' }],
    ['with an unknown crash mode', { onCrash: 'perhaps' }],
    ['with a step that is no JSON', { 'step:charge': '{' }],
    ['with a step of another kind', { 'step:charge': '{"kind":"xml"}' }],
    ['that is completed and has no result', { status: 'completed', leaseUntilMs: '0', completedAtMs: '1' }],
    [
      'that is completed and has a lease',
      { status: 'completed', completedAtMs: '1', result: '{"kind":"undefined"}' },
    ],
  ])('does not guess at a record %s, and leaves it alone', async (_what, damage) => {
    await store.insert(claim('r#1'), limits)
    for (const [field, value] of Object.entries(damage)) await admin.hSet('oncekey:r#1', field, value)
    const before = await admin.hGetAll('oncekey:r#1')

    await expect(store.read('r#1', limits)).rejects.toThrow(RecordUnreadableError)
    await expect(store.insert(claim('r#1', 'owner-2'), limits)).rejects.toThrow(RecordUnreadableError)
    expect(await admin.hGetAll('oncekey:r#1')).toEqual(before)
  })

  it('does not write over a key that holds something else', async () => {
    await admin.set('oncekey:r#1', 'a string')
    await expect(store.insert(claim('r#1'), limits)).rejects.toThrow(RecordUnreadableError)
    expect(await admin.get('oncekey:r#1')).toBe('a string')
  })

  it('says for good that it may not, when the user has no right to', async () => {
    await admin.sendCommand(['ACL', 'SETUSER', 'reader', 'on', '>secret', '~*', '+get', '+ping', '+hello'])
    const client = await createClient({ url: server.url, username: 'reader', password: 'secret' }).connect()
    closing.push(() => client.destroy())
    const asked = redisStore(client).insert(claim('r#1'), limits)
    await expect(asked).rejects.toMatchObject({ name: 'StoreUnavailableError', retryable: false })
  })

  it('has no transactions with DynamoDB, and says so', async () => {
    const asked = runOnce(store, { service: 'pay', name: 'charge', key: 'order-1' }, (attempt) =>
      attempt.commit('done', []),
    )
    await expect(asked).rejects.toThrow(/commit: this store has no transactions/)
  })

  it('refuses a client that cannot run scripts', () => {
    expect(() => redisStore({} as RedisClient)).toThrow(/redis, ioredis or iovalkey/)
  })
})
