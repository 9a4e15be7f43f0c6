import { expect, test } from 'vitest'
import { memoryStore } from '../../packages/oncekey/src/stores/memory.ts'
import { manualClock } from '../support/manual-clock.ts'
import { describeStoreContract } from './contract.ts'
import { aClaim, limits } from './records.ts'

describeStoreContract('memory', async () => memoryStore())

test('a store in memory answers with the time of the clock it was given', async () => {
  const clock = manualClock()
  const store = memoryStore(clock)
  expect(await store.insert(aClaim(), limits)).toMatchObject({ nowMs: clock.nowMs() })
})

test('a store in memory has no transactions', () => {
  expect(memoryStore()).not.toHaveProperty('commit')
})

test('a store in memory forgets expired records, and only those, when another is claimed', async () => {
  const clock = manualClock()
  const store = memoryStore(clock)
  const expired = aClaim({ expiresAtMs: clock.nowMs() })
  const kept = aClaim({ expiresAtMs: clock.nowMs() + 1 })
  await store.insert(expired, limits)
  await store.insert(kept, limits)
  await store.insert(aClaim({ expiresAtMs: clock.nowMs() + 1 }), limits)
  expect((await store.read(expired.id, limits)).record).toBeUndefined()
  expect((await store.read(kept.id, limits)).record).toEqual(kept)
})
