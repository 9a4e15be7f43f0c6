import type { Claim } from './claim.ts'
import { keepRenewing } from './renew.ts'

/** The end of a claim's handler. */
export type Ran =
  | { readonly kind: 'returned'; readonly result: unknown; readonly error?: undefined }
  | { readonly kind: 'threw'; readonly error: unknown }
  /** The handler was abandoned and still runs: its claim is neither completed nor released. */
  | { readonly kind: 'abandoned'; readonly error: unknown }
  /** The handler was never called. */
  | { readonly kind: 'not-run'; readonly error?: undefined }

/** Returned by `run` if the handler was not called after all. */
export const NOT_RUN: unique symbol = Symbol('not run')

/** Runs the handler of a claim to its end, and keeps its lease alive meanwhile. Never throws. */
export async function settle(claim: Claim, run: () => unknown): Promise<Ran> {
  const stopRenewing = keepRenewing(claim)
  try {
    const result = await run()
    return result === NOT_RUN ? { kind: 'not-run' } : { kind: 'returned', result }
  } catch (error) {
    return { kind: isEarlyTimeout(error) ? 'abandoned' : 'threw', error }
  } finally {
    stopRenewing()
  }
}

/** Returns whether Middy gave up on a handler that still runs, shortly before Lambda would end it. */
function isEarlyTimeout(error: unknown): boolean {
  if (!(error instanceof Error) || error.name !== 'TimeoutError') return false
  const { cause } = error
  return typeof cause === 'object' && cause !== null && 'package' in cause && cause.package === '@middy/core'
}
