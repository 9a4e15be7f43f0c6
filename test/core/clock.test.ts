import { manualClock } from 'oncekey/testing'
import { expect, onTestFinished, test, vi } from 'vitest'
import { runClock, startTimer, systemClock } from '../../packages/oncekey/src/core/clock.ts'

test('the clock of the system counts epoch milliseconds', () => {
  const beforeMs = Date.now()
  const nowMs = systemClock.nowMs()
  expect(nowMs).toBeGreaterThanOrEqual(beforeMs)
  expect(nowMs).toBeLessThanOrEqual(Date.now())
})

test('a sleep lasts as long as asked', async () => {
  const beganAtMs = performance.now()
  await systemClock.sleep(30)
  expect(performance.now() - beganAtMs).toBeGreaterThan(25)
})

test('a sleep ends with its signal, without an error', async () => {
  const controller = new AbortController()
  const sleeping = systemClock.sleep(600_000, controller.signal)
  controller.abort()
  expect(await sleeping).toBeUndefined()
})

test('a sleep longer than a timer can take does not end at once', async () => {
  const controller = new AbortController()
  let isOver = false
  const sleeping = systemClock.sleep(2 ** 40, controller.signal).then(() => {
    isOver = true
  })
  await systemClock.sleep(20)
  expect(isOver).toBe(false)
  controller.abort()
  await sleeping
})

test.each([120_000, -120_000])(
  'the clock of a run goes on evenly if the system’s is set by %i ms',
  (byMs) => {
    const clock = runClock(systemClock)
    const beganAtMs = clock.nowMs()
    expect(Math.abs(beganAtMs - Date.now())).toBeLessThan(1_000)
    const { now } = Date
    vi.spyOn(Date, 'now').mockImplementation(() => now() + byMs)
    onTestFinished(() => void vi.restoreAllMocks())
    expect(clock.nowMs() - beganAtMs).toBeGreaterThanOrEqual(0)
    expect(clock.nowMs() - beganAtMs).toBeLessThan(60_000)
    expect(clock.sleep).toBe(systemClock.sleep)
  },
)

test('a clock of a test is the clock of its runs', () => {
  const clock = manualClock()
  expect(runClock(clock)).toBe(clock)
})

test('a timer fires once, after its time', async () => {
  const beganAtMs = performance.now()
  let times = 0
  const fired = new Promise<void>((resolve) => {
    startTimer(systemClock, 30, () => {
      times += 1
      resolve()
    })
  })
  await Promise.all([fired, systemClock.sleep(40)])
  expect(performance.now() - beganAtMs).toBeGreaterThan(25)
  expect(times).toBe(1)
})

test('a timer that is overdue fires soon', async () => {
  await new Promise<void>((resolve) => void startTimer(systemClock, -5_000, resolve))
  await new Promise<void>((resolve) => void startTimer(systemClock, Number.NEGATIVE_INFINITY, resolve))
})

test.each([2 ** 40, 50])('a timer of %i ms that is stopped never fires', async (durationMs) => {
  let isOver = false
  const stop = startTimer(systemClock, durationMs, () => {
    isOver = true
  })
  await systemClock.sleep(20)
  stop()
  await systemClock.sleep(50)
  expect(isOver).toBe(false)
})

test('a timer does not keep the process alive', () => {
  const before = process.getActiveResourcesInfo().filter((name) => name === 'Timeout').length
  const stop = startTimer(systemClock, 600_000, () => undefined)
  expect(process.getActiveResourcesInfo().filter((name) => name === 'Timeout')).toHaveLength(before)
  stop()
})

test('a timer is that of the clock, if it has its own', async () => {
  const clock = manualClock()
  let isOver = false
  startTimer(clock, 600_000, () => {
    isOver = true
  })
  await clock.pass(599_999)
  expect(isOver).toBe(false)
  await clock.pass(1)
  expect(isOver).toBe(true)
})
