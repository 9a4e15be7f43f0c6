import type { Store } from '../core/store.ts'
import { claimChecks } from './contract/claims.ts'
import { resultChecks } from './contract/results.ts'
import { writeChecks } from './contract/writes.ts'

/** One promise of a store. `run` rejects if the store breaks it. */
export interface StoreCheck {
  readonly name: string
  readonly run: () => Promise<void>
}

/**
 * Returns the checks that every store must pass, for a test runner of any kind. They need neither an empty store nor a
 * manual clock: each uses keys of its own, and records whose times are in the future.
 *
 * @param createStore called once for each check. It may return the same store each time.
 * @example
 * for (const { name, run } of storeContract(() => memoryStore())) test(name, run)
 */
export function storeContract(createStore: () => Store | Promise<Store>): readonly StoreCheck[] {
  return Object.entries({ ...claimChecks, ...writeChecks, ...resultChecks }).map(([name, check]) => ({
    name,
    run: async () => check(await createStore()),
  }))
}
