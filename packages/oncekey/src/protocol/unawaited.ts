import { types } from 'node:util'

/**
 * What a user's function gave where nobody can wait for it. Should it be a promise, nobody hears of its rejection
 * either, and one that nobody hears of ends the process: between the effect and its completion, at worst.
 */
export function unawaited<T>(given: T): T {
  // No other thenable ends it, and to ask one may begin its work: a query builder runs its query then.
  if (types.isPromise(given)) given.catch(() => undefined)
  return given
}
