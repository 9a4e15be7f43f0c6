import { createClient } from '@redis/client'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { InFlightError } from '../../packages/oncekey/src/core/errors.ts'
import type { Store } from '../../packages/oncekey/src/core/store.ts'
import { runOnce } from '../../packages/oncekey/src/entries/run-once.ts'
import type { RunOnceOptions } from '../../packages/oncekey/src/options.ts'
import { dynamoDbStore } from '../../packages/oncekey/src/stores/dynamodb/store.ts'
import { redisStore } from '../../packages/oncekey/src/stores/redis/redis.ts'
import { type RedisServer, startRedisServer } from '../support/redis-server.ts'
import { createTable } from '../support/tables.ts'
import { random } from './queue.ts'

let redis: RedisServer
const closing: (() => void)[] = []
beforeAll(async () => {
  redis = await startRedisServer()
})
afterAll(async () => {
  for (const close of closing) close()
  await redis.stop()
})

const stores: readonly { readonly name: string; readonly open: () => Promise<Store> }[] = [
  {
    name: 'DynamoDB Local',
    async open() {
      const { name, client } = await createTable()
      closing.push(() => client.destroy())
      return dynamoDbStore(name, { client })
    },
  },
  {
    name: 'Redis',
    async open() {
      const client = await createClient({ url: redis.url }).connect()
      closing.push(() => client.destroy())
      await client.flushAll()
      return redisStore(client)
    },
  },
]

const charge = (facts: Partial<RunOnceOptions> = {}): RunOnceOptions => ({
  service: 'pay',
  name: 'charge',
  key: 'order-1',
  ...facts,
})
const waiting = { inFlight: { waitMs: 20_000 } }
const TIMEOUT_MS = 120_000
/** Returns the store as a process sees it that is stopped while it runs: no renewal reaches the table. */
const frozen = (store: Store): Store => ({ ...store, renew: () => new Promise(() => undefined) })

describe.each(stores)('on $name', ({ open }) => {
  it('one of 100 callers at once runs, and every other gets its result', {
    timeout: TIMEOUT_MS,
  }, async () => {
    const store = await open()
    let runs = 0
    const answers = await Promise.all(
      Array.from({ length: 100 }, () => runOnce(store, charge(waiting), () => ({ run: ++runs }))),
    )
    expect(runs).toBe(1)
    expect(new Set(answers.map(({ run }) => run))).toEqual(new Set([1]))
  })

  it('runs that fail and are tried again never overlap, and no attempt has the number of another', {
    timeout: TIMEOUT_MS,
  }, async () => {
    const store = await open()
    const next = random(7)
    const attempts: number[] = []
    let running = 0
    let most = 0
    const callUntilDone = async (): Promise<number> => {
      for (;;) {
        try {
          return await runOnce(store, charge(waiting), async ({ number }) => {
            attempts.push(number)
            running += 1
            most = Math.max(most, running)
            await new Promise((resolve) => setImmediate(resolve))
            running -= 1
            if (next() < 0.8) throw new RangeError('not this time')
            return number
          })
        } catch (error) {
          if (!(error instanceof RangeError || error instanceof InFlightError)) throw error
        }
      }
    }
    const answers = await Promise.all(Array.from({ length: 20 }, callUntilDone))

    expect(most).toBe(1)
    expect(attempts).toEqual(attempts.map((_, i) => i + 1))
    expect(new Set(answers)).toEqual(new Set([attempts.length]))
  })

  it('a run that outlives its lease cannot overwrite the result of the run that took over', {
    timeout: TIMEOUT_MS,
  }, async () => {
    const store = await open()
    const started = Promise.withResolvers<void>()
    const ends = Promise.withResolvers<void>()
    const slow = runOnce(frozen(store), charge({ leaseMs: 300 }), async () => {
      started.resolve()
      await ends.promise
      return 'slow'
    })
    await started.promise
    const successor = await runOnce(store, charge(waiting), ({ number }) => `attempt ${number}`)
    ends.resolve()

    expect(successor).toBe('attempt 2')
    expect(await slow).toBe('attempt 2')
    expect(await runOnce(store, charge(), () => 'again')).toBe('attempt 2')
  })

  it('a run that outlives its lease and fails cannot free the claim of the run that took over', {
    timeout: TIMEOUT_MS,
  }, async () => {
    const store = await open()
    const slowStarted = Promise.withResolvers<void>()
    const slowFails = Promise.withResolvers<void>()
    const nextEnds = Promise.withResolvers<void>()
    const slow = runOnce(frozen(store), charge({ leaseMs: 300 }), async () => {
      slowStarted.resolve()
      await slowFails.promise
      throw new RangeError('too late')
    })
    await slowStarted.promise
    const took = Promise.withResolvers<void>()
    const successor = runOnce(store, charge(waiting), async () => {
      took.resolve()
      await nextEnds.promise
      return 'second'
    })
    await took.promise
    slowFails.resolve()
    await expect(slow).rejects.toThrow()

    await expect(runOnce(store, charge(), () => 'third')).rejects.toThrow(InFlightError)
    nextEnds.resolve()
    expect(await successor).toBe('second')
    expect(await runOnce(store, charge(), () => 'third')).toBe('second')
  })

  it('renewal keeps a claim for as long as its run takes', { timeout: TIMEOUT_MS }, async () => {
    const store = await open()
    const ends = Promise.withResolvers<void>()
    const started = Promise.withResolvers<void>()
    const long = runOnce(store, charge({ leaseMs: 2_000, renewEveryMs: 300 }), async () => {
      started.resolve()
      await ends.promise
      return 'long'
    })
    await started.promise
    const other = runOnce(store, charge({ inFlight: { waitMs: 4_000 } }), () => 'other')
    await expect(other).rejects.toThrow(InFlightError)
    ends.resolve()
    expect(await long).toBe('long')
  })
})
