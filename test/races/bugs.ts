import type { InFlightRecord } from '../../packages/oncekey/src/core/record.ts'
import type { Owner, Store } from '../../packages/oncekey/src/core/store.ts'
import type { Bug } from './store.ts'

// Each is a store that keeps the contract but for one thing.

const limits = { timeoutMs: 0 }

/** The claim of whoever holds the record now. */
async function current(store: Store, claim: Owner): Promise<Owner> {
  const { record } = await store.read(claim.id, limits)
  return { id: claim.id, owner: record?.owner ?? claim.owner }
}

export const completesForAnyone: Bug = (store) => ({
  ...store,
  complete: async (claim, completion) => store.complete(await current(store, claim), completion, limits),
})

export const releasesForAnyone: Bug = (store) => ({
  ...store,
  release: async (claim) => store.release(await current(store, claim), limits),
})

/** A refusal does not show that the claim in the way is the caller's own. */
export const hidesOwnClaim: Bug = (store) => ({
  ...store,
  async insert(record) {
    const answer = await store.insert(record, limits)
    const isOwn = answer.kind === 'refused' && answer.record?.owner === record.owner
    return isOwn ? { ...answer, record: { ...answer.record, owner: 'another' } } : answer
  },
})

/** The record of a claim expires before its lease ends. */
export const expiresEarly: Bug = (store) => ({
  ...store,
  insert: (record) => store.insert({ ...record, expiresAtMs: record.createdAtMs + 1 }, limits),
})

export const deletesOnRelease: Bug = (store) => {
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

export const commitsWithoutLease: Bug = (store) => ({
  ...store,
  async commit(claim, completion, writes) {
    await relive(store, claim)
    return store.commit(claim, completion, writes, limits)
  },
})

/** A takeover, or a replacement, of whatever is there now. */
export const takesOverUnseen: Bug = (store) => ({
  ...store,
  takeover: async (record) => store.takeover(record, await seen(store, record), limits),
})

export const replacesUnseen: Bug = (store) => ({
  ...store,
  replace: async (record) => store.replace(record, await seen(store, record), limits),
})

async function seen(store: Store, { id, owner }: InFlightRecord) {
  const { record } = await store.read(id, limits)
  return { owner: record?.owner ?? owner, leaseUntilMs: record?.leaseUntilMs ?? 0 }
}

/** An expired record is changed, not written anew. */
export const keepsStepsOnReplace: Bug = (store) => ({
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
export const boastsOfCompletion: Bug = (store) => ({
  ...store,
  async complete(claim, completion) {
    const answer = await store.complete(claim, completion, limits)
    return answer.kind === 'refused' && answer.record === undefined ? answer : { kind: 'written' }
  },
})

export const forgetsCrashMode: Bug = (store) => ({
  ...store,
  insert: (record) => store.insert({ ...record, onCrash: 'rerun' }, limits),
})
