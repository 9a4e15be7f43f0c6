import type { Context } from 'aws-lambda'
import type { Attempt } from './attempt/attempt.ts'

/** The Lambda context inside a protected handler. */
export type IdempotentContext = Context & { readonly idempotency: Attempt }

/**
 * A context of this invocation alone that carries the attempt. The original is not written to: a context that two
 * invocations share would show one of them the other's claim.
 */
export function withAttempt<C>(context: C, attempt: Attempt): C & { readonly idempotency: Attempt } {
  const original = Object(context)
  const copy = Object.create(Object.getPrototypeOf(original))
  for (const name of Reflect.ownKeys(original)) {
    // Frozen, one of its own could not be written over.
    if (name === 'idempotency') continue
    const member = Reflect.getOwnPropertyDescriptor(original, name)
    // What can be assigned is: to define it takes several times as long, on every invocation.
    if (member?.writable && member.enumerable && !(name in copy)) copy[name] = member.value
    else if (member !== undefined) Object.defineProperty(copy, name, member)
  }
  return Object.defineProperty(copy, 'idempotency', {
    value: attempt,
    enumerable: true,
    configurable: true,
    writable: false,
  })
}
