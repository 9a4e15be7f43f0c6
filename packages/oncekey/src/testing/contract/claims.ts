import assert from 'node:assert/strict'
import type { InFlightRecord } from '../../core/record.ts'
import type { ClaimReply, Seen, Store } from '../../core/store.ts'
import { assertClaimed, assertEqual, assertRefused, assertStored, type Checks } from './assertions.ts'
import {
  aClaim,
  aCompletion,
  completed,
  insertClaim,
  jsonResult,
  limits,
  nextClaim,
  T0,
  takenOver,
} from './records.ts'

const AT_ONCE = 20

const seenOf = ({ owner, leaseUntilMs }: InFlightRecord): Seen => ({ owner, leaseUntilMs })
const withStep = { steps: new Map([['charge', jsonResult]]) }

/** Asserts that of many claims sent at once exactly one was written, and that it is the one stored. */
async function assertOneWinner(
  store: Store,
  claims: readonly InFlightRecord[],
  send: (claim: InFlightRecord) => Promise<ClaimReply>,
  recordOf = (claim: InFlightRecord): InFlightRecord => claim,
): Promise<void> {
  const replies = await Promise.all(claims.map(send))
  const winners = claims.filter((_, n) => replies[n]?.kind === 'written')
  const [winner] = winners
  assert.ok(
    winner !== undefined && winners.length === 1,
    `expected 1 claim to be written, got ${winners.length}`,
  )
  await assertStored(store, winner.id, recordOf(winner))
}

const insertChecks: Checks = {
  async 'insert writes the record where none exists'(store) {
    const record = aClaim()
    await assertClaimed(store, await store.insert(record, limits), record)
  },

  async 'insert keeps every fact of a claim'(store) {
    const facts = { attempt: 7, fingerprint: 'none', leaseUntilMs: 1, createdAtMs: 0, expiresAtMs: T0 }
    const record = aClaim({ ...facts, onCrash: 'refuse', ...withStep })
    await assertClaimed(store, await store.insert(record, limits), record)
  },

  async 'insert is refused by a record of the same id, whatever its state'(store) {
    const [live, released, done] = [
      await insertClaim(store),
      await insertClaim(store),
      await insertClaim(store),
    ]
    await store.release(released, limits)
    await store.complete(done, aCompletion(), limits)
    const records = [live, { ...released, leaseUntilMs: 0 }, completed(done, aCompletion())]
    for (const record of records) {
      const reply = await store.insert(aClaim({ id: record.id }), limits)
      await assertRefused(store, reply, record.id, record)
    }
  },

  async 'insert of many at once is written once'(store) {
    const { id } = aClaim()
    const claims = Array.from({ length: AT_ONCE }, () => aClaim({ id }))
    await assertOneWinner(store, claims, (claim) => store.insert(claim, limits))
  },
}

const replaceChecks: Checks = {
  async 'replace writes the whole record in place of the one seen'(store) {
    const old = await insertClaim(store, withStep)
    const record = { ...nextClaim(old), fingerprint: 'jcs:other', createdAtMs: T0 + 60_000 }
    await assertClaimed(store, await store.replace(record, seenOf(old), limits), record)
  },

  async 'replace leaves nothing of a completed record'(store) {
    const old = await insertClaim(store)
    await store.complete(old, aCompletion(), limits)
    const record = nextClaim(old)
    await assertClaimed(
      store,
      await store.replace(record, { ...seenOf(old), leaseUntilMs: 0 }, limits),
      record,
    )
  },

  async 'replace of many at once is written once'(store) {
    const old = await insertClaim(store)
    const claims = Array.from({ length: AT_ONCE }, () => nextClaim(old))
    await assertOneWinner(store, claims, (claim) => store.replace(claim, seenOf(old), limits))
  },
}

const takeoverChecks: Checks = {
  async 'takeover changes owner, attempt, lease, expiry and crash mode, says when, and changes nothing else'(
    store,
  ) {
    const old = await insertClaim(store, withStep)
    const record = { ...nextClaim(old), fingerprint: 'jcs:other', createdAtMs: T0 + 60_000 }
    const reply = await store.takeover(record, seenOf(old), limits)
    await assertClaimed(store, reply, takenOver(old, record))
  },

  async 'takeover goes back from a refusing crash mode to the usual one'(store) {
    const old = await insertClaim(store, { onCrash: 'refuse' })
    const record: InFlightRecord = { ...nextClaim(old), onCrash: 'rerun' }
    await assertClaimed(store, await store.takeover(record, seenOf(old), limits), takenOver(old, record))
  },

  async 'takeover keeps a step that was saved after the record was seen'(store) {
    const old = await insertClaim(store)
    await store.saveStep(old, 'charge', jsonResult, limits)
    const reply = await store.takeover(nextClaim(old), seenOf(old), limits)
    const steps = reply.kind === 'written' ? reply.record.steps : undefined
    assertEqual(steps, withStep.steps)
  },

  async 'takeover of many at once is written once'(store) {
    const old = await insertClaim(store)
    const claims = Array.from({ length: AT_ONCE }, () => nextClaim(old))
    const takeOver = (claim: InFlightRecord): Promise<ClaimReply> =>
      store.takeover(claim, seenOf(old), limits)
    await assertOneWinner(store, claims, takeOver, (claim) => takenOver(old, claim))
  },
}

const WRONGLY_SEEN: Readonly<Record<string, (old: InFlightRecord) => Seen>> = {
  'another owner': (old) => ({ ...seenOf(old), owner: 'somebody-else' }),
  'a shorter lease': (old) => ({ ...seenOf(old), leaseUntilMs: old.leaseUntilMs - 1 }),
  'a longer lease': (old) => ({ ...seenOf(old), leaseUntilMs: old.leaseUntilMs + 1 }),
}

/** Returns the checks that `replace` and `takeover` are conditional on the record that was seen. */
function conditionChecks(how: 'replace' | 'takeover'): Checks {
  const checks: Record<string, Checks[string]> = {
    async [`${how} is refused if the run seen has completed since`](store) {
      const old = await insertClaim(store)
      await store.complete(old, aCompletion(), limits)
      const reply = await store[how](nextClaim(old), seenOf(old), limits)
      await assertRefused(store, reply, old.id, completed(old, aCompletion()))
    },
    async [`${how} is refused if the record is gone`](store) {
      const old = aClaim()
      const reply = await store[how](nextClaim(old), seenOf(old), limits)
      await assertRefused(store, reply, old.id, undefined)
    },
  }
  for (const [what, wrongly] of Object.entries(WRONGLY_SEEN)) {
    checks[`${how} is refused if ${what} was seen`] = async (store) => {
      const old = await insertClaim(store)
      const reply = await store[how](nextClaim(old), wrongly(old), limits)
      await assertRefused(store, reply, old.id, old)
    }
  }
  return checks
}

export const claimChecks: Checks = {
  ...insertChecks,
  ...replaceChecks,
  ...takeoverChecks,
  ...conditionChecks('replace'),
  ...conditionChecks('takeover'),
}
