import { expect, test } from 'vitest'
import { systemClock } from '../../packages/oncekey/src/core/clock.ts'

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
