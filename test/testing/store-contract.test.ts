import type { Store } from 'oncekey'
import { memoryStore, storeContract } from 'oncekey/testing'
import { expect, test } from 'vitest'

const limits = { timeoutMs: 1_000 }
const chunked = {
  kind: 'chunked',
  encoding: 'identity',
  chunks: 1,
  ref: 'a',
  sizeBytes: 1,
  checksum: 'b',
} as const

/** Faults that a store may have, each with a check that finds it. */
const faults: readonly [fault: string, found: string, fault: (store: Store) => Partial<Store>][] = [
  [
    'insert overwrites',
    'insert is refused by a record of the same id, whatever its state',
    (store) => ({
      async insert(record) {
        const reply = await store.insert(record, limits)
        if (reply.kind !== 'refused' || reply.record === undefined) return reply
        return store.replace(record, reply.record, limits)
      },
    }),
  ],
  [
    'insert looks before it writes',
    'insert of many at once is written once',
    (store) => ({
      async insert(record) {
        const { record: found } = await store.read(record.id, limits)
        if (found !== undefined) return store.insert(record, limits)
        await store.insert(record, limits)
        return { kind: 'written', nowMs: Date.now(), record }
      },
    }),
  ],
  [
    'replace does not compare the owner',
    'replace is refused if another owner was seen',
    (store) => ({
      async replace(record, seen) {
        const owner = (await store.read(record.id, limits)).record?.owner ?? seen.owner
        return store.replace(record, { ...seen, owner }, limits)
      },
    }),
  ],
  [
    'takeover does not compare the lease',
    'takeover is refused if a shorter lease was seen',
    (store) => ({
      async takeover(record, seen) {
        const leaseUntilMs = (await store.read(record.id, limits)).record?.leaseUntilMs ?? seen.leaseUntilMs
        return store.takeover(record, { ...seen, leaseUntilMs }, limits)
      },
    }),
  ],
  [
    'takeover writes the whole record',
    'takeover keeps a step that was saved after the record was seen',
    (store) => ({ takeover: (record, seen) => store.replace(record, seen, limits) }),
  ],
  [
    'complete does not compare the owner',
    'complete is refused and changes nothing once a successor has the claim',
    (store) => ({
      async complete(claim, completion) {
        const owner = (await store.read(claim.id, limits)).record?.owner ?? claim.owner
        return store.complete({ ...claim, owner }, completion, limits)
      },
    }),
  ],
  [
    'complete forgets the token of a commit',
    'complete keeps the token of the transaction that it stands for',
    (store) => ({
      complete: (claim, { commitToken: _, ...completion }) => store.complete(claim, completion, limits),
    }),
  ],
  [
    'release does nothing',
    'release ends the lease and deletes nothing',
    () => ({ release: async () => ({ kind: 'written' }) }),
  ],
  [
    'saveStep loses names that begin with a sign',
    'saveStep takes "#a" as a name',
    (store) => ({
      saveStep: (claim, name, result) => store.saveStep(claim, name.replace('#', ''), result, limits),
    }),
  ],
  [
    'renew moves any lease',
    'renew is refused if it arrives again, late, after another renewal',
    (store) => ({
      async renew(claim, change) {
        const { record } = await store.read(claim.id, limits)
        const fromLeaseUntilMs = record?.leaseUntilMs ?? change.fromLeaseUntilMs
        return store.renew(claim, { ...change, fromLeaseUntilMs }, limits)
      },
    }),
  ],
  [
    'chunks are mixed up',
    'offload keeps the bytes of two claims, of two names and of two tries apart',
    () => {
      let bytes = new Uint8Array()
      return {
        async offload(_claim, { result }) {
          bytes = Uint8Array.from(result.kind === 'json' ? Buffer.from(result.json) : result.bytes)
          return chunked
        },
        load: async () => bytes,
      }
    },
  ],
  [
    'load makes up what is gone',
    'load of chunks that do not exist throws RecordUnreadableError',
    () => ({ load: async () => new Uint8Array() }),
  ],
  [
    'replies have the time of another clock',
    'every reply that shows a record has the time of the store',
    (store) => ({ read: async (id) => ({ ...(await store.read(id, limits)), nowMs: 0 }) }),
  ],
  [
    'refusals show no record',
    'insert is refused by a record of the same id, whatever its state',
    (store) => ({
      async insert(record) {
        const reply = await store.insert(record, limits)
        return reply.kind === 'refused' ? { ...reply, record: undefined } : reply
      },
    }),
  ],
]

test.each(faults)('the contract of a store finds that %s', async (_, found, fault) => {
  const failed: string[] = []
  const createStore = (): Store => {
    const store = memoryStore()
    return { ...store, ...fault(store) }
  }
  for (const { name, run } of storeContract(createStore)) {
    await run().catch(() => failed.push(name))
  }
  expect(failed).toContain(found)
})

test('the names of the checks are different, so that a test runner can tell them apart', () => {
  const names = storeContract(memoryStore).map(({ name }) => name)
  expect(names.length).toBeGreaterThan(60)
  expect(new Set(names).size).toBe(names.length)
})

test('one store serves all checks', async () => {
  const store = memoryStore()
  const checks = storeContract(() => store)
  const failed = await Promise.all(
    checks.map(({ name, run }) =>
      run().then(
        () => [],
        () => [name],
      ),
    ),
  )
  expect(failed.flat()).toEqual([])
})
