/** Where time comes from. `nowMs` is epoch milliseconds. */
export interface Clock {
  nowMs(): number
  /** Resolves after the duration, or as soon as the signal aborts. */
  sleep(durationMs: number, signal?: AbortSignal): Promise<void>
}
