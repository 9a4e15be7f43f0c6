/**
 * Middy gives up on a handler shortly before Lambda does, while the handler still runs: the claim is neither completed
 * nor freed, and its lease ends by itself.
 */
export function isEarlyTimeout(error: unknown): boolean {
  if (!(error instanceof Error) || error.name !== 'TimeoutError') return false
  const { cause } = error
  return typeof cause === 'object' && cause !== null && 'package' in cause && cause.package === '@middy/core'
}
