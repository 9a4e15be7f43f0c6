import type { Callback, Context } from 'aws-lambda'
import type { Store } from '../core/store.ts'
import type { IdempotencyOptions } from '../options.ts'
import { type IdempotentContext, withAttempt } from './context.ts'
import { createProtectEvent } from './event.ts'

/** The property that `awslambda.streamifyResponse` sets on a handler. */
const STREAMING = Symbol.for('aws.lambda.runtime.handler.streaming')

/** A handler as Lambda's types describe it: it returns its result, or calls back with it. */
type LambdaHandler<TEvent, TResult, TContext> = (
  event: TEvent,
  context: IdempotentContext<TContext>,
  callback: Callback<TResult>,
) => Returned<TResult>

// biome-ignore lint/suspicious/noConfusingVoidType: as in Lambda's own type of a handler
type Returned<TResult> = void | TResult | Promise<TResult>

/** Event and context; a third one is a callback. */
const MAX_PARAMETERS = 2

/**
 * Makes a handler safe to retry, without Middy. Inside it, `context.idempotency` is the attempt.
 *
 * @param fn a handler, `(event, context) => result`, also of a framework's adapter, or with a callback.
 * @param table the table's name, or a store.
 * @throws TypeError at cold start, if `fn` streams its response, or if the table or an option is invalid.
 * @see {@link IdempotencyOptions} for every option and its default
 */
export function idempotentHandler<TEvent, TResult, TContext = Context>(
  fn: LambdaHandler<TEvent, TResult, TContext>,
  table: string | Store,
  options?: IdempotencyOptions<NoInfer<TEvent>>,
): (event: TEvent, context: TContext) => Promise<TResult> {
  checkHandler(fn)
  const protectEvent = createProtectEvent('idempotentHandler', table, options)
  return (event, context) =>
    protectEvent(event, context, (attempt) =>
      callHandler(
        fn,
        event,
        attempt ? withAttempt(context, attempt) : (context as IdempotentContext<TContext>),
      ),
    ) as Promise<TResult>
}

/**
 * Calls a handler, with a callback if it declares one. As in Lambda, the first answer counts: adapters of frameworks call
 * back and return a promise as well, which some of them never resolve. Any other value is not the answer, but what an
 * arrow function happens to return: a timer, or a request that has begun.
 */
function callHandler<TEvent, TResult, TContext>(
  fn: LambdaHandler<TEvent, TResult, TContext>,
  event: TEvent,
  context: IdempotentContext<TContext>,
): unknown {
  if (fn.length <= MAX_PARAMETERS) return Reflect.apply(fn, undefined, [event, context])
  const { promise, resolve, reject } = Promise.withResolvers<TResult | undefined>()
  const returned = fn(event, context, (error, result) => {
    if (error) reject(error)
    else resolve(result)
  })
  return isThenable(returned) ? Promise.race([promise, returned]) : promise
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}

function checkHandler(fn: unknown): void {
  if (typeof fn !== 'function')
    throw new TypeError(`idempotentHandler: expected a handler function, got ${typeof fn}.`)
  if (STREAMING in fn) {
    throw new TypeError(
      'idempotentHandler: expected a handler that returns its response, got one that streams it (awslambda.streamifyResponse). A streamed response cannot be stored: return it instead.',
    )
  }
}
