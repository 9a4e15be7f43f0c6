import { manualClock } from 'oncekey/testing'
import { expect, test } from 'vitest'
import type { Clock } from '../../packages/oncekey/src/core/clock.ts'
import { endTurn, takeTurn } from '../../packages/oncekey/src/core/turn.ts'
import { memoryStore } from '../../packages/oncekey/src/stores/memory.ts'

const MAX_CLAIMS = 32

/** A store whose turns are all taken, and a clock whose timers wait for the test. */
function crowd() {
  const store = memoryStore()
  const time = manualClock()
  const timers = new Set<() => void>()
  const clock: Clock = {
    ...time,
    setTimer(_durationMs, onTime) {
      timers.add(onTime)
      return () => timers.delete(onTime)
    },
  }
  const take = () => takeTurn(store, clock, clock.nowMs() + 5_000)
  const taken = Array.from({ length: MAX_CLAIMS }, take)
  return { store, clock, taken, take, end: () => endTurn(store), timers }
}

test('as many claims as a store may have at once begin without waiting', () => {
  expect(new Set(crowd().taken)).toEqual(new Set([true]))
})

test('the next ones begin in their order, each when one has ended', async () => {
  const { take, end, timers } = crowd()
  const begun: number[] = []
  for (const n of [1, 2]) void Promise.resolve(take()).then(() => begun.push(n))
  end()
  await Promise.resolve()
  await Promise.resolve()
  expect(begun).toEqual([1])
  end()
  await Promise.resolve()
  await Promise.resolve()
  expect(begun).toEqual([1, 2])
  expect(timers.size).toBe(0)
})

test('one whose time is over does not begin, and takes no turn from the others', async () => {
  const { take, end, timers } = crowd()
  const late = take()
  for (const onTime of timers) onTime()
  expect(await late).toBe(false)
  const next = take()
  end()
  expect(await next).toBe(true)
})

test('a turn that nobody waits for is free again', () => {
  const { take, end } = crowd()
  end()
  expect(take()).toBe(true)
})

test('the claims of another store do not count', () => {
  const { clock } = crowd()
  expect(takeTurn(memoryStore(), clock, clock.nowMs())).toBe(true)
})
