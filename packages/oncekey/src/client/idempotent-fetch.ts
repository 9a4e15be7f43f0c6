import { attempt } from './attempt.ts'
import { NoAnswerError } from './no-answer-error.ts'
import { type AttemptEnd, checkOptions, type IdempotentFetchOptions } from './options.ts'
import { type Answer, delayMs, mayRetry, retryAfterMs } from './retry-rule.ts'
import { systemClock } from './system-clock.ts'

/**
 * `fetch`, for one intent: the same key on every attempt.
 *
 * @throws TypeError if the request cannot carry the key: nothing was sent.
 * @throws NoAnswerError if the last attempt brought no answer.
 * @throws the reason of `init.signal`, as `fetch` does, as soon as it aborts.
 */
export type IdempotentFetch = (
  input: string | URL | Request,
  /** `idempotencyKey`: to go on with an intent that has a key, as after a reload. */
  init?: RequestInit & { readonly idempotencyKey?: string },
) => Promise<Response>

/** A timer that is asked for more fires at once. */
const MAX_TIMER_MS = 2 ** 31 - 1

/**
 * A `fetch` that sends an idempotency key, made once per call, and tries again under the same key where that may
 * help: no answer, 409 in flight, 408, 425, 429, 500, 502, 503, 504. `Retry-After` is honoured, and so is a server that
 * says whether it helps (`Stripe-Should-Retry`, or `retryable` of its problem). Any other answer is the caller's.
 *
 * One call is one intent. A button that can be pressed twice needs a key of its own: make it with the form, and give
 * it as `idempotencyKey`.
 *
 * The answer is read whole before it is given, so that a connection lost half-way is tried again as well.
 *
 * @throws TypeError on an option that is unknown, or cannot be.
 */
export function createIdempotentFetch(options: IdempotentFetchOptions = {}): IdempotentFetch {
  checkOptions(options)
  const { clock = systemClock, random = Math.random, header = 'Idempotency-Key', onAttempt } = options
  const { newKey = () => crypto.randomUUID(), fetch: send = fetch } = options
  const { maxAttempts = 5, attemptTimeoutMs = 30_000, totalTimeoutMs = 120_000 } = options
  const { baseDelayMs = 250, maxDelayMs = 10_000 } = options

  return async (input, init = {}) => {
    const { idempotencyKey, ...rest } = init
    // One request for all attempts: a form's boundary is drawn here, and must not differ under the same key.
    const request = new Request(input, rest)
    const key = idempotencyKey ?? request.headers.get(header) ?? newKey()
    request.headers.set(header, key)
    // In mode `no-cors` a browser drops the header without a word.
    if (key === '' || request.headers.get(header) !== key || request.mode === 'no-cors') {
      throw new TypeError(
        `idempotentFetch: cannot send idempotency key ${JSON.stringify(key)} as header ${header}: expected visible characters, and a mode other than no-cors.`,
      )
    }
    const { signal } = request
    const untilMs = clock.nowMs() + totalTimeoutMs

    for (let number = 1; ; number += 1) {
      const beganAtMs = clock.nowMs()
      const timeoutMs = Math.max(1, Math.floor(Math.min(attemptTimeoutMs, untilMs - beganAtMs, MAX_TIMER_MS)))
      const ended = await attempt(
        send,
        request.clone(),
        AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]),
      )
      signal.throwIfAborted()

      const nowMs = clock.nowMs()
      const asked = ended.answer && retryAfterMs(ended.answer.headers, nowMs)
      const wait = delayMs(number, asked, { baseDelayMs, maxDelayMs, random })
      const helps = ended.answer === undefined || mayRetry(ended.answer)
      const goesOn = helps && number < maxAttempts && nowMs + wait < untilMs
      tell(onAttempt, {
        key,
        number,
        durationMs: nowMs - beganAtMs,
        isReplay: ended.answer?.headers.get('idempotent-replayed') === 'true',
        ...(ended.answer ? factsOf(ended.answer) : { error: ended.error }),
        ...(goesOn ? { waitMs: wait } : {}),
      })
      if (goesOn) await clock.sleep(Math.min(wait, MAX_TIMER_MS), signal)
      else if (ended.answer) return ended.response
      else throw new NoAnswerError(`${request.method} ${request.url}`, key, number, { cause: ended.error })
      signal.throwIfAborted()
    }
  }
}

function factsOf({ status, problem: { code } }: Answer): Pick<AttemptEnd, 'status' | 'code'> {
  return { status, ...(typeof code === 'string' && { code }) }
}

function tell(hook: IdempotentFetchOptions['onAttempt'], attempt: AttemptEnd): void {
  try {
    hook?.(attempt)
  } catch {
    // A time line must not change the answer.
  }
}
