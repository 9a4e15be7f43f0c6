/** The members of an `application/problem+json` body that matter here; empty for any other body. */
export interface Problem {
  readonly retryable?: unknown
  readonly code?: unknown
}

/** The request itself is invalid, and stays so. */
const FINAL: ReadonlySet<number> = new Set([400, 422])

/** Worth a retry, whatever server sent them. An HTTP API of API Gateway answers 500 for a function that crashed. */
const TRANSIENT: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504])

/**
 * Returns whether a retry with the same key may get a different response.
 *
 * What the server says comes first: `Stripe-Should-Retry` for any status, then the problem's `retryable` unless the
 * status is final. `retryable` also counts for statuses that are not transient, because a service may choose any
 * status for a run in progress. A 409 without either needs a `Retry-After`: otherwise it is the application's own.
 */
export function mayRetry({ status, headers }: Response, { retryable }: Problem): boolean {
  if (status < 400) return false
  const shouldRetry = headers.get('stripe-should-retry')
  if (shouldRetry === 'true' || shouldRetry === 'false') return shouldRetry === 'true'
  if (FINAL.has(status)) return false
  if (retryable !== undefined) return retryable === true
  return TRANSIENT.has(status) || (status === 409 && headers.has('retry-after'))
}

/**
 * Returns how long the server asks to wait, or `undefined` if it does not say. A date is compared with the `Date` of
 * the response, if that is visible, because the local clock may be wrong.
 *
 * @see RFC 9110 §10.2.3
 */
export function retryAfterMs(headers: Headers, nowMs: number): number | undefined {
  const value = headers.get('retry-after')?.trim() ?? ''
  if (/^\d+$/.test(value)) return Number(value) * 1000
  if (!/ GMT$/.test(value)) return undefined
  const sentAtMs = Date.parse(headers.get('date') ?? '')
  const delayMs = Date.parse(value) - (Number.isNaN(sentAtMs) ? nowMs : sentAtMs)
  return Number.isNaN(delayMs) ? undefined : Math.max(0, delayMs)
}

export interface Backoff {
  readonly baseDelayMs: number
  readonly maxDelayMs: number
  /** Returns a number from 0 up to, but not including, 1. */
  random(): number
}

/**
 * Returns the wait before the next attempt: exponential backoff with full jitter, so that clients that failed together
 * do not retry together. If the server asked for a wait, at least that, with some jitter for the same reason.
 *
 * @see https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 */
export function waitMs(attempt: number, requestedMs: number | undefined, backoff: Backoff): number {
  const { baseDelayMs, maxDelayMs, random } = backoff
  if (requestedMs !== undefined) return requestedMs + random() * baseDelayMs
  return random() * Math.min(maxDelayMs, baseDelayMs * 2 ** (attempt - 1))
}
