import type { Context } from 'aws-lambda'
import type { Attempt } from './attempt/attempt.ts'

/** The Lambda context inside a protected handler. */
export type IdempotentContext = Context & { readonly idempotency: Attempt }

/**
 * A context of this invocation alone that carries the attempt. The original is not written to: a context that two
 * invocations share would show one of them the other's claim.
 */
export function withAttempt<C>(context: C, attempt: Attempt): C & { readonly idempotency: Attempt } {
  const descriptors = Object.getOwnPropertyDescriptors(Object(context))
  return Object.create(Object.getPrototypeOf(Object(context)), {
    ...descriptors,
    idempotency: { value: attempt, enumerable: true, configurable: true, writable: false },
  })
}
