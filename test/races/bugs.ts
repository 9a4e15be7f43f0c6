import { StoreUnavailableError } from '../../packages/oncekey/src/core/errors.ts'
import type { InFlightRecord } from '../../packages/oncekey/src/core/record.ts'
import type { Owner, Store } from '../../packages/oncekey/src/core/store.ts'
import type { SettingsBug } from './caller.ts'
import type { StoreBug } from './store.ts'

// The first are stores that keep the contract but for one thing.

const limits = { timeoutMs: 0 }

/** The claim of whoever holds the record now. */
async function current(store: Store, claim: Owner): Promise<Owner> {
  const { record } = await store.read(claim.id, limits)
  return { id: claim.id, owner: record?.owner ?? claim.owner }
}

export const completesForAnyone: StoreBug = (store) => ({
  ...store,
  complete: async (claim, completion) => store.complete(await current(store, claim), completion, limits),
})

export const releasesForAnyone: StoreBug = (store) => ({
  ...store,
  release: async (claim) => store.release(await current(store, claim), limits),
})

/** A refusal does not show that the claim in the way is the caller's own. */
export const hidesOwnClaim: StoreBug = (store) => ({
  ...store,
  async insert(record) {
    const answer = await store.insert(record, limits)
    const isOwn = answer.kind === 'refused' && answer.record?.owner === record.owner
    return isOwn ? { ...answer, record: { ...answer.record, owner: 'another' } } : answer
  },
})

/** The record of a claim expires before its lease ends. */
export const expiresEarly: StoreBug = (store) => ({
  ...store,
  insert: (record) => store.insert({ ...record, expiresAtMs: record.createdAtMs + 1 }, limits),
})

export const deletesOnRelease: StoreBug = (store) => {
  let isDeleted = false
  return {
    ...store,
    async release(claim) {
      const answer = await store.release(claim, limits)
      isDeleted = answer.kind === 'written'
      return answer
    },
    read: async (id) => (isDeleted ? { nowMs: 0, record: undefined } : store.read(id, limits)),
  }
}

/** A released claim is brought back to life, so that the write that follows finds a lease. */
async function relive(store: Store, claim: Owner): Promise<void> {
  const { record } = await store.read(claim.id, limits)
  if (record?.status !== 'in-flight' || record.owner !== claim.owner || record.leaseUntilMs > 0) return
  await store.replace({ ...record, leaseUntilMs: 1 }, record, limits)
}

export const commitsWithoutLease: StoreBug = (store) => ({
  ...store,
  async commit(claim, completion, writes) {
    await relive(store, claim)
    return store.commit(claim, completion, writes, limits)
  },
})

/** A takeover, or a replacement, of whatever is there now. */
export const takesOverUnseen: StoreBug = (store) => ({
  ...store,
  takeover: async (record) => store.takeover(record, await seen(store, record), limits),
})

export const replacesUnseen: StoreBug = (store) => ({
  ...store,
  replace: async (record) => store.replace(record, await seen(store, record), limits),
})

async function seen(store: Store, { id, owner }: InFlightRecord) {
  const { record } = await store.read(id, limits)
  return { owner: record?.owner ?? owner, leaseUntilMs: record?.leaseUntilMs ?? 0 }
}

/** An expired record is changed, not written anew. */
export const keepsStepsOnReplace: StoreBug = (store) => ({
  ...store,
  async replace(record, seen) {
    const held = (await store.read(record.id, limits)).record
    return store.replace(
      held?.status === 'in-flight' ? { ...record, steps: held.steps } : record,
      seen,
      limits,
    )
  },
})

/** A completion that was refused is said to be written. */
export const boastsOfCompletion: StoreBug = (store) => ({
  ...store,
  async complete(claim, completion) {
    const answer = await store.complete(claim, completion, limits)
    return answer.kind === 'refused' && answer.record === undefined ? answer : { kind: 'written' }
  },
})

export const forgetsCrashMode: StoreBug = (store) => ({
  ...store,
  insert: (record) => store.insert({ ...record, onCrash: 'rerun' }, limits),
})

/** A renewal is said to be written, and was not. */
export const boastsOfRenewal: StoreBug = (store) => ({
  ...store,
  renew: () => Promise.resolve({ kind: 'written' }),
})

/** A replica takes the write that conflicts with one in the other Region. */
export const acceptsConflict: StoreBug = (store) => ({
  ...store,
  async insert(record) {
    const { record: held } = await store.read(record.id, limits)
    return held === undefined ? store.insert(record, limits) : store.replace(record, held, limits)
  },
})

// The others are in what the caller gets: its clock, its options, or its side of the store.

/** As before there were renewals. */
export const neverRenews: SettingsBug = (settings) => ({
  ...settings,
  clock: { ...settings.clock, setTimer: () => () => undefined },
})

/** As before there was a margin: a claim is stored only until its run stops to believe in it. */
export const storesNoMargin: SettingsBug = (settings) => ({
  ...settings,
  store: {
    ...settings.store,
    async insert(record, callLimits) {
      const stored = { ...record, leaseUntilMs: record.leaseUntilMs - 2_000 }
      const answer = await settings.store.insert(stored, callLimits)
      return answer.kind === 'written' ? { ...answer, record } : answer
    },
  },
})

/** As before a claim in doubt was released after every error: a final one ends the request at once. */
export const keepsClaimInDoubt: SettingsBug = (settings) => {
  let error: StoreUnavailableError | undefined
  return {
    ...settings,
    store: {
      ...settings.store,
      insert: (record, callLimits) =>
        settings.store.insert(record, callLimits).catch((thrown: unknown) => {
          if (thrown instanceof StoreUnavailableError && !thrown.retryable) error = thrown
          throw thrown
        }),
      release: (claim, callLimits) =>
        error === undefined ? settings.store.release(claim, callLimits) : Promise.reject(error),
    },
  }
}

export const beginsAtLastMinute: SettingsBug = (settings) => ({ ...settings, minRemainingMs: 0 })

/** The last read before running without protection does not show a result. */
export const overlooksResult: SettingsBug = (settings) => ({
  ...settings,
  store: {
    ...settings.store,
    async read(id, callLimits) {
      const seen = await settings.store.read(id, callLimits)
      return seen.record?.status === 'completed' ? { ...seen, record: undefined } : seen
    },
  },
})
