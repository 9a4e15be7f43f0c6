import type { Clock } from '../../packages/oncekey/src/core/clock.ts'

export interface ManualClock extends Clock {
  advance(durationMs: number): void
}

/** Stands still until told. A sleep moves it on at once, so that nothing waits in real time. */
export function manualClock(startMs = 1_800_000_000_000): ManualClock {
  let nowMs = startMs
  const advance = (durationMs: number): void => {
    nowMs += Math.ceil(durationMs)
  }
  return {
    nowMs: () => nowMs,
    advance,
    async sleep(durationMs) {
      await new Promise((resolve) => setImmediate(resolve))
      advance(durationMs)
    },
  }
}
