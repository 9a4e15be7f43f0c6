import { systemClock } from '../core/clock.ts'
import type { Skew } from '../core/lease.ts'
import type { ReplayCache, Settings } from '../core/request.ts'
import type { Store } from '../core/store.ts'
import { type ClaimOptions, DEFAULTS } from '../options.ts'
import { checkTableName, dynamoDbStore } from '../stores/dynamodb/store.ts'

/** Stores made from a table's name with the default client: `runOnce` gets the name anew on each call. */
const storesByName = new Map<string, Store>()
const skews = new WeakMap<Store, Skew>()

/**
 * Resolves the options of an entry, which have been checked, to settings.
 * @throws TypeError if `table` is neither a name nor a store, for example if an environment variable is not set.
 */
export function resolveSettings(where: string, table: unknown, options: ClaimOptions): Settings {
  const store = storeOf(where, table, options.client)
  const { inFlight = DEFAULTS.inFlight, leaseMs = DEFAULTS.leaseMs, cache, clock } = options
  const { renewEveryMs = Math.ceil(leaseMs / 3) } = options
  if (options.renewEveryMs !== undefined && renewEveryMs >= leaseMs) {
    throw new TypeError(
      `${where}: expected renewEveryMs to be less than leaseMs (${leaseMs}), got ${renewEveryMs}.`,
    )
  }
  return {
    entry: where,
    store,
    clock: clock
      ? {
          nowMs: () => clock.nowMs(),
          sleep: clock.sleep?.bind(clock) ?? systemClock.sleep,
          ...(clock.setTimer && { setTimer: clock.setTimer.bind(clock) }),
        }
      : systemClock,
    skew: skewOf(store),
    retentionMs: options.retentionMs ?? DEFAULTS.retentionMs,
    leaseMs,
    renewEveryMs,
    minRemainingMs: options.minRemainingMs ?? DEFAULTS.minRemainingMs,
    onCrash: options.onCrash ?? DEFAULTS.onCrash,
    waitMs: inFlight === 'reject' ? 0 : inFlight.waitMs,
    onStoreError: options.onStoreError ?? DEFAULTS.onStoreError,
    cache: cache && loadCache(cache.maxEntries),
    onOutcome: options.onOutcome,
    logger: options.logger,
  }
}

async function loadCache(maxEntries: number): Promise<ReplayCache> {
  const { createReplayCache } = await import('../features/cache.ts')
  return createReplayCache(maxEntries)
}

function storeOf(where: string, table: unknown, client: ClaimOptions['client']): Store {
  if (isStore(table)) return table
  checkTableName(where, table, 'a table name or a Store')
  if (client !== undefined) return dynamoDbStore(table, { client })
  const store = storesByName.get(table) ?? dynamoDbStore(table)
  storesByName.set(table, store)
  return store
}

function isStore(table: unknown): table is Store {
  return (
    typeof table === 'object' && table !== null && 'insert' in table && typeof table.insert === 'function'
  )
}

/** Every entry on one store shares what is known of the difference between its clock and the process's. */
function skewOf(store: Store): Skew {
  const skew = skews.get(store) ?? { offsetMs: 0 }
  skews.set(store, skew)
  return skew
}
