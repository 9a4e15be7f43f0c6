import type { IdempotencyRecord, InFlightRecord } from '../../core/record.ts'
import type { StoredResult } from '../../core/result.ts'
import type { Store, WriteReply } from '../../core/store.ts'
import { assertEqual, assertRefused, assertStored, type Checks } from './assertions.ts'
import {
  aClaim,
  aCompletion,
  completed,
  insertClaim,
  jsonResult,
  limits,
  nextClaim,
  results,
  T0,
  takenOver,
} from './records.ts'

const WRITTEN: WriteReply = { kind: 'written' }
const withStep = { steps: new Map([['charge', jsonResult]]) }

const STORED: Readonly<Record<string, StoredResult>> = {
  ...results,
  'a long JSON': { kind: 'json', json: JSON.stringify('€ ☃ \u0000 \ud800'.repeat(100)) },
  'bytes of every value': {
    kind: 'compressed',
    bytes: Uint8Array.from({ length: 256 }, (_, n) => n),
    sizeBytes: 6 * 1024 * 1024,
  },
  'chunks that are not compressed': { ...results.chunked, encoding: 'identity' },
  'no result and no status': { kind: 'unavailable', reason: '' },
}

const completeChecks: Checks = {
  ...named(
    STORED,
    (what) => `complete stores ${what}, ends the lease and removes the steps`,
    async (store, result) => {
      const claim = await insertClaim(store, withStep)
      const completion = aCompletion({ result, steps: ['charge', 'never saved'] })
      assertEqual(await store.complete(claim, completion, limits), WRITTEN)
      await assertStored(store, claim.id, completed(claim, completion))
    },
  ),

  async 'complete leaves a readable record if it does not name all steps'(store) {
    const claim = await insertClaim(store, withStep)
    await store.complete(claim, aCompletion(), limits)
    await assertStored(store, claim.id, completed(claim, aCompletion()))
  },

  async 'complete removes as many steps as a record may hold'(store) {
    const names = Array.from({ length: 1_000 }, (_, n) => `step ${n}`)
    const claim = await insertClaim(store, { steps: new Map(names.map((name) => [name, jsonResult])) })
    await store.complete(claim, aCompletion({ steps: names }), limits)
    await assertStored(store, claim.id, completed(claim, aCompletion()))
  },

  async 'complete keeps the token of the transaction that it stands for'(store) {
    const claim = await insertClaim(store)
    const completion = aCompletion({ commitToken: 'a-token' })
    await store.complete(claim, completion, limits)
    await assertStored(store, claim.id, completed(claim, completion))
  },

  async 'release ends the lease and deletes nothing'(store) {
    const claim = await insertClaim(store, { attempt: 3, ...withStep })
    assertEqual(await store.release(claim, limits), WRITTEN)
    await assertStored(store, claim.id, { ...claim, leaseUntilMs: 0 })
  },
}

/** The last is as long as a name may be. */
const STEP_NAMES = [
  'a.b',
  'a[0]',
  '#a',
  ':a',
  'status',
  'step:',
  '__proto__',
  ' ',
  'Überweisung €',
  'x'.repeat(255),
]

const stepChecks: Checks = {
  async 'saveStep adds a step to the ones that are there'(store) {
    const claim = await insertClaim(store, withStep)
    assertEqual(await store.saveStep(claim, 'receipt', { kind: 'undefined' }, limits), WRITTEN)
    const steps = new Map<string, StoredResult>([...withStep.steps, ['receipt', { kind: 'undefined' }]])
    await assertStored(store, claim.id, { ...claim, steps })
  },

  async 'saveStep saves steps at the same time'(store) {
    const claim = await insertClaim(store)
    const names = Array.from({ length: 10 }, (_, n) => `step ${n}`)
    await Promise.all(names.map((name) => store.saveStep(claim, name, jsonResult, limits)))
    const steps = new Map(names.map((name) => [name, jsonResult]))
    await assertStored(store, claim.id, { ...claim, steps })
  },

  ...named(
    results,
    (kind) => `saveStep saves a result of kind ${kind}`,
    async (store, result) => {
      const claim = await insertClaim(store)
      await store.saveStep(claim, 'charge', result, limits)
      await assertStored(store, claim.id, { ...claim, steps: new Map([['charge', result]]) })
    },
  ),

  ...named(
    Object.fromEntries(STEP_NAMES.map((name) => [JSON.stringify(name), name])),
    (name) => `saveStep takes ${name} as a name`,
    async (store, name) => {
      const claim = await insertClaim(store)
      await store.saveStep(claim, name, jsonResult, limits)
      await assertStored(store, claim.id, { ...claim, steps: new Map([[name, jsonResult]]) })
    },
  ),
}

const MOVED = { leaseUntilMs: T0 + 60_000, expiresAtMs: T0 + 3_661_000 }

const renewChecks: Checks = {
  async 'renew moves lease and expiry'(store) {
    const claim = await insertClaim(store, withStep)
    const reply = await store.renew(claim, { ...MOVED, fromLeaseUntilMs: claim.leaseUntilMs }, limits)
    assertEqual(reply, WRITTEN)
    await assertStored(store, claim.id, { ...claim, ...MOVED })
  },

  async 'renew is refused if it arrives again, late, after another renewal'(store) {
    const claim = await insertClaim(store)
    const first = { ...MOVED, fromLeaseUntilMs: claim.leaseUntilMs }
    const second = { leaseUntilMs: T0 + 90_000, expiresAtMs: T0 + 3_690_000 }
    await store.renew(claim, first, limits)
    await store.renew(claim, { ...second, fromLeaseUntilMs: MOVED.leaseUntilMs }, limits)
    await assertRefused(store, await store.renew(claim, first, limits), claim.id, { ...claim, ...second })
  },
}

type OwnersWrite = (store: Store, claim: InFlightRecord) => Promise<WriteReply>

const OWNERS_WRITES: Readonly<Record<string, OwnersWrite>> = {
  complete: (store, claim) => store.complete(claim, aCompletion({ completedAtMs: T0 + 2_000 }), limits),
  release: (store, claim) => store.release(claim, limits),
  saveStep: (store, claim) => store.saveStep(claim, 'late', jsonResult, limits),
  renew: (store, claim) => store.renew(claim, { ...MOVED, fromLeaseUntilMs: claim.leaseUntilMs }, limits),
  'renew from a released lease': (store, claim) =>
    store.renew(claim, { ...MOVED, fromLeaseUntilMs: 0 }, limits),
}

/** Events before a late write of a claim's owner. Each returns the record as it then is. */
const LATER: Readonly<
  Record<string, (store: Store, claim: InFlightRecord) => Promise<IdempotencyRecord | undefined>>
> = {
  async 'once a successor has the claim'(store, claim) {
    await store.insert(claim, limits)
    // The same lease: only the owner distinguishes the two.
    const successor = { ...nextClaim(claim), leaseUntilMs: claim.leaseUntilMs }
    await store.takeover(successor, { owner: claim.owner, leaseUntilMs: claim.leaseUntilMs }, limits)
    return takenOver(claim, successor)
  },
  async 'once the run has completed'(store, claim) {
    await store.insert(claim, limits)
    await store.complete(claim, aCompletion(), limits)
    return completed(claim, aCompletion())
  },
  async 'once the claim was released'(store, claim) {
    await store.insert(claim, limits)
    await store.release(claim, limits)
    return { ...claim, leaseUntilMs: 0 }
  },
  'if there is no record': async () => undefined,
}

const lateChecks: Checks = Object.assign(
  {},
  ...Object.entries(OWNERS_WRITES).map(([what, write]) =>
    named(
      LATER,
      (when) => `${what} is refused and changes nothing ${when}`,
      async (store, become) => {
        const claim = aClaim()
        const record = await become(store, claim)
        await assertRefused(store, await write(store, claim), claim.id, record)
      },
    ),
  ),
)

/** Returns a check for each value, named by it. */
function named<T>(
  values: Readonly<Record<string, T>>,
  nameOf: (name: string) => string,
  check: (store: Store, value: T) => Promise<void>,
): Checks {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [nameOf(name), (store: Store) => check(store, value)]),
  )
}

export const writeChecks: Checks = { ...completeChecks, ...stepChecks, ...renewChecks, ...lateChecks }
