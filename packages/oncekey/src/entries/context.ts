import type { Context } from 'aws-lambda'
import type { Attempt } from '../core/attempt.ts'
import { warnOnce } from '../core/outcome.ts'
import type { Invocation, Settings } from '../core/request.ts'
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
  { clock, skew }: Settings,
  service: string | undefined,
): Invocation {
  const startedAtMs = clock.nowMs()
  const remainingMs = remainingTimeMs(context)
  return {
    event,
    context,
    service: service ?? functionName(context),
    startedAtMs,
    offsetMs: skew.offsetMs,
    deadlineMs: remainingMs === undefined ? undefined : Math.floor(startedAtMs + remainingMs),
    isDeadlineEnforced: remainingMs !== undefined && isDeadlineEnforced(),
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

/**
 * Returns whether this host ends a run at its deadline. Lambda does; Lambda Managed Instances, which run several
 * invocations at once in one process, do not, nor does any host that is not Lambda.
 * @see https://docs.aws.amazon.com/lambda/latest/dg/lambda-managed-instances.html
 */
function isDeadlineEnforced(): boolean {
  const { AWS_LAMBDA_FUNCTION_NAME, AWS_LAMBDA_MAX_CONCURRENCY } = process.env
  return AWS_LAMBDA_FUNCTION_NAME !== undefined && AWS_LAMBDA_MAX_CONCURRENCY === undefined
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

/** Why no durable execution is protected, and what to do instead. */
export const DURABLE_NOTE =
  'Oncekey does not protect a Lambda durable execution, which keeps checkpoints of its own. To start an execution once, give it a name made of your key.'

/**
 * Returns whether this is the context of a Lambda durable execution. One execution invokes the function again and again
 * with the same event: the second invocation would find the claim of the first one in progress.
 * @see https://docs.aws.amazon.com/lambda/latest/dg/durable-functions.html
 */
export function isDurable(context: unknown): boolean {
  return (
    typeof context === 'object' &&
    context !== null &&
    'lambdaContext' in context &&
    'executionContext' in context
  )
}
