import { systemClock } from './attempt/system-clock.ts'
import type { LeaseTerm } from './attempt/timing.ts'
import type { GuardSettings } from './guarded-request.ts'
import { LONGEST_DURATION_MS } from './option-rules.ts'
import type { ClaimOptions } from './options.ts'
import type { ReplayCache } from './replay-cache.ts'
import { skewOf, storeOf } from './table.ts'

const DEFAULT_RETENTION_MS = 24 * 60 * 60 * 1000
const DEFAULT_LEASE_MS = 60_000

export interface ResolvedSettings {
  readonly guard: GuardSettings
  /** How long a lease is where no deadline is known. */
  readonly leaseMs: number
}

/** Every default of a claim, written once. The options have been checked. */
export function resolveSettings(where: string, table: unknown, options: ClaimOptions): ResolvedSettings {
  const store = storeOf(where, table, options.client)
  const { inFlight = 'reject', cache, clock } = options
  return {
    leaseMs: options.leaseMs ?? DEFAULT_LEASE_MS,
    guard: {
      store,
      clock: clock
        ? { nowMs: () => clock.nowMs(), sleep: clock.sleep?.bind(clock) ?? systemClock.sleep }
        : systemClock,
      skew: skewOf(store),
      retentionMs: options.retentionMs ?? DEFAULT_RETENTION_MS,
      onCrash: options.onCrash ?? 'rerun',
      waitMs: inFlight === 'reject' ? 0 : inFlight.waitMs,
      onStoreError: options.onStoreError ?? 'refuse',
      cache: cache && loadCache(cache.maxEntries),
      onOutcome: options.onOutcome,
    },
  }
}

async function loadCache(maxEntries: number): Promise<ReplayCache> {
  const { createReplayCache } = await import('./replay-cache.ts')
  return createReplayCache(maxEntries)
}

/**
 * The lease of one invocation: until the deadline that its context tells, else for `leaseMs`.
 * A remaining time of 0 is a real value: the lease then ends as good as now. One that no option could be given, such as
 * the infinite one of a test's context, tells no deadline.
 *
 * @param nowMs the time at which this is called: the remaining time counts from then.
 */
export function leaseTerm(context: unknown, nowMs: number, leaseMs: number): LeaseTerm {
  if (typeof context === 'object' && context !== null && 'getRemainingTimeInMillis' in context) {
    const { getRemainingTimeInMillis } = context
    const remainingMs: unknown =
      typeof getRemainingTimeInMillis === 'function' ? getRemainingTimeInMillis.call(context) : undefined
    if (typeof remainingMs === 'number' && Math.abs(remainingMs) <= LONGEST_DURATION_MS) {
      return { kind: 'deadline', deadlineMs: Math.floor(nowMs + remainingMs) }
    }
  }
  return { kind: 'duration', leaseMs }
}
