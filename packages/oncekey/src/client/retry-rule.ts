/** What of an answer says whether to ask again. */
export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly problem: Problem
}

/** What is read of an `application/problem+json` body; nothing of any other body. */
export interface Problem {
  readonly retryable?: unknown
  readonly code?: unknown
}

/** The request itself is wrong: asked again, it is as wrong. */
const FINAL: ReadonlySet<number> = new Set([400, 422])

/** Answers that say "not now" whoever gives them. 500 is among them: it is how an HTTP API tells of a crashed function. */
const PASSING: ReadonlySet<number> = new Set([408, 425, 429, 500, 502, 503, 504])

/**
 * Whether the same request, sent again under the same key, may get another answer.
 *
 * The server's own word comes first: `Stripe-Should-Retry`, whatever the status; then the problem's `retryable`,
 * unless the status is final. It counts for statuses that nobody else would retry, because a service may choose
 * another for a run in flight. A 409 without either must have a `Retry-After`: else it is a conflict of the
 * application's, not a run in flight.
 */
export function mayRetry({ status, headers, problem: { retryable } }: Answer): boolean {
  if (status < 400) return false
  const word = headers.get('stripe-should-retry')
  if (word === 'true' || word === 'false') return word === 'true'
  if (FINAL.has(status)) return false
  if (retryable !== undefined) return retryable === true
  return PASSING.has(status) || (status === 409 && headers.has('retry-after'))
}

/**
 * How long the server asks to wait, in milliseconds; `undefined` if it does not say.
 * A date is measured by the answer's own `Date`, where it can be seen: the local clock may be wrong.
 * @see RFC 9110 §10.2.3
 */
export function retryAfterMs(headers: Headers, nowMs: number): number | undefined {
  const value = headers.get('retry-after')?.trim() ?? ''
  if (/^\d+$/.test(value)) return Number(value) * 1000
  if (!/ GMT$/.test(value)) return undefined
  const sentAtMs = Date.parse(headers.get('date') ?? '')
  const waitMs = Date.parse(value) - (Number.isNaN(sentAtMs) ? nowMs : sentAtMs)
  return Number.isNaN(waitMs) ? undefined : Math.max(0, waitMs)
}

export interface Backoff {
  readonly baseDelayMs: number
  readonly maxDelayMs: number
  /** From 0 up to 1. */
  random(): number
}

/**
 * The wait before the next attempt. Without the server's word: exponential with full jitter, so that clients that
 * failed together do not come back together. With it: no sooner than that, and spread a little for the same reason.
 * @see https://aws.amazon.com/blogs/architecture/exponential-backoff-and-jitter/
 */
export function delayMs(attempt: number, askedMs: number | undefined, backoff: Backoff): number {
  const { baseDelayMs, maxDelayMs, random } = backoff
  if (askedMs !== undefined) return askedMs + random() * baseDelayMs
  return random() * Math.min(maxDelayMs, baseDelayMs * 2 ** (attempt - 1))
}
