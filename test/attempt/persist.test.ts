import { expect, test } from 'vitest'
import { persist } from '../../packages/oncekey/src/attempt/persist.ts'
import { StoreUnavailableError } from '../../packages/oncekey/src/protocol/errors.ts'
import { manualClock } from '../support/manual-clock.ts'

const away = new StoreUnavailableError('away', { retryable: true })

test('a call is given whole milliseconds, for timers take no others', async () => {
  const clock = manualClock()
  const timeoutMs = await persist(clock, clock.nowMs() + 1_500.5, async (limits) => limits.timeoutMs)
  expect(timeoutMs).toBe(1_500)
})

test.each([50, 150, 350, 600, 900, 1_300, 3_000])('tries that take %i ms end in time', async (durationMs) => {
  const clock = manualClock()
  const untilMs = clock.nowMs() + 5_000
  let tries = 0
  const trying = persist(clock, untilMs, async ({ timeoutMs }) => {
    tries += 1
    clock.advance(Math.min(durationMs, timeoutMs))
    throw away
  })
  await expect(trying).rejects.toBe(away)
  expect(tries).toBeGreaterThan(1)
  expect(clock.nowMs()).toBeLessThanOrEqual(untilMs)
})

test('one try is made even when the time is over', async () => {
  const clock = manualClock()
  expect(await persist(clock, clock.nowMs() - 1, async () => 'stored')).toBe('stored')
})
