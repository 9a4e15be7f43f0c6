import { setTimeout } from 'node:timers/promises'

/** Where time comes from. */
export interface Clock {
  /** Epoch milliseconds. */
  nowMs(): number
  /** Resolves after the duration, or as soon as the signal aborts. */
  sleep(durationMs: number, signal?: AbortSignal): Promise<void>
}

/** `setTimeout` fires at once for a longer delay. */
const MAX_TIMER_MS = 2 ** 31 - 1

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  sleep: (durationMs, signal) =>
    setTimeout(Math.min(durationMs, MAX_TIMER_MS), undefined, signal && { signal }).catch(() => undefined),
}
