import { setTimeout } from 'node:timers/promises'
import type { Clock } from '../protocol/clock.ts'

/** A longer one would fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  sleep: (durationMs, signal) =>
    setTimeout(Math.min(durationMs, LONGEST_TIMER_MS), undefined, signal && { signal }).catch(
      () => undefined,
    ),
}
