import type { Store } from 'oncekey'
import { storeContract } from 'oncekey/testing'
import { describe, test } from 'vitest'

/** Runs the contract that every store must fulfil. `createStore` returns an empty one. */
export function describeStoreContract(name: string, createStore: () => Promise<Store>): void {
  describe(name, () => {
    test.each(storeContract(createStore).map((check) => [check.name, check.run] as const))('%s', (_, run) =>
      run(),
    )
  })
}
