import { isOncekeyError } from '../core/errors.ts'
import { digest } from '../core/identity.ts'
import type { ProtectedRequest, Responder, Settings } from '../core/request.ts'

/**
 * The longest that an execution may take: 366 days.
 * @see https://docs.aws.amazon.com/lambda/latest/dg/durable-configuration.html
 */
const MAX_EXECUTION_MS = 31_622_400_000

/** How often each invocation has asked for each request. An invocation has a `lambdaContext` of its own. */
const asked = new WeakMap<object, Map<string, number>>()

/**
 * Returns the request as one of its durable execution, whose invocations share one claim: its owner is derived from
 * the execution, and its lease outlasts the time for which the execution is suspended.
 *
 * An execution runs its handler from the beginning each time it resumes, and calls in the same order. So the number of a
 * call tells apart two branches with the same request, of which only one may run.
 *
 * @param leaseMs the option of that name: the longest time between two invocations of the execution.
 */
export function inExecution(
  settings: Settings,
  request: ProtectedRequest,
  context: object,
  leaseMs: number = MAX_EXECUTION_MS,
): { readonly settings: Settings; readonly request: ProtectedRequest } {
  const { lambdaContext, executionContext }: { lambdaContext?: unknown; executionContext?: unknown } = context
  const arn: unknown = Object(executionContext).durableExecutionArn
  if (typeof arn !== 'string' || typeof lambdaContext !== 'object' || lambdaContext === null) {
    throw new TypeError(
      `${settings.entry}: expected the context of a durable execution to have its durableExecutionArn and lambdaContext, got ${typeof arn} and ${typeof lambdaContext}. Pass on the context of withDurableExecution.`,
    )
  }
  const calls = asked.get(lambdaContext) ?? new Map<string, number>()
  asked.set(lambdaContext, calls)
  const name = digest([arn, request.id, request.fingerprint])
  const call = (calls.get(name) ?? 0) + 1
  calls.set(name, call)
  return {
    settings: { ...settings, leaseMs, renewEveryMs: Number.POSITIVE_INFINITY },
    request: {
      ...request,
      // The deadline is that of one invocation. The next one finishes what this one cannot.
      invocation: { ...request.invocation, deadlineMs: undefined, isDeadlineEnforced: false },
      responder: retryingResponder(request.responder),
      ownerOf: (attempt) => digest([name, String(call), String(attempt)]),
    },
  }
}

/** An answer would end the execution in the middle of its work, while a failed invocation is retried by Lambda. */
function retryingResponder(responder: Responder<unknown>): Responder<unknown> {
  return {
    ...responder,
    refuse(error, source, invocation) {
      if (!(isOncekeyError(error, 'store-unavailable') && error.retryable))
        return responder.refuse(error, source, invocation)
      throw Object.assign(error, { isUnrecoverable: true, isUnrecoverableInvocation: true })
    },
  }
}

/** Returns whether AWS's SDK takes the error for the end of the invocation, not of the execution. */
export function endsInvocation(error: unknown): boolean {
  return Object(error).isUnrecoverableInvocation === true
}
