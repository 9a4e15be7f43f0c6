import type { Context } from 'aws-lambda'
import { type Attempt, claimOf } from '../core/attempt.ts'
import { warnOnce } from '../core/outcome.ts'
import type { Invocation, Settings } from '../core/request.ts'
import { MAX_DURATION_MS } from '../options.ts'

/** The context inside a protected handler: Lambda's, or another such as that of a durable execution. */
export type IdempotentContext<C = Context> = C & { readonly idempotency: Attempt }

/**
 * Returns a copy of the context that carries the attempt. The original is not written to: two invocations may share
 * it, and one would see the other's claim.
 */
export function withAttempt<C>(context: C, attempt: Attempt): IdempotentContext<C> {
  if (isDurable(context)) return viewWith(context, attempt)
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
    outer: claimOf(Object(context).idempotency),
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
  const { lambdaContext, functionName: name = Object(lambdaContext).functionName } = Object(context)
  if (typeof name === 'string' && name !== '') return name
  if (process.env.AWS_LAMBDA_FUNCTION_NAME !== undefined) return process.env.AWS_LAMBDA_FUNCTION_NAME
  warnOnce(
    'ONCEKEY_SERVICE',
    "There is no function name outside Lambda: the keys of every handler without the option service belong to the service 'local', so two handlers on one store answer each other's requests. Give each handler its own service.",
  )
  return 'local'
}

/** The part of AWS's `DurableContext` that is used here. */
export interface DurableContext {
  readonly lambdaContext: object
  readonly executionContext: { readonly durableExecutionArn: string }
  runInChildContext<T>(name: string, fn: (child: this) => Promise<T>): PromiseLike<T>
}

/** AWS's mark of a durable context, the same in every copy and version of its SDK that has one. */
const DURABLE_CONTEXT = Symbol.for('@aws/durable-execution-sdk-js/durable-context')

/**
 * Returns whether this is the context of a Lambda durable execution, or of a branch of it. Early versions of AWS's SDK
 * do not mark it.
 * @see https://docs.aws.amazon.com/lambda/latest/dg/durable-functions.html
 */
export function isDurable<C>(context: C): context is C & DurableContext {
  return (
    typeof context === 'object' &&
    context !== null &&
    (DURABLE_CONTEXT in context || ('lambdaContext' in context && 'executionContext' in context))
  )
}

/** A copy of a durable context would count its steps apart from the original. */
function viewWith<C extends object>(context: C, attempt: Attempt): IdempotentContext<C> {
  return new Proxy(context, {
    get(target, name) {
      if (name === 'idempotency') return attempt
      const value: unknown = Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
    has: (target, name) => name === 'idempotency' || Reflect.has(target, name),
  }) as IdempotentContext<C>
}
