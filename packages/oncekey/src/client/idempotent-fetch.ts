import {
  type AttemptEnd,
  checkOptions,
  type Fetch,
  type FetchResponse,
  type IdempotentFetchOptions,
  systemClock,
} from './options.ts'
import { mayRetry, type Problem, retryAfterMs, waitMs } from './retry.ts'
import { uuidV7 } from './uuid.ts'

/**
 * Like `fetch`, but sends the same idempotency key on every attempt of a call.
 *
 * @throws TypeError, before anything is sent, if the request cannot carry the key.
 * @throws NoAnswerError if the last attempt got no response.
 * @throws the reason of `init.signal`, as soon as it aborts, as `fetch` does.
 */
export type IdempotentFetch = (
  input: string | URL | Request,
  /** Pass `idempotencyKey` to continue with a key from an earlier call, for example after a page reload. */
  init?: RequestInit & { readonly idempotencyKey?: string },
) => Promise<Response>

/**
 * Thrown if no attempt got a response: the request may or may not have taken effect. To find out, send it again with
 * the same `key`: it runs only if it has not run before. `cause` is the error of the last attempt.
 */
export class NoAnswerError extends Error {
  override readonly name = 'NoAnswerError'
  readonly key: string
  readonly attempts: number

  constructor({ method, url }: Request, key: string, attempts: number, options: ErrorOptions) {
    const { origin, pathname } = new URL(url)
    const count = attempts === 1 ? 'one attempt' : `${attempts} attempts`
    super(
      `No response to ${method} ${origin}${pathname} in ${count}; it may or may not have taken effect. To find out, send it again with idempotencyKey ${JSON.stringify(key)}.`,
      options,
    )
    this.key = key
    this.attempts = attempts
  }
}

/** Timers with a longer delay fire at once. */
const MAX_TIMER_MS = 2 ** 31 - 1

/**
 * Returns a `fetch` that sends an idempotency key, a new one per call, and retries with the same key. It retries after
 * a request without a response, and after the statuses 408, 425, 429, 500, 502, 503, 504, and 409 for a run in
 * progress. It waits as long as `Retry-After` says, and follows a server that says whether to retry
 * (`Stripe-Should-Retry`, or `retryable` of a problem). Any other response is returned.
 *
 * Two calls are two requests. If the user may trigger the same request twice, create the key with the form and pass
 * it as `idempotencyKey`.
 *
 * The response is read to its end before it is returned, so that a connection lost halfway is retried too.
 *
 * @throws TypeError if an option is unknown or invalid.
 */
export function createIdempotentFetch(options: IdempotentFetchOptions = {}): IdempotentFetch {
  checkOptions(options)
  const { clock = systemClock, random = Math.random, header = 'Idempotency-Key', onAttempt } = options
  const { newKey = () => uuidV7(clock.nowMs()), fetch: send = fetch } = options
  const { maxAttempts = 5, attemptTimeoutMs = 30_000, totalTimeoutMs = 120_000 } = options
  const { baseDelayMs = 250, maxDelayMs = 10_000 } = options
  // A device's clock may be set during a call, which must neither end it nor let it go on for hours.
  const elapsedMs = (): number => options.clock?.nowMs() ?? performance.now()

  return async (input, init = {}) => {
    const { idempotencyKey, ...rest } = init
    // One request for all attempts: encoding a form again would change its boundary, and so the body under this key.
    const request = new Request(input, rest)
    const key = idempotencyKey ?? request.headers.get(header) ?? newKey()
    request.headers.set(header, key)
    // In mode `no-cors` a browser silently drops the header.
    if (key === '' || request.headers.get(header) !== key || request.mode === 'no-cors') {
      throw new TypeError(
        `idempotentFetch: cannot send idempotency key ${JSON.stringify(key)} as header ${header}. Use visible characters only, and a mode other than no-cors.`,
      )
    }
    const { signal } = request
    const untilMs = elapsedMs() + totalTimeoutMs

    for (let number = 1; ; number += 1) {
      signal.throwIfAborted()
      const startedAtMs = elapsedMs()
      const timeoutMs = Math.max(
        1,
        Math.floor(Math.min(attemptTimeoutMs, untilMs - startedAtMs, MAX_TIMER_MS)),
      )
      const ended = await attempt(send, request.clone(), signal, timeoutMs)
      signal.throwIfAborted()

      const nowMs = elapsedMs()
      const { response, problem } = ended
      const requestedMs = response && retryAfterMs(response.headers, clock.nowMs())
      const pauseMs = waitMs(number, requestedMs, { baseDelayMs, maxDelayMs, random })
      const isTransient = response === undefined || mayRetry(response, problem)
      const retries = isTransient && number < maxAttempts && nowMs + pauseMs < untilMs
      callHook(onAttempt, {
        key,
        number,
        durationMs: nowMs - startedAtMs,
        isReplay: response?.headers.get('idempotent-replayed') === 'true',
        ...(response ? { status: response.status } : { error: ended.error }),
        ...(typeof problem?.code === 'string' && { code: problem.code }),
        ...(retries && { waitMs: pauseMs }),
      })
      if (retries) await clock.sleep(Math.min(pauseMs, MAX_TIMER_MS), signal)
      else if (response) return response
      else throw new NoAnswerError(request, key, number, { cause: ended.error })
    }
  }
}

/** The end of one attempt: a response that was read to its end, or an error. */
type Ended =
  | { readonly response: Response; readonly problem: Problem }
  | { readonly response?: undefined; readonly problem?: undefined; readonly error: unknown }

/** Sends the request and reads the response. Ends with the timeout or the signal, even if `send` obeys neither. */
async function attempt(
  send: Fetch,
  request: Request,
  signal: AbortSignal,
  timeoutMs: number,
): Promise<Ended> {
  const controller = new AbortController()
  const abort = (): void => controller.abort(signal.reason)
  signal.addEventListener('abort', abort)
  // Unlike that of `AbortSignal.timeout`, this timer keeps a process alive that waits for nothing else.
  const timer = setTimeout(
    () => controller.abort(new DOMException(`No response in ${timeoutMs} ms`, 'TimeoutError')),
    timeoutMs,
  )
  try {
    const aborted = new Promise<never>((_, reject) => {
      controller.signal.addEventListener('abort', () => reject(controller.signal.reason))
    })
    return await Promise.race([aborted, exchange(send, request, controller.signal)])
  } catch (error) {
    return { error }
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', abort)
  }
}

async function exchange(send: Fetch, request: Request, signal: AbortSignal): Promise<Ended> {
  const response = await toPlatform(await send(request, { signal }))
  const text = await response.clone().text()
  const isProblem = response.headers.get('content-type')?.includes('application/problem+json') ?? false
  return { response, problem: isProblem ? parseProblem(text) : {} }
}

/** The statuses of responses that have no body. */
const BODILESS: ReadonlySet<number> = new Set([204, 205, 304])

/** Returns the response as one of the platform's: a clone of another's may not be readable to its end. */
async function toPlatform(answer: FetchResponse): Promise<Response> {
  if (answer instanceof Response) return answer
  const { status, statusText, headers, url } = answer
  const body = await answer.arrayBuffer()
  const init = { status, statusText, headers: [...headers] }
  const response = new Response(BODILESS.has(status) ? null : body, init)
  return Object.defineProperty(response, 'url', { value: url })
}

function parseProblem(json: string): Problem {
  try {
    const value: unknown = JSON.parse(json)
    return typeof value === 'object' && value !== null ? value : {}
  } catch {
    return {}
  }
}

function callHook(hook: IdempotentFetchOptions['onAttempt'], attempt: AttemptEnd): void {
  // What fails here must not change the response, nor end the process as an unhandled rejection.
  new Promise((resolve) => resolve(hook?.(attempt))).catch(() => undefined)
}
