import type { Skew } from './attempt/timing.ts'
import type { ClaimOptions } from './options.ts'
import type { Store } from './protocol/store.ts'
import { dynamoDbStore } from './stores/dynamodb/index.ts'

/** Stores made from names with the default client: `runOnce` names its table anew on each call. */
const storesByName = new Map<string, Store>()
const skews = new WeakMap<Store, Skew>()

/**
 * The store that a table name or a store stands for.
 * @throws TypeError if it is neither, as when an environment variable is not set.
 */
export function storeOf(where: string, table: unknown, client: ClaimOptions['client']): Store {
  if (isStore(table)) return table
  if (typeof table !== 'string' || table === '') {
    const got = typeof table === 'string' ? 'an empty string' : String(table)
    throw new TypeError(
      `${where}: expected a table name or a Store, got ${got}. Is the environment variable set?`,
    )
  }
  if (client !== undefined) return dynamoDbStore(table, { client })
  const store = storesByName.get(table) ?? dynamoDbStore(table)
  storesByName.set(table, store)
  return store
}

/** What this process knows of the difference between its clock and the store's. */
export function skewOf(store: Store): Skew {
  const skew = skews.get(store) ?? { offsetMs: 0 }
  skews.set(store, skew)
  return skew
}

function isStore(table: unknown): table is Store {
  return (
    typeof table === 'object' && table !== null && 'insert' in table && typeof table.insert === 'function'
  )
}
