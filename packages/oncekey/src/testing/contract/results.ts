import assert from 'node:assert/strict'
import { randomBytes, randomUUID } from 'node:crypto'
import { isOncekeyError } from '../../core/errors.ts'
import type { InFlightRecord } from '../../core/record.ts'
import type { StoredResult } from '../../core/result.ts'
import type { OffloadRequest, Store } from '../../core/store.ts'
import { assertEqual, type Checks } from './assertions.ts'
import { aClaim, limits, makeCall, results, T0 } from './records.ts'

const KIB = 1024
/** Around what a store may keep inline, and up to Lambda's largest response. */
const SIZES_BYTES = [1, 3 * KIB, 3 * KIB + 1, 400 * KIB, 6 * KIB * KIB]

const offload = (
  store: Store,
  claim: InFlightRecord,
  result: OffloadRequest['result'],
  name = 'result',
): Promise<StoredResult> => store.offload(claim, { result, name, inlineBytes: 0, expiresAtMs: T0 }, makeCall)

/** Returns the bytes of a result, wherever they are. */
async function load(store: Store, id: string, result: StoredResult): Promise<Uint8Array | undefined> {
  if (result.kind === 'json') return Buffer.from(result.json)
  if (result.kind === 'chunked') return store.load(id, result, limits)
  return result.kind === 'compressed' ? result.bytes : undefined
}

const sizeChecks: Checks = Object.fromEntries(
  SIZES_BYTES.map((size) => [
    `offload and load return ${size} bytes as they were`,
    async (store: Store) => {
      const claim = aClaim()
      const bytes = randomBytes(size)
      const compressed = await offload(store, claim, { kind: 'compressed', bytes, sizeBytes: size })
      assertEqual(await load(store, claim.id, compressed), bytes)
      const json = JSON.stringify(bytes.toString('hex').slice(0, size))
      const plain = await offload(store, claim, { kind: 'json', json })
      assertEqual(await load(store, claim.id, plain), Buffer.from(json))
    },
  ]),
)

export const resultChecks: Checks = {
  ...sizeChecks,

  async 'offload keeps the bytes of two claims, of two names and of two tries apart'(store) {
    const { id, owner } = aClaim({ owner: randomUUID() })
    const [one, other] = [aClaim({ id, owner }), aClaim({ id })]
    const offloads = [
      { claim: one, name: 'result' },
      { claim: one, name: 'commit' },
      { claim: other, name: 'result' },
      // A commit in doubt may yet arrive after another was tried: it must find its own bytes.
      { claim: one, name: 'result' },
    ].map((facts) => ({ ...facts, bytes: randomBytes(20_000) }))
    const offloaded = []
    for (const { claim, bytes, name } of offloads) {
      const result = { kind: 'compressed', bytes, sizeBytes: 1 } as const
      offloaded.push({ bytes, result: await offload(store, claim, result, name) })
    }
    for (const { bytes, result } of offloaded) assertEqual(await load(store, id, result), bytes)
  },

  async 'load of chunks that do not exist throws RecordUnreadableError'(store) {
    await assert.rejects(
      store.load('payments#1', results.chunked, limits),
      (error) => isOncekeyError(error, 'record-unreadable') && error.id === 'payments#1',
    )
  },

  async 'read of a record that was never written shows none'(store) {
    const { nowMs, record } = await store.read('payments#nobody', limits)
    assertEqual([Number.isFinite(nowMs), record], [true, undefined])
  },

  async 'every reply that shows a record has the time of the store'(store) {
    const claim = aClaim()
    const seen = { owner: claim.owner, leaseUntilMs: claim.leaseUntilMs }
    const beganAtMs = Date.now()
    const replies = [
      await store.insert(claim, limits),
      await store.insert(claim, limits),
      await store.takeover(claim, seen, limits),
      await store.replace(claim, { owner: 'nobody', leaseUntilMs: 1 }, limits),
      await store.release({ ...claim, owner: 'nobody' }, limits),
      await store.read(claim.id, limits),
    ]
    const endedAtMs = Date.now()
    for (const reply of replies) {
      const { nowMs } = { nowMs: Number.NaN, ...reply }
      // It may be in whole seconds.
      assert.ok(
        nowMs > beganAtMs - 1_000 && nowMs <= endedAtMs,
        `expected nowMs to be the time, ${beganAtMs} to ${endedAtMs}, got ${nowMs}`,
      )
    }
  },
}
