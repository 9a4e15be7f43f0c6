import { setTimeout } from 'node:timers/promises'
import type { Clock } from '../protocol/clock.ts'

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  sleep: (durationMs, signal) =>
    setTimeout(durationMs, undefined, signal && { signal }).catch(() => undefined),
}
