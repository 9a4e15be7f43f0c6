import { manualClock } from 'oncekey/testing'
import { expect, test, vi } from 'vitest'
import type { InFlightRecord } from '../../packages/oncekey/src/core/record.ts'
import { memoryStore } from '../../packages/oncekey/src/stores/memory.ts'
import { aClaim, limits } from '../../packages/oncekey/src/testing/contract/records.ts'
import { describeStoreContract } from './contract.ts'

describeStoreContract('memory', async () => memoryStore())

test('a store in memory answers with the time of the clock it was given', async () => {
  const clock = manualClock()
  const store = memoryStore(clock)
  expect(await store.insert(aClaim(), limits)).toMatchObject({ nowMs: clock.nowMs() })
})

test('a store in memory has no transactions', () => {
  expect(memoryStore()).not.toHaveProperty('commit')
})

test('a store in memory deletes what has expired, and only that, however long the first record lives', async () => {
  const clock = manualClock()
  const store = memoryStore(clock)
  const nowMs = clock.nowMs()
  const kept = aClaim({ expiresAtMs: nowMs + 10_000 })
  const expired = Array.from({ length: 3 }, () => aClaim({ expiresAtMs: nowMs + 1_000 }))
  for (const record of [kept, ...expired]) await store.insert(record, limits)
  const read = async ({ id }: InFlightRecord) => (await store.read(id, limits)).record

  clock.advance(999)
  await store.insert(aClaim({ expiresAtMs: nowMs + 2_000 }), limits)
  expect(await Promise.all(expired.map(read))).toEqual(expired)

  clock.advance(1)
  const later = aClaim({ expiresAtMs: nowMs + 3_000 })
  await store.insert(later, limits)
  expect(await Promise.all(expired.map(read))).toEqual([undefined, undefined, undefined])

  clock.advance(2_000)
  await store.insert(aClaim({ expiresAtMs: nowMs + 20_000 }), limits)
  expect(await Promise.all([later, kept].map(read))).toEqual([undefined, kept])
})

test('a store in memory counts on when the clock of the system is set', async () => {
  const store = memoryStore()
  const claim = aClaim()
  const before = await store.read(claim.id, limits)
  const now = vi.spyOn(Date, 'now').mockReturnValue(Date.now() + 120_000)
  try {
    const after = await store.read(claim.id, limits)
    expect(after.nowMs - before.nowMs).toBeLessThan(60_000)
    expect(after.nowMs).toBeGreaterThanOrEqual(before.nowMs)
  } finally {
    now.mockRestore()
  }
})
