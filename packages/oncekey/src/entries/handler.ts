import type { Context } from 'aws-lambda'
import type { Store } from '../core/store.ts'
import type { IdempotencyOptions } from '../options.ts'
import { type IdempotentContext, withAttempt } from './context.ts'
import { createProtectEvent } from './event.ts'

/** The property that `awslambda.streamifyResponse` sets on a handler. */
const STREAMING = Symbol.for('aws.lambda.runtime.handler.streaming')

/** Event and context; a third one would be a callback. */
const MAX_PARAMETERS = 2

/**
 * Makes a handler safe to retry, without Middy. Inside it, `context.idempotency` is the attempt.
 *
 * @param fn an async handler, `(event, context) => result`.
 * @param table the table's name, or a store.
 * @throws TypeError at cold start, if `fn` streams its response or takes a callback, or if the table or an option is
 *   invalid.
 * @see {@link IdempotencyOptions} for every option and its default
 */
export function idempotentHandler<TEvent, TResult>(
  fn: (event: TEvent, context: IdempotentContext) => TResult | Promise<TResult>,
  table: string | Store,
  options?: IdempotencyOptions<NoInfer<TEvent>>,
): (event: TEvent, context: Context) => Promise<TResult> {
  checkHandler(fn)
  const protectEvent = createProtectEvent('idempotentHandler', table, options)
  return (event, context) =>
    protectEvent(event, context, (attempt) =>
      fn(event, attempt ? withAttempt(context, attempt) : (context as IdempotentContext)),
    ) as Promise<TResult>
}

function checkHandler(fn: unknown): void {
  if (typeof fn !== 'function')
    throw new TypeError(`idempotentHandler: expected a handler function, got ${typeof fn}.`)
  if (STREAMING in fn) {
    throw new TypeError(
      'idempotentHandler: expected a handler that returns its response, got one that streams it (awslambda.streamifyResponse). A streamed response cannot be stored: return it instead.',
    )
  }
  if (fn.length > MAX_PARAMETERS) {
    throw new TypeError(
      `idempotentHandler: expected an async handler (event, context), got one with ${fn.length} parameters. A callback is not awaited: return the response instead.`,
    )
  }
}
