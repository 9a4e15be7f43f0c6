/** Where time comes from. `nowMs` is epoch milliseconds. */
export interface Clock {
  nowMs(): number
  sleep(durationMs: number): Promise<void>
}
