import { createClient } from '@redis/client'
import type { SQSRecord } from 'aws-lambda'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Store } from '../../packages/oncekey/src/core/store.ts'
import { idempotentBatch } from '../../packages/oncekey/src/entries/batch.ts'
import { dynamoDbStore } from '../../packages/oncekey/src/stores/dynamodb/store.ts'
import { redisStore } from '../../packages/oncekey/src/stores/redis/redis.ts'
import { type RedisServer, startRedisServer } from '../support/redis-server.ts'
import { createTable } from '../support/tables.ts'
import { drain, random, recordsWithDuplicates } from './queue.ts'

const RECORDS = 10_000
const DUPLICATE_SHARE = 0.3
const CONSUMERS = 8
const TIMEOUT_MS = 8 * 60_000

let redis: RedisServer
beforeAll(async () => {
  redis = await startRedisServer()
})
afterAll(() => redis.stop())

const stores: Readonly<Record<string, () => Promise<{ store: Store; close: () => void }>>> = {
  async 'DynamoDB Local'() {
    const { name, client } = await createTable()
    return { store: dynamoDbStore(name, { client }), close: () => client.destroy() }
  },
  async Redis() {
    const client = await createClient({ url: redis.url }).connect()
    return { store: redisStore(client), close: () => client.destroy() }
  },
}

/** One message in twenty does its effect in a step, on every attempt. */
const worksInSteps = (messageId: string): boolean => /[02468]7$/.test(messageId)

describe.each(Object.entries(stores).map(([name, open]) => ({ name, open })))(
  '10,000 SQS records, 3,000 of them duplicates, on $name',
  ({ name, open }) => {
    it('have each effect exactly once and lose none, though handlers fail at random', {
      timeout: TIMEOUT_MS,
    }, async () => {
      const { store, close } = await open()
      const next = random(20_261_122)
      const effects = new Map<string, number>()
      const counts = { runs: 0, failedBefore: 0, failedAfterStep: 0 }
      const act = (id: string): void => {
        effects.set(id, (effects.get(id) ?? 0) + 1)
      }

      const consumer = idempotentBatch(
        async ({ messageId }: SQSRecord, { idempotency }) => {
          counts.runs += 1
          if (next() < 0.1) {
            counts.failedBefore += 1
            throw new Error('failed before its effect')
          }
          if (!worksInSteps(messageId)) return act(messageId)
          await idempotency.step('effect', () => act(messageId))
          if (next() < 0.5) {
            counts.failedAfterStep += 1
            throw new Error('failed after its effect')
          }
        },
        store,
        { onRecordError: () => undefined },
      )

      const records = recordsWithDuplicates(RECORDS, DUPLICATE_SHARE, next)
      const beganAtMs = performance.now()
      const drained = await drain(records, consumer, {
        consumers: CONSUMERS,
        next,
        maxDeliveries: RECORDS * 10,
      })
      close()

      const times = [...effects.values()]
      const summary = {
        store: name,
        records: records.length,
        distinct: new Set(records.map(({ messageId }) => messageId)).size,
        ...drained,
        ...counts,
        effects: effects.size,
        effectsTwice: times.filter((count) => count > 1).length,
        seconds: Math.round((performance.now() - beganAtMs) / 1000),
      }
      console.log(summary)
      expect(summary).toMatchObject({ records: RECORDS, distinct: 7_000, effects: 7_000, effectsTwice: 0 })
      expect(counts.failedBefore).toBeGreaterThan(100)
      expect(counts.failedAfterStep).toBeGreaterThan(50)
    })
  },
)
