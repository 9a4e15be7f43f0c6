import type { Context } from 'aws-lambda'
import type { Attempt } from '../core/attempt.ts'
import type { Clock } from '../core/clock.ts'
import { warnOnce } from '../core/outcome.ts'
import type { Invocation } from '../core/request.ts'
import { MAX_DURATION_MS } from '../options.ts'

/** The Lambda context inside a protected handler. */
export type IdempotentContext = Context & { readonly idempotency: Attempt }

/**
 * Returns a copy of the context that carries the attempt. The original is not written to: two invocations may share
 * it, and one would see the other's claim.
 */
export function withAttempt<C>(context: C, attempt: Attempt): C & { readonly idempotency: Attempt } {
  const original = Object(context)
  const copy = Object.create(Object.getPrototypeOf(original))
  for (const name of Reflect.ownKeys(original)) {
    // A frozen one could not be overwritten.
    if (name === 'idempotency') continue
    const property = Reflect.getOwnPropertyDescriptor(original, name)
    // Assignment where possible: `defineProperty` takes several times as long, on every invocation.
    if (property?.writable && property.enumerable && !(name in copy)) copy[name] = property.value
    else if (property !== undefined) Object.defineProperty(copy, name, property)
  }
  return Object.defineProperty(copy, 'idempotency', {
    value: attempt,
    enumerable: true,
    configurable: true,
    writable: false,
  })
}

/** Describes one call of a protected function, at the moment that it begins. */
export function newInvocation(
  event: unknown,
  context: unknown,
  clock: Clock,
  service: string | undefined,
): Invocation {
  const startedAtMs = clock.nowMs()
  const remainingMs = remainingTimeMs(context)
  return {
    event,
    context,
    service: service ?? functionName(context),
    startedAtMs,
    deadlineMs: remainingMs === undefined ? undefined : Math.floor(startedAtMs + remainingMs),
  }
}

/**
 * Returns the time left in the invocation, or `undefined` if the host sets no deadline. 0 is a real value. A value
 * that no option could have, such as the infinite one of a test's context, counts as no deadline.
 */
export function remainingTimeMs(context: unknown): number | undefined {
  if (typeof context !== 'object' || context === null || !('getRemainingTimeInMillis' in context))
    return undefined
  const { getRemainingTimeInMillis } = context
  const remainingMs: unknown =
    typeof getRemainingTimeInMillis === 'function' ? getRemainingTimeInMillis.call(context) : undefined
  return typeof remainingMs === 'number' && Math.abs(remainingMs) <= MAX_DURATION_MS ? remainingMs : undefined
}

/** Returns the Lambda function's name, from the context or the environment; outside Lambda, `local`. */
function functionName(context: unknown): string {
  const name =
    typeof context === 'object' && context !== null && 'functionName' in context ? context.functionName : ''
  if (typeof name === 'string' && name !== '') return name
  if (process.env.AWS_LAMBDA_FUNCTION_NAME !== undefined) return process.env.AWS_LAMBDA_FUNCTION_NAME
  warnOnce(
    'ONCEKEY_SERVICE',
    "There is no function name outside Lambda: the keys of every handler without the option service belong to the service 'local', so two handlers on one store answer each other's requests. Give each handler its own service.",
  )
  return 'local'
}
