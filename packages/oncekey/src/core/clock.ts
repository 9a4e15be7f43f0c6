import { setTimeout as sleep } from 'node:timers/promises'

/** A source of time. */
export interface Clock {
  /** Epoch milliseconds. */
  nowMs(): number
  /** Resolves after the duration, or as soon as the signal aborts. */
  sleep(durationMs: number, signal?: AbortSignal): Promise<void>
  /** Calls `onTime` after the duration, unless the returned function was called before. Real time if absent. */
  setTimer?(durationMs: number, onTime: () => void): () => void
}

/** `setTimeout` fires at once for a longer delay. */
const MAX_TIMER_MS = 2 ** 31 - 1

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  sleep: (durationMs, signal) =>
    sleep(Math.min(durationMs, MAX_TIMER_MS), undefined, signal && { signal }).catch(() => undefined),
}

/**
 * Returns the clock of one run. The system's clock may be set during the run, which must neither end its lease nor
 * make its result look expired: from its start on, a run counts monotonic time.
 */
export function runClock(clock: Clock): Clock {
  if (clock !== systemClock) return clock
  const originMs = Date.now() - performance.now()
  return { nowMs: () => originMs + performance.now(), sleep: systemClock.sleep }
}

export function startTimer(clock: Clock, durationMs: number, onTime: () => void): () => void {
  const delayMs = Math.max(0, Math.min(durationMs, MAX_TIMER_MS))
  if (clock.setTimer !== undefined) return clock.setTimer(delayMs, onTime)
  const timer = setTimeout(onTime, delayMs)
  // A handler that waits for nothing must not keep the process alive.
  timer.unref()
  return () => clearTimeout(timer)
}
