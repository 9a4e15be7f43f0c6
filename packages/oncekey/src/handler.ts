import type { Context } from 'aws-lambda'
import { type IdempotentContext, withAttempt } from './context.ts'
import { createInvoke } from './invocation.ts'
import type { IdempotencyOptions } from './options.ts'
import type { Store } from './protocol/store.ts'

/** The mark that the Lambda runtime puts on a handler made by `awslambda.streamifyResponse`. */
const STREAMING = Symbol.for('aws.lambda.runtime.handler.streaming')

/** Event and context; a third one would be a callback. */
const MAX_PARAMETERS = 2

/**
 * The handler, safe to retry, without Middy. Inside it, `context.idempotency` is the attempt.
 *
 * @param fn an async handler, `(event, context) => result`.
 * @param table the table's name, or a store.
 * @throws TypeError at cold start, if `fn` streams its response or wants a callback, or the table or an option makes no
 *   sense.
 * @see {@link IdempotencyOptions} for every option and its default
 */
export function idempotentHandler<TEvent, TResult>(
  fn: (event: TEvent, context: IdempotentContext) => TResult | Promise<TResult>,
  table: string | Store,
  options?: IdempotencyOptions,
): (event: TEvent, context: Context) => Promise<TResult> {
  if (typeof fn !== 'function')
    throw new TypeError(`idempotentHandler: expected a handler function, got ${typeof fn}.`)
  if (STREAMING in fn) {
    throw new TypeError(
      'idempotentHandler: expected a handler that returns its response, got one that streams it (awslambda.streamifyResponse). A streamed response cannot be stored whole: return it instead.',
    )
  }
  if (fn.length > MAX_PARAMETERS) {
    throw new TypeError(
      `idempotentHandler: expected an async handler (event, context), got one with ${fn.length} parameters. A callback is not waited for: return the response instead.`,
    )
  }
  const invoke = createInvoke('idempotentHandler', table, options)

  return async (event, context) => {
    const invocation = await invoke(event, context)
    if (invocation.kind === 'pass') return fn(event, context as IdempotentContext)
    if (invocation.kind === 'answer') return invocation.answer as TResult

    const { guarded } = invocation
    let result: TResult
    try {
      result = await fn(event, withAttempt(context, guarded.attempt))
    } catch (error) {
      return (await guarded.threw(error)) as TResult
    }
    return (await guarded.returned(result)) as TResult
  }
}
