/** Returns a clock that advances only in `sleep`, and records the durations. */
export function sleepingClock(nowMs: number = Date.UTC(2030, 0, 1)): {
  readonly sleeps: readonly number[]
  nowMs(): number
  sleep(durationMs: number): Promise<void>
} {
  const sleeps: number[] = []
  return {
    sleeps,
    nowMs: () => nowMs,
    sleep(durationMs) {
      sleeps.push(durationMs)
      nowMs += durationMs
      return Promise.resolve()
    },
  }
}
