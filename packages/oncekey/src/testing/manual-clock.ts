import { setImmediate } from 'node:timers/promises'
import type { Clock } from '../core/clock.ts'

/** A clock for the option `clock` and for `memoryStore`. */
export interface ManualClock extends Required<Clock> {
  /** Moves the time on as in a process that is frozen: no timer fires. */
  advance(durationMs: number): void
  /** Moves the time on, and fires the timers that are due meanwhile, in order. Overdue timers fire first. */
  pass(durationMs: number): Promise<void>
  /** Returns the time until each timer that is set, in milliseconds, the next one first. */
  timers(): readonly number[]
}

interface Timer {
  readonly atMs: number
  readonly onTime: () => void
}

/** Returns a clock that stands still. A sleep moves it on at once, so that nothing waits in real time. */
export function manualClock(startMs = 1_800_000_000_000): ManualClock {
  let nowMs = startMs
  const timers = new Set<Timer>()
  const advance = (durationMs: number): void => {
    nowMs += Math.ceil(durationMs)
  }
  const inOrder = (): readonly Timer[] => [...timers].sort((one, other) => one.atMs - other.atMs)
  return {
    nowMs: () => nowMs,
    advance,
    async sleep(durationMs) {
      await setImmediate()
      advance(durationMs)
    },
    setTimer(durationMs, onTime) {
      const timer = { atMs: nowMs + durationMs, onTime }
      timers.add(timer)
      return () => void timers.delete(timer)
    },
    timers: () => inOrder().map(({ atMs }) => atMs - nowMs),
    async pass(durationMs) {
      const untilMs = nowMs + durationMs
      for (;;) {
        const [next] = inOrder()
        if (next === undefined || next.atMs > untilMs) break
        timers.delete(next)
        advance(Math.max(0, next.atMs - nowMs))
        next.onTime()
        // What a timer begins does no input or output here: it is over after a few turns of the event loop.
        for (let turn = 0; turn < 20; turn += 1) await setImmediate()
      }
      advance(Math.max(0, untilMs - nowMs))
    },
  }
}
