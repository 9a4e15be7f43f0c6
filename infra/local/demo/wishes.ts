import type { WireRequest } from '../http-api-event.ts'

/**
 * What the checkout page asks of this machine, beside the payment. Only `infra/local` knows these headers: a deployed
 * function sees them as it sees any other header, and does nothing about them.
 */
export interface Wishes {
  /** `lose-reply`: the connection is cut once the work is done. `crash`: the run is killed once the card is charged. */
  readonly fault?: 'lose-reply' | 'crash'
  /** Who an authorizer would say is calling. */
  readonly user?: string
  readonly isUnprotected: boolean
}

/** What the request's headers wish for, or in words what is wrong with them. */
export function readWishes({ headers }: WireRequest): Wishes | string {
  const fault = headers['x-demo-fault']?.[0]
  const user = headers['x-demo-user']?.[0]
  const protection = headers['x-demo-protection']?.[0] ?? 'on'
  if (fault !== undefined && fault !== 'lose-reply' && fault !== 'crash') {
    return `Expected X-Demo-Fault to be lose-reply or crash, got ${JSON.stringify(fault)}.`
  }
  if (protection !== 'on' && protection !== 'off') {
    return `Expected X-Demo-Protection to be on or off, got ${JSON.stringify(protection)}.`
  }
  return { ...(fault && { fault }), ...(user && { user }), isUnprotected: protection === 'off' }
}
