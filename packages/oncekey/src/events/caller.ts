import { ask, unidentified } from './ask.ts'

/** How an option may name the caller, and whether there must be one. */
export interface CallerOptions {
  principal?(event: unknown): string | undefined
  readonly requirePrincipal?: boolean | undefined
}

/**
 * The principal that the option `principal` names; `undefined` if it leaves that to the event's source.
 * @throws KeyInvalidError if it throws, or gives what names nobody.
 */
export function namedPrincipal(event: unknown, options: CallerOptions): string | undefined {
  const named: unknown = options.principal && ask('principal', options.principal, event)
  if (named === undefined || named === null) return undefined
  if (typeof named === 'string' && named.trim() !== '') return customPrincipal(named)
  const got = typeof named === 'string' ? 'an empty one' : typeof named
  throw unidentified(`The caller cannot be identified: expected principal to give a name, got ${got}.`)
}

/** The principal of a name that the service gave, told apart from every one that an event's source gave. */
export function customPrincipal(name: string): string {
  return JSON.stringify(['custom', name])
}

/** @throws KeyInvalidError if nobody is known and somebody must be. */
export function refuseAnonymous({ requirePrincipal }: CallerOptions): void {
  if (requirePrincipal === true) {
    throw unidentified('The caller is not identified, and an idempotency key must belong to someone here.')
  }
}
