import type { IdempotencyRecord, Snapshot } from '../../packages/oncekey/src/core/record.ts'
import type { CallLimits, ClaimReply, Store, WriteReply } from '../../packages/oncekey/src/core/store.ts'
import { memoryStore } from '../../packages/oncekey/src/stores/memory.ts'
import { createInterner, type Interned } from './interner.ts'
import type { Call, Reply } from './packets.ts'

/** A change to the store that breaks the protocol, to see whether the explorer notices. */
export type StoreBug = (store: Required<Store>) => Required<Store>

/** What one call does to what the store holds. It depends on nothing else: no condition holds a time. */
interface Effect {
  readonly before: Interned<IdempotencyRecord> | undefined
  readonly after: Interned<IdempotencyRecord> | undefined
  readonly reply: Omit<Reply, 'nowMs'>
}

export type Apply = (record: Interned<IdempotencyRecord> | undefined, call: Interned<Call>) => Promise<Effect>

const limits: CallLimits = { timeoutMs: 0 }

/** The memory store as a function from what it holds to what it will hold, each pair of record and call once. */
export function createApply(id: string, bug: StoreBug): Apply {
  const intern = createInterner<IdempotencyRecord>()
  const known = new Map<string, Promise<Effect>>()

  const compute: Apply = async (before, call) => {
    const store = bug(withCommit(await storeHolding(before?.value)))
    const answer = await send(store, call.value)
    const held = 'record' in answer ? answer.record : undefined
    const after = (await store.read(id, limits)).record
    return {
      before,
      after: after && intern(after),
      reply: { kind: 'kind' in answer ? answer.kind : 'seen', record: held && intern(held) },
    }
  }
  return (record, call) => {
    const key = `${record?.id ?? 0} ${call.id}`
    let effect = known.get(key)
    if (effect === undefined) {
      effect = compute(record, call)
      known.set(key, effect)
    }
    return effect
  }
}

async function storeHolding(record: IdempotencyRecord | undefined): Promise<Store> {
  const store = memoryStore({ nowMs: () => 0 })
  if (record?.status === 'in-flight') await store.insert(record, limits)
  if (record?.status === 'completed') {
    const { result, completedAtMs, commitToken, ...kept } = record
    await store.insert({ ...kept, status: 'in-flight', leaseUntilMs: 1, steps: new Map() }, limits)
    const token = commitToken === undefined ? {} : { commitToken }
    await store.complete(record, { result, completedAtMs, expiresAtMs: record.expiresAtMs, ...token }, limits)
  }
  return store
}

/** Transactions, which the memory store has not: a token that comes again finds its own completion. */
function withCommit(store: Store): Required<Store> {
  return {
    ...store,
    async commit(claim, completion): Promise<WriteReply> {
      const { record } = await store.read(claim.id, limits)
      const isRepeat = record?.status === 'completed' && record.commitToken === completion.commitToken
      return isRepeat ? { kind: 'written' } : store.complete(claim, completion, limits)
    },
  }
}

function send(store: Required<Store>, call: Call): Promise<ClaimReply | WriteReply | Snapshot> {
  switch (call.op) {
    case 'insert':
      return store.insert(call.record, limits)
    case 'replace':
    case 'takeover':
      return store[call.op](call.record, call.seen, limits)
    case 'complete':
      return store.complete(call.claim, call.completion, limits)
    case 'commit':
      return store.commit(call.claim, call.completion, [], limits)
    case 'release':
      return store.release(call.claim, limits)
    case 'saveStep':
      return store.saveStep(call.claim, call.name, call.result, limits)
    case 'renew':
      return store.renew(call.claim, call.lease, limits)
    case 'read':
      return store.read(call.id, limits)
  }
}
