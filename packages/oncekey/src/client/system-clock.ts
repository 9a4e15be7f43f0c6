/** Where time comes from, epoch milliseconds. `sleep` resolves early once the signal aborts. */
export interface Clock {
  nowMs(): number
  sleep(durationMs: number, signal: AbortSignal): Promise<void>
}

export const systemClock: Clock = {
  nowMs: () => Date.now(),
  sleep: (durationMs, signal) =>
    new Promise((resolve) => {
      const end = (): void => {
        clearTimeout(timer)
        signal.removeEventListener('abort', end)
        resolve()
      }
      const timer = setTimeout(end, durationMs)
      if (signal.aborted) end()
      else signal.addEventListener('abort', end)
    }),
}
