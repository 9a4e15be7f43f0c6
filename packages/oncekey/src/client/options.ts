import type { Send } from './attempt.ts'
import type { Clock } from './system-clock.ts'

/** How one attempt of an intent ended. */
export interface AttemptEnd {
  readonly key: string
  /** 1, 2, 3 … within one call. */
  readonly number: number
  readonly durationMs: number
  /** Of the answer; absent if there was none. */
  readonly status?: number
  /** Of the answer's problem, such as `in-flight`: tells the server's refusals from the application's own. */
  readonly code?: string
  /** Whether the server says that it answered from its record, without doing the work again. */
  readonly isReplay: boolean
  /** Why there was no answer. */
  readonly error?: unknown
  /** How long until the next attempt; absent after the last one. */
  readonly waitMs?: number
}

export interface IdempotentFetchOptions {
  /** @default 5 */
  readonly maxAttempts?: number
  /** For one attempt, its answer's body included. @default 30 seconds */
  readonly attemptTimeoutMs?: number
  /** For all attempts and the waits between them. No wait is begun that would not end within it. @default 2 minutes */
  readonly totalTimeoutMs?: number
  /** The longest wait before the second attempt; it doubles from there. @default 250 */
  readonly baseDelayMs?: number
  /** The longest wait that the server has not asked for. @default 10 seconds */
  readonly maxDelayMs?: number
  /** The name of the key's header. @default 'Idempotency-Key' */
  readonly header?: string
  /** Makes the key of a call that was given none. @default crypto.randomUUID */
  readonly newKey?: () => string
  /** Told after each attempt: for a time line. What it throws is ignored. */
  readonly onAttempt?: (attempt: AttemptEnd) => void
  /** @default the platform's own */
  readonly fetch?: Send
  /** Where time comes from: for tests. */
  readonly clock?: Clock
  /** From 0 up to 1: for tests. @default Math.random */
  readonly random?: () => number
}

/** Every option, and whether it is a number. */
const IS_NUMBER: { readonly [name in keyof Required<IdempotentFetchOptions>]: boolean } = {
  maxAttempts: true,
  attemptTimeoutMs: true,
  totalTimeoutMs: true,
  baseDelayMs: true,
  maxDelayMs: true,
  header: false,
  newKey: false,
  onAttempt: false,
  fetch: false,
  clock: false,
  random: false,
}

/** @throws TypeError on what would otherwise pass in silence: an option that is unknown, or a limit that cannot be. */
export function checkOptions(options: IdempotentFetchOptions): void {
  const known = new Map(Object.entries(IS_NUMBER))
  for (const [name, value] of Object.entries(options)) {
    const isNumber = known.get(name)
    if (isNumber === undefined) refuse(`one of the options ${[...known.keys()].join(', ')}`, name)
    // Not `<= 0`, which NaN is not either.
    if (isNumber && value !== undefined && !(value > 0)) refuse(`${name} to be a number above 0`, value)
  }
}

function refuse(expected: string, got: unknown): never {
  throw new TypeError(`createIdempotentFetch: expected ${expected}, got ${String(got)}.`)
}
