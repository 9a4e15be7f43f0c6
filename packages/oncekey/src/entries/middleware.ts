import type { Attempt } from '../core/attempt.ts'
import { warnOnce } from '../core/outcome.ts'
import { NOT_RUN } from '../core/settle.ts'
import type { Store } from '../core/store.ts'
import type { IdempotencyOptions } from '../options.ts'
import { type IdempotentContext, withAttempt } from './context.ts'
import { createProtectEvent, type ProtectEvent } from './event.ts'

/**
 * A request of Middy 6 or 7. Middy's own types would need Middy to be installed, and cannot be imported from CommonJS.
 */
export interface MiddyRequest<TEvent, TResult> {
  event: TEvent
  context: IdempotentContext
  response: TResult | null | undefined
  earlyResponse?: TResult | null | undefined
  error: Error | null | undefined
  internal: Record<never, never>
}

type MiddyHook<TEvent, TResult> = (request: MiddyRequest<TEvent, TResult>) => Promise<void>

export interface IdempotentMiddleware<TEvent, TResult> {
  before: MiddyHook<TEvent, TResult>
  after: MiddyHook<TEvent, TResult>
  onError: MiddyHook<TEvent, TResult>
}

/** A request between `before` and the hook that ends it. */
interface Pending {
  /** Stands in for the handler, whose end the hooks report. */
  readonly handler: PromiseWithResolvers<unknown>
  readonly answer: Promise<unknown>
  readonly watched: WatchedResponse
}

/** Different from every answer, `undefined` included. */
const NO_ANSWER = Symbol('no answer')

/**
 * Returns a Middy middleware that makes the handler safe to retry. Register it last (innermost), so that nothing
 * stands between the claim and the handler. Middy skips the `after` hooks of the others on a replay or a refusal: if
 * those change responses, write `middy(idempotentHandler(fn, table)).use(…)` instead.
 *
 * @param table the table's name, or a store.
 * @throws TypeError at cold start, if the table or an option is invalid.
 * @see {@link IdempotencyOptions} for every option and its default
 */
export function idempotent<TEvent = unknown, TResult = unknown>(
  table: string | Store,
  options?: IdempotencyOptions<TEvent>,
): IdempotentMiddleware<TEvent, TResult> {
  const protectEvent = createProtectEvent('idempotent', table, options)
  /** By request, not in `request.internal`: all requests of the process may share that. */
  const pendings = new WeakMap<object, Pending>()
  const take = (request: object): Pending | undefined => {
    const pending = pendings.get(request)
    pendings.delete(request)
    return pending
  }

  return {
    async before(request) {
      const { started, handler, answer } = await start(protectEvent, request.event, request.context)
      if (started === 'answered') {
        // Middy takes a returned `undefined` for "go on".
        request.earlyResponse = (await answer) as TResult
        await endPowertools(request)
        return
      }
      if (started === undefined) return
      request.context = withAttempt(request.context, started)
      // A middleware registered after this one may answer early; the hooks below are then not called.
      const watched = watchResponse(request, async ({ hook, value }) => {
        const pending = take(request)
        if (pending === undefined) return value
        if (hook === 'onError') {
          const reply = await endFailed(pending, request.error)
          return reply === NO_ANSWER ? value : reply
        }
        if (hook === 'after') {
          handler.resolve(value)
          return answer
        }
        handler.resolve(NOT_RUN)
        await answer.catch(() => undefined)
        return value
      })
      pendings.set(request, { handler, answer, watched })
    },

    async after(request) {
      const pending = take(request)
      if (pending === undefined) return
      pending.handler.resolve(request.response)
      request.response = (await pending.answer) as TResult
      pending.watched.warnOfChanges()
    },

    async onError(request) {
      const pending = take(request)
      if (pending === undefined) return
      const reply = await endFailed(pending, request.error)
      if (reply !== NO_ANSWER) request.response = reply as TResult
    },
  }
}

interface Started extends Omit<Pending, 'watched'> {
  /** The attempt of a claimed request, `undefined` for one that needs no protection. */
  readonly started: Attempt | undefined | 'answered'
}

/** Starts to protect an invocation. Resolves when its handler is to run, or when it is answered without. */
async function start(protectEvent: ProtectEvent, event: unknown, context: unknown): Promise<Started> {
  const handler = Promise.withResolvers<unknown>()
  const started = Promise.withResolvers<Started['started']>()
  const answer = protectEvent(event, context, (attempt) => {
    started.resolve(attempt)
    return attempt && handler.promise
  })
  // Handles the answer's rejection too: Middy may never call its hooks, so that nobody awaits it.
  answer.then(() => started.resolve('answered'), started.reject)
  return { started: await started.promise, handler, answer }
}

/** Ends a run after an error of anybody's. Returns the answer, if there is one in place of the error. */
async function endFailed({ handler, answer, watched }: Pending, error: unknown): Promise<unknown> {
  const handlerResult = watched.handlerResult()
  if (handlerResult !== undefined) {
    // The handler returned, and another middleware's `after` threw before ours was called: the work is done.
    handler.resolve(handlerResult.value)
    await answer.catch(() => undefined)
    return NO_ANSWER
  }
  handler.reject(error)
  return answer.catch((thrown: unknown) => {
    if (thrown === error) return NO_ANSWER
    throw thrown
  })
}

/** The handler's end, as the writes to a Middy request's `response` show it. */
interface WatchedResponse {
  /** Returns what the handler returned, if it did: Middy reports a handler's error and a middleware's the same way. */
  handlerResult(): { readonly value: unknown } | undefined
  /** Prints a warning if the response is changed from now on: on a replay, nobody would change it. */
  warnOfChanges(): void
}

/** The hook in which a later middleware answered early, and its answer. */
type EarlyAnswer = { readonly hook: 'before' | 'after' | 'onError'; readonly value: unknown }

/**
 * Watches the writes to a Middy request's `response` and `error` from `before` on. Middy 6 and 7 write `response` when
 * the handler has returned, and reset it just before they set `error`: an error that follows more than the reset is
 * not the handler's. That `error` is written shows that there is one, because a handler may throw `undefined`.
 *
 * An early answer of a later middleware is written there too, and ends the request without another hook. The result
 * of `onEarlyAnswer` replaces it: Middy returns `response` from an async function, which awaits it.
 */
function watchResponse(
  request: { response?: unknown; error?: unknown; earlyResponse?: unknown },
  onEarlyAnswer: (answer: EarlyAnswer) => Promise<unknown>,
): WatchedResponse {
  let isError = false
  let isAnswered = false
  const beforeError: unknown[] = []
  watchProperty(request, 'response', (value) => {
    if (!isError) beforeError.push(value)
    // The reset of an error writes `undefined`.
    if (isAnswered && !isError && value !== undefined) {
      warnOnce(
        'ONCEKEY_AFTER',
        'Another middleware changes responses after idempotent, and Middy skips its `after` hook on replays and refusals, which stay as they are. Write middy(idempotentHandler(fn, table)).use(...) instead.',
      )
    }
    // The reset comes while an early answer may still be there.
    if (!('earlyResponse' in request) || request.earlyResponse !== value) return value
    const hook = isError ? 'onError' : beforeError.length === 1 ? 'before' : 'after'
    return onEarlyAnswer({ hook, value })
  })
  watchProperty(request, 'error', (thrown) => {
    isError = true
    return thrown
  })
  return {
    handlerResult: () => (beforeError.length > 1 ? { value: beforeError[0] } : undefined),
    warnOfChanges() {
      isAnswered = true
    },
  }
}

/**
 * Lets the middlewares of Powertools for AWS end what they began: an early answer skips their `after` hooks, and they
 * leave functions in `request.internal` for whoever gives one.
 * @see https://docs.aws.amazon.com/powertools/typescript/latest/features/metrics/
 */
async function endPowertools(request: {
  readonly internal: Readonly<Record<string, unknown>>
}): Promise<void> {
  for (const [name, end] of Object.entries(request.internal)) {
    if (!name.startsWith('powertools-for-aws.') || typeof end !== 'function') continue
    try {
      await end(request)
    } catch {
      // Such as metrics that must not be empty: the handler did not run.
    }
  }
}

/** Calls `onWrite` with each value written to the property, and stores its result there. */
function watchProperty<Name extends string>(
  holder: { [name in Name]?: unknown },
  name: Name,
  onWrite: (value: unknown) => unknown,
): void {
  let current: unknown = holder[name]
  Object.defineProperty(holder, name, {
    configurable: true,
    enumerable: true,
    get: () => current,
    set: (value: unknown) => {
      current = onWrite(value)
    },
  })
}
