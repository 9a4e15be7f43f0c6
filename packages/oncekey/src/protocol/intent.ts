/** What the caller wants done once. */
export interface Intent {
  /** The record's id: scope and key. @see recordId */
  readonly id: string
  /** The key as the caller gave it. */
  readonly key: string
  readonly fingerprint: string
}

/** What of a run's result the record shall keep. */
export type Kept = {
  /** Instead of the usual retention. */
  readonly retentionMs?: number
} & (
  | {
      readonly value: unknown
      /** The HTTP status to remember if the value turns out not to be JSON or too large. */
      readonly status?: number
    }
  /** The work is done but its result must not or cannot be kept: repeats are told so, and nothing runs again. */
  | { readonly unavailable: string; readonly status?: number }
)
