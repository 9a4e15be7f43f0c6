import { idempotent, idempotentBatch, isOncekeyError, once, runOnce, type Store } from 'oncekey'
import { createIdempotentFetch } from 'oncekey/client'
import { memoryStore } from 'oncekey/memory'
import { emfMetrics } from 'oncekey/metrics'
import { redisStore } from 'oncekey/redis'
import { faultyStore, storeContract } from 'oncekey/testing'

export const store: Store = faultyStore(memoryStore())
export const middleware = idempotent(store)
export const batch = idempotentBatch(async () => undefined, store)
export const charge: Promise<{ at: string }> = runOnce(store, { service: 'a', name: 'b', key: 'c' }, () => ({
  at: new Date(),
}))
export const retryAfterMs = (error: unknown): number =>
  isOncekeyError(error, 'in-flight') ? error.retryAfterMs : 0
export const all = [createIdempotentFetch, emfMetrics, redisStore, storeContract, once]
