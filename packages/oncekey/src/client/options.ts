/** The part of a response that is read. Not every `fetch` returns a `Response` of the platform's. */
export type FetchResponse = Pick<Response, 'status' | 'statusText' | 'url' | 'arrayBuffer'> & {
  readonly headers: Iterable<[string, string]>
}

export type Fetch = (request: Request, init: { readonly signal: AbortSignal }) => Promise<FetchResponse>

/** A source of time, in epoch milliseconds. `sleep` resolves early if the signal aborts. */
export interface Clock {
  nowMs(): number
  sleep(durationMs: number, signal: AbortSignal): Promise<void>
}

/** The end of one attempt. */
export interface AttemptEnd {
  readonly key: string
  /** 1, 2, 3 … within one call. */
  readonly number: number
  readonly durationMs: number
  /** The status of the response; absent without a response. */
  readonly status?: number
  /** The `code` of the response's problem, such as `in-flight`: it tells Oncekey's refusals from the application's. */
  readonly code?: string
  /** Whether the server marked the response as a replay: the request was not run again. */
  readonly isReplay: boolean
  /** Why there was no response. */
  readonly error?: unknown
  /** The time until the next attempt; absent after the last one. */
  readonly waitMs?: number
}

export interface IdempotentFetchOptions {
  /** The maximum number of attempts of one call. @default 5 */
  readonly maxAttempts?: number
  /** The timeout of one attempt, including the response body. @default 30 seconds */
  readonly attemptTimeoutMs?: number
  /** The timeout of all attempts and the waits between them. No wait starts that would end later. @default 2 minutes */
  readonly totalTimeoutMs?: number
  /** The longest wait before the second attempt. It doubles with every further attempt. @default 250 */
  readonly baseDelayMs?: number
  /** The longest wait, unless the server asks for a longer one. @default 10 seconds */
  readonly maxDelayMs?: number
  /** The name of the header that carries the key. @default 'Idempotency-Key' */
  readonly header?: string
  /** Creates the key of a call that has none. @default a UUID of version 7, which holds the time */
  readonly newKey?: () => string
  /** Called after each attempt, for logs and the like. What it throws is ignored. */
  readonly onAttempt?: (attempt: AttemptEnd) => unknown
  /** Need not obey its `signal`: the timeouts and the caller's signal end the call all the same. @default `fetch` */
  readonly fetch?: Fetch
  /** For tests. @default the system clock */
  readonly clock?: Clock
  /** Returns a number from 0 up to, but not including, 1. For tests. @default Math.random */
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

/** @throws TypeError if an option is unknown, or a number is not above 0. */
export function checkOptions(options: IdempotentFetchOptions): void {
  const known = new Map(Object.entries(IS_NUMBER))
  for (const [name, value] of Object.entries(options)) {
    const isNumber = known.get(name)
    if (isNumber === undefined) refuse(`one of the options ${[...known.keys()].join(', ')}`, name)
    // `value <= 0` would accept NaN.
    if (isNumber && value !== undefined && !(value > 0)) refuse(`${name} to be a number above 0`, value)
  }
}

function refuse(expected: string, got: unknown): never {
  throw new TypeError(`createIdempotentFetch: expected ${expected}, got ${String(got)}.`)
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
