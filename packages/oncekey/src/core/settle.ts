import type { Claim } from './claim.ts'
import { keepRenewing } from './renew.ts'

/** How the handler of a claim ended. */
export type Ran =
  | { readonly kind: 'returned'; readonly result: unknown; readonly error?: undefined }
  | { readonly kind: 'threw'; readonly error: unknown }
  /** The handler was abandoned and still runs: its claim is neither completed nor released. */
  | { readonly kind: 'abandoned'; readonly error: unknown }
  /** The handler was never called. */
  | { readonly kind: 'not-run'; readonly error?: undefined }

/** What `run` gives if the handler was not called after all. */
export const NOT_RUN: unique symbol = Symbol('not run')

/** Runs the handler of a claim to its end, renewing the lease meanwhile if the request asks for it. Never throws. */
export async function settle(claim: Claim, run: () => unknown): Promise<Ran> {
  const { renewEveryMs } = claim.request
  const stopRenewing = renewEveryMs === undefined ? undefined : keepRenewing(claim, renewEveryMs)
  try {
    const result = await run()
    return result === NOT_RUN ? { kind: 'not-run' } : { kind: 'returned', result }
  } catch (error) {
    return { kind: isEarlyTimeout(error) ? 'abandoned' : 'threw', error }
  } finally {
    stopRenewing?.()
  }
}

/** Returns whether Middy gave up on a handler that still runs, shortly before Lambda would end it. */
function isEarlyTimeout(error: unknown): boolean {
  if (!(error instanceof Error) || error.name !== 'TimeoutError') return false
  const { cause } = error
  return typeof cause === 'object' && cause !== null && 'package' in cause && cause.package === '@middy/core'
}
