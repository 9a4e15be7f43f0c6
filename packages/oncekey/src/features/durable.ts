import { randomUUID } from 'node:crypto'
import { isOncekeyError } from '../core/errors.ts'
import { digest } from '../core/identity.ts'
import type { ProtectedRequest, Responder, Settings } from '../core/request.ts'

/**
 * The longest that an execution may take: 366 days.
 * @see https://docs.aws.amazon.com/lambda/latest/dg/durable-configuration.html
 */
const MAX_EXECUTION_MS = 31_622_400_000

/** The owners that calls in progress hold, by invocation. An invocation has a `lambdaContext` of its own. */
const heldIn = new WeakMap<object, Set<string>>()

/**
 * Returns the request as one of its durable execution, whose invocations share one claim: its owner names the execution,
 * and its lease outlasts the time for which the execution is suspended.
 *
 * Two branches of an execution may ask for the same, and only one may run: a claim that another call of this invocation
 * holds is not taken up. Counting the calls would not do, as a resumed execution skips the branches that have ended.
 *
 * @param leaseMs the option of that name: the longest time between two invocations of the execution.
 */
export function inExecution(
  settings: Settings,
  request: ProtectedRequest,
  context: object,
  leaseMs: number = MAX_EXECUTION_MS,
): { readonly settings: Settings; readonly request: ProtectedRequest; readonly end: () => void } {
  const { lambdaContext, executionContext }: { lambdaContext?: unknown; executionContext?: unknown } = context
  const arn: unknown = Object(executionContext).durableExecutionArn
  if (typeof arn !== 'string' || typeof lambdaContext !== 'object' || lambdaContext === null) {
    throw new TypeError(
      `${settings.entry}: expected the context of a durable execution to have its durableExecutionArn and lambdaContext, got ${typeof arn} and ${typeof lambdaContext}. Pass on the context of withDurableExecution.`,
    )
  }
  const held = heldIn.get(lambdaContext) ?? new Set<string>()
  heldIn.set(lambdaContext, held)
  const prefix = `${digest([arn, request.id, request.fingerprint])}.`
  const own = new Set<string>()
  const hold = (owner: string): void => {
    own.add(owner)
    held.add(owner)
  }
  return {
    settings: { ...settings, leaseMs, renewEveryMs: Number.POSITIVE_INFINITY },
    request: {
      ...request,
      // The deadline is that of one invocation. The next one finishes what this one cannot.
      invocation: { ...request.invocation, deadlineMs: undefined, isDeadlineEnforced: false },
      responder: retryingResponder(request.responder),
      execution: {
        newOwner() {
          const owner = `${prefix}${randomUUID()}`
          hold(owner)
          return owner
        },
        owns(owner) {
          if (!own.has(owner) && (held.has(owner) || !owner.startsWith(prefix))) return false
          hold(owner)
          return true
        },
        // The lease would outlast the execution by far.
        failToEnd: endInvocationIfTransient,
      },
    },
    end() {
      for (const owner of own) held.delete(owner)
    },
  }
}

/** An answer would end the execution in the middle of its work. */
function retryingResponder(responder: Responder<unknown>): Responder<unknown> {
  return {
    ...responder,
    refuse(error, source, invocation) {
      endInvocationIfTransient(error)
      return responder.refuse(error, source, invocation)
    },
  }
}

/** Throws an error that fails the invocation, which Lambda then repeats, and not the execution. */
function endInvocationIfTransient(error: unknown): void {
  if (!(isOncekeyError(error, 'store-unavailable') && error.retryable)) return
  throw Object.assign(error, { isUnrecoverable: true, isUnrecoverableInvocation: true })
}

/** Returns whether AWS's SDK takes the error for the end of the invocation, not of the execution. */
export function endsInvocation(error: unknown): boolean {
  return Object(error).isUnrecoverableInvocation === true
}
