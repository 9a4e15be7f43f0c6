import { manualClock } from 'oncekey/testing'
import { expect, test } from 'vitest'
import { StoreUnavailableError } from '../../packages/oncekey/src/core/errors.ts'
import { retryUntil } from '../../packages/oncekey/src/core/retry.ts'

const noReply = new StoreUnavailableError('no reply', { retryable: true })

test('a call gets whole milliseconds, for timers take no others', async () => {
  const clock = manualClock()
  const timeoutMs = await retryUntil(clock, clock.nowMs() + 1_500.5, async (limits) => limits.timeoutMs)
  expect(timeoutMs).toBe(1_500)
})

test.each([50, 150, 350, 600, 900, 1_300, 3_000])('tries that take %i ms end in time', async (durationMs) => {
  const clock = manualClock()
  const untilMs = clock.nowMs() + 5_000
  let tries = 0
  const trying = retryUntil(clock, untilMs, async ({ timeoutMs }) => {
    tries += 1
    clock.advance(Math.min(durationMs, timeoutMs))
    throw noReply
  })
  await expect(trying).rejects.toBe(noReply)
  expect(tries).toBeGreaterThan(1)
  expect(clock.nowMs()).toBeLessThanOrEqual(untilMs)
})

test('one try is made even when the time is over', async () => {
  const clock = manualClock()
  expect(await retryUntil(clock, clock.nowMs() - 1, async () => 'stored')).toBe('stored')
})

const pausesOf = async (untilMs: number): Promise<number[]> => {
  const pauses: number[] = []
  const clock = manualClock(0)
  const sleep = (durationMs: number) => {
    pauses.push(durationMs)
    return clock.sleep(durationMs)
  }
  await expect(retryUntil({ ...clock, sleep }, untilMs, () => Promise.reject(noReply))).rejects.toBe(noReply)
  return pauses
}

test('pauses double up to a second, each shortened by up to a half', async () => {
  const pauses = await pausesOf(20_000)
  expect(pauses.length).toBeGreaterThan(15)
  for (const [n, pauseMs] of pauses.entries()) {
    const longestMs = Math.min(1_000, 40 * 2 ** n)
    expect(pauseMs).toBeGreaterThanOrEqual(longestMs / 2)
    expect(pauseMs).toBeLessThanOrEqual(longestMs)
  }
  expect(new Set(pauses.slice(-10)).size).toBeGreaterThan(1)
})

test.each([
  [290, 1],
  [289, 0],
])('within %i ms a first failure is followed by %i more tries', async (untilMs, more) => {
  expect(await pausesOf(untilMs)).toHaveLength(more)
})

test.each<[string, number, number | undefined, number]>([
  ['two seconds', 60_000, undefined, 2_000],
  ['what its caller says', 60_000, 10_000, 10_000],
  ['what is left', 2_000, 10_000, 2_000],
  ['a quarter of a second at least', 0, 10_000, 250],
])('one call gets %s', async (_, leftMs, callMs, timeoutMs) => {
  const clock = manualClock()
  const timeout = retryUntil(clock, clock.nowMs() + leftMs, async (limits) => limits.timeoutMs, callMs)
  expect(await timeout).toBe(timeoutMs)
})

test.each([
  ['is refused for good', new StoreUnavailableError('no such table', { retryable: false })],
  ['fails otherwise', Object.assign(new Error('own'), { retryable: true })],
])('a call that %s is not made again', async (_, error) => {
  let calls = 0
  const clock = manualClock()
  const failing = retryUntil(clock, clock.nowMs() + 60_000, () => {
    calls += 1
    return Promise.reject(error)
  })
  await expect(failing).rejects.toBe(error)
  expect(calls).toBe(1)
})
