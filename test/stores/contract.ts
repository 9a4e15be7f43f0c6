import { randomBytes, randomUUID } from 'node:crypto'
import { beforeEach, describe, expect, test } from 'vitest'
import type { IdempotencyRecord, InFlightRecord, Snapshot } from '../../packages/oncekey/src/core/record.ts'
import type { StoredResult } from '../../packages/oncekey/src/core/result.ts'
import type {
  ClaimReply,
  OffloadRequest,
  Seen,
  Store,
  WriteReply,
} from '../../packages/oncekey/src/core/store.ts'
import { aClaim, aCompletion, completed, jsonResult, limits, makeCall, results, T0 } from './records.ts'

const everyByte = Uint8Array.from({ length: 256 }, (_, n) => n)

// Bytes are bytes, in a Buffer or not.
expect.addEqualityTesters([
  (one: unknown, other: unknown) =>
    one instanceof Uint8Array && other instanceof Uint8Array ? Buffer.compare(one, other) === 0 : undefined,
])

/** What every store must do, whatever it keeps its records in. `makeStore` gives an empty one. */
export function describeStoreContract(name: string, makeStore: () => Promise<Store>): void {
  describe(name, () => {
    let store: Store
    beforeEach(async () => {
      store = await makeStore()
    })

    const insert = async (facts?: Partial<InFlightRecord>): Promise<InFlightRecord> => {
      const record = aClaim(facts)
      await store.insert(record, limits)
      return record
    }
    const stored = async (id: string): Promise<IdempotencyRecord | undefined> =>
      (await store.read(id, limits)).record
    const seen = ({ owner, leaseUntilMs }: InFlightRecord): Seen => ({ owner, leaseUntilMs })
    /** A successor's claim of the same record. */
    const next = ({ id }: InFlightRecord): InFlightRecord =>
      aClaim({ id, attempt: 2, leaseUntilMs: T0 + 90_000, expiresAtMs: T0 + 3_690_000, onCrash: 'refuse' })
    /** Returns the record as this takeover leaves it. */
    const takenOver = (old: InFlightRecord, claim: InFlightRecord): InFlightRecord => {
      const { owner, attempt, leaseUntilMs, expiresAtMs, onCrash, createdAtMs: takenOverAtMs } = claim
      return { ...old, owner, attempt, leaseUntilMs, expiresAtMs, onCrash, takenOverAtMs }
    }

    describe('insert', () => {
      test('writes the record where none exists', async () => {
        const record = aClaim()
        const answer = await store.insert(record, limits)
        expect(answer).toEqual({ kind: 'written', nowMs: expect.any(Number), record })
        expect(await stored(record.id)).toEqual(record)
      })

      test('keeps every fact of a claim', async () => {
        const record = await insert({
          attempt: 7,
          fingerprint: 'none',
          leaseUntilMs: 1,
          createdAtMs: 0,
          expiresAtMs: 1_000,
          onCrash: 'refuse',
          steps: new Map([['charge', jsonResult]]),
        })
        expect(await stored(record.id)).toEqual(record)
      })

      test('is refused by a record of the same id, whatever its state, and shows it', async () => {
        const [live, free, done] = [await insert(), await insert(), await insert()]
        await store.release(free, limits)
        await store.complete(done, aCompletion(), limits)
        const standing = [live, { ...free, leaseUntilMs: 0 }, completed(done, aCompletion())]
        for (const record of standing) {
          const answer = await store.insert(aClaim({ id: record.id }), limits)
          expect(answer).toEqual({ kind: 'refused', nowMs: expect.any(Number), record })
          expect(await stored(record.id)).toEqual(record)
        }
      })

      test('of many at once is written once', async () => {
        const { id } = aClaim()
        const claims = Array.from({ length: 20 }, () => aClaim({ id }))
        const answers = await Promise.all(claims.map((claim) => store.insert(claim, limits)))
        const winners = claims.filter((_, n) => answers[n]?.kind === 'written')
        expect(winners).toHaveLength(1)
        expect(await stored(id)).toEqual(winners[0])
      })
    })

    describe('replace', () => {
      test('writes the record whole in place of the one seen', async () => {
        const old = await insert({ steps: new Map([['charge', jsonResult]]) })
        const record = { ...next(old), fingerprint: 'jcs:other', createdAtMs: T0 + 60_000 }
        const answer = await store.replace(record, seen(old), limits)
        expect(answer).toEqual({ kind: 'written', nowMs: expect.any(Number), record })
        expect(await stored(old.id)).toEqual(record)
      })

      test('leaves nothing of a completed record', async () => {
        const old = await insert()
        await store.complete(old, aCompletion(), limits)
        const record = next(old)
        await store.replace(record, { owner: old.owner, leaseUntilMs: 0 }, limits)
        expect(await stored(old.id)).toEqual(record)
      })
    })

    describe('takeover', () => {
      test('changes owner, attempt, lease, expiry and crash mode, says when, and changes nothing else', async () => {
        const old = await insert({ steps: new Map([['charge', jsonResult]]) })
        const record = { ...next(old), fingerprint: 'jcs:other', createdAtMs: T0 + 60_000 }
        const answer = await store.takeover(record, seen(old), limits)
        const taken = takenOver(old, record)
        expect(answer).toEqual({ kind: 'written', nowMs: expect.any(Number), record: taken })
        expect(await stored(old.id)).toEqual(taken)
      })

      test('goes back from a refusing crash mode to the usual one', async () => {
        const old = await insert({ onCrash: 'refuse' })
        const record: InFlightRecord = { ...next(old), onCrash: 'rerun' }
        await store.takeover(record, seen(old), limits)
        expect(await stored(old.id)).toMatchObject({ owner: record.owner, onCrash: 'rerun' })
      })

      test('keeps a step that was saved after the record was seen', async () => {
        const old = await insert()
        await store.saveStep(old, 'charge', jsonResult, limits)
        await store.takeover(next(old), seen(old), limits)
        expect(await stored(old.id)).toMatchObject({ steps: new Map([['charge', jsonResult]]) })
      })

      test('of many at once is written once', async () => {
        const old = await insert()
        const claims = Array.from({ length: 20 }, () => next(old))
        const answers = await Promise.all(claims.map((claim) => store.takeover(claim, seen(old), limits)))
        const winners = claims.filter((_, n) => answers[n]?.kind === 'written')
        expect(winners.map((winner) => takenOver(old, winner))).toEqual([await stored(old.id)])
      })
    })

    describe.each(['replace', 'takeover'] as const)('%s is refused and changes nothing', (how) => {
      test.each<[string, (old: InFlightRecord) => Seen]>([
        ['if another owner was seen', (old) => ({ ...seen(old), owner: 'somebody-else' })],
        ['if a shorter lease was seen', (old) => ({ ...seen(old), leaseUntilMs: old.leaseUntilMs - 1 })],
        ['if a longer lease was seen', (old) => ({ ...seen(old), leaseUntilMs: old.leaseUntilMs + 1 })],
      ])('%s', async (_, wrongly) => {
        const old = await insert()
        const answer = await store[how](next(old), wrongly(old), limits)
        expect(answer).toEqual({ kind: 'refused', nowMs: expect.any(Number), record: old })
        expect(await stored(old.id)).toEqual(old)
      })

      test('if the run seen has completed since', async () => {
        const old = await insert()
        await store.complete(old, aCompletion(), limits)
        const answer = await store[how](next(old), seen(old), limits)
        const record = completed(old, aCompletion())
        expect(answer).toEqual({ kind: 'refused', nowMs: expect.any(Number), record })
        expect(await stored(old.id)).toEqual(record)
      })

      test('if the record is gone', async () => {
        const old = aClaim()
        const answer = await store[how](next(old), seen(old), limits)
        expect(answer).toEqual({ kind: 'refused', nowMs: expect.any(Number), record: undefined })
        expect(await stored(old.id)).toBeUndefined()
      })
    })

    describe('complete', () => {
      test.each<[string, StoredResult]>([
        ...Object.entries(results),
        ['a long JSON', { kind: 'json', json: JSON.stringify('€ ☃ \u0000 \ud800'.repeat(100)) }],
        ['bytes of every value', { kind: 'compressed', bytes: everyByte, sizeBytes: 6 * 1024 * 1024 }],
        ['chunks that are not compressed', { ...results.chunked, encoding: 'identity' }],
        ['no result and no status', { kind: 'unavailable', reason: '' }],
      ])('stores %s, ends the lease and removes the steps', async (_, result) => {
        const claim = await insert({ steps: new Map([['charge', jsonResult]]) })
        const completion = aCompletion({ result, steps: ['charge', 'never saved'] })
        expect(await store.complete(claim, completion, limits)).toEqual({ kind: 'written' })
        expect(await stored(claim.id)).toEqual(completed(claim, completion))
      })

      test('is readable although steps are left that it was not told of', async () => {
        const claim = await insert({ steps: new Map([['charge', jsonResult]]) })
        await store.complete(claim, aCompletion(), limits)
        expect(await stored(claim.id)).toEqual(completed(claim, aCompletion()))
      })

      test('removes as many steps as a record may hold', async () => {
        const names = Array.from({ length: 1_000 }, (_, n) => `step ${n}`)
        const claim = await insert({ steps: new Map(names.map((name) => [name, jsonResult])) })
        await store.complete(claim, aCompletion({ steps: names }), limits)
        expect(await stored(claim.id)).toEqual(completed(claim, aCompletion()))
      })

      test('keeps the token of the transaction that it stands for', async () => {
        const claim = await insert()
        await store.complete(claim, aCompletion({ commitToken: 'a-token' }), limits)
        expect(await stored(claim.id)).toMatchObject({ commitToken: 'a-token' })
      })
    })

    test('release ends the lease and deletes nothing', async () => {
      const claim = await insert({ attempt: 3, steps: new Map([['charge', jsonResult]]) })
      const answer = await store.release(claim, limits)
      expect(answer).toEqual({ kind: 'written' })
      expect(await stored(claim.id)).toEqual({ ...claim, leaseUntilMs: 0 })
    })

    describe('saveStep', () => {
      test('adds a step to those that are there', async () => {
        const claim = await insert({ steps: new Map([['charge', jsonResult]]) })
        const answer = await store.saveStep(claim, 'receipt', { kind: 'undefined' }, limits)
        const steps = new Map<string, StoredResult>([
          ['charge', jsonResult],
          ['receipt', { kind: 'undefined' }],
        ])
        expect(answer).toEqual({ kind: 'written' })
        expect(await stored(claim.id)).toEqual({ ...claim, steps })
      })

      test.each(Object.entries(results))('saves a result of kind %s', async (_, result) => {
        const claim = await insert()
        await store.saveStep(claim, 'charge', result, limits)
        expect(await stored(claim.id)).toEqual({ ...claim, steps: new Map([['charge', result]]) })
      })

      test('saves steps side by side', async () => {
        const claim = await insert()
        const names = Array.from({ length: 10 }, (_, n) => `step ${n}`)
        await Promise.all(names.map((step) => store.saveStep(claim, step, jsonResult, limits)))
        expect(await stored(claim.id)).toEqual({
          ...claim,
          steps: new Map(names.map((step) => [step, jsonResult])),
        })
      })

      test.each([
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
      ])('takes %j as a name', async (step) => {
        const claim = await insert()
        await store.saveStep(claim, step, jsonResult, limits)
        expect(await stored(claim.id)).toEqual({ ...claim, steps: new Map([[step, jsonResult]]) })
      })
    })

    describe('renew', () => {
      const lease = (claim: InFlightRecord) => ({
        fromLeaseUntilMs: claim.leaseUntilMs,
        leaseUntilMs: T0 + 60_000,
        expiresAtMs: T0 + 3_661_000,
      })

      test('moves lease and expiry', async () => {
        const claim = await insert({ steps: new Map([['charge', jsonResult]]) })
        const answer = await store.renew(claim, lease(claim), limits)
        expect(answer).toEqual({ kind: 'written' })
        const moved = { leaseUntilMs: T0 + 60_000, expiresAtMs: T0 + 3_661_000 }
        expect(await stored(claim.id)).toEqual({ ...claim, ...moved })
      })

      test('is refused if it comes again, late, after another renewal', async () => {
        const claim = await insert()
        await store.renew(claim, lease(claim), limits)
        const longer = {
          fromLeaseUntilMs: T0 + 60_000,
          leaseUntilMs: T0 + 90_000,
          expiresAtMs: T0 + 3_690_000,
        }
        await store.renew(claim, longer, limits)
        const late = await store.renew(claim, lease(claim), limits)
        expect(late).toMatchObject({ kind: 'refused', record: { leaseUntilMs: T0 + 90_000 } })
        expect(await stored(claim.id)).toMatchObject({ leaseUntilMs: T0 + 90_000 })
      })
    })

    type Write = (claim: InFlightRecord) => Promise<WriteReply>
    describe.each<[string, Write]>([
      ['complete', (claim) => store.complete(claim, aCompletion({ completedAtMs: T0 + 2_000 }), limits)],
      ['release', (claim) => store.release(claim, limits)],
      ['saveStep', (claim) => store.saveStep(claim, 'late', jsonResult, limits)],
      [
        'renew',
        (claim) => {
          const lease = { leaseUntilMs: T0 + 60_000, expiresAtMs: T0 + 3_660_000 }
          return store.renew(claim, { ...lease, fromLeaseUntilMs: claim.leaseUntilMs }, limits)
        },
      ],
      [
        'renew from a released lease',
        (claim) => {
          const lease = { leaseUntilMs: T0 + 60_000, expiresAtMs: T0 + 3_660_000 }
          return store.renew(claim, { ...lease, fromLeaseUntilMs: 0 }, limits)
        },
      ],
    ])('%s is refused and changes nothing', (_, write) => {
      test('once a successor has the claim', async () => {
        const claim = await insert()
        // The same lease: only the owner tells the two apart.
        const successor = { ...next(claim), leaseUntilMs: claim.leaseUntilMs }
        await store.takeover(successor, seen(claim), limits)
        await expectRefused(claim, write, takenOver(claim, successor))
      })

      test('once the run has completed', async () => {
        const claim = await insert()
        await store.complete(claim, aCompletion(), limits)
        await expectRefused(claim, write, completed(claim, aCompletion()))
      })

      test('once the claim was released', async () => {
        const claim = await insert()
        await store.release(claim, limits)
        await expectRefused(claim, write, { ...claim, leaseUntilMs: 0 })
      })

      test('if there is no record', async () => {
        await expectRefused(aClaim(), write, undefined)
      })

      const expectRefused = async (
        claim: InFlightRecord,
        late: Write,
        record: IdempotencyRecord | undefined,
      ) => {
        expect(await late(claim)).toEqual({ kind: 'refused', nowMs: expect.any(Number), record })
        expect(await stored(claim.id)).toEqual(record)
      }
    })

    describe('offload and load', () => {
      const offload = (claim: InFlightRecord, result: OffloadRequest['result'], name = 'result') =>
        store.offload(claim, { result, name, inlineBytes: 0, expiresAtMs: T0 }, makeCall)
      /** Returns the bytes of a result, wherever they are. */
      const load = async (id: string, result: StoredResult): Promise<Uint8Array | undefined> => {
        if (result.kind === 'json') return Buffer.from(result.json)
        if (result.kind === 'chunked') return store.load(id, result, limits)
        return result.kind === 'compressed' ? result.bytes : undefined
      }

      test.each([1, 3_072, 3_073, 400 * 1024, 6 * 1024 * 1024])(
        'return %i bytes as they were',
        async (size) => {
          const claim = aClaim()
          const bytes = randomBytes(size)
          const compressed = await offload(claim, { kind: 'compressed', bytes, sizeBytes: size })
          expect(await load(claim.id, compressed)).toEqual(bytes)
          const json = JSON.stringify(bytes.toString('hex').slice(0, size))
          const plain = await offload(claim, { kind: 'json', json })
          expect(await load(claim.id, plain)).toEqual(Buffer.from(json))
        },
      )

      test('keep the bytes of two claims, of two names and of two tries apart', async () => {
        const { id } = aClaim()
        const owner = randomUUID()
        const [one, other] = [aClaim({ id, owner }), aClaim({ id })]
        const offloads = [
          { claim: one, name: 'result' },
          { claim: one, name: 'commit' },
          { claim: other, name: 'result' },
          // A commit in doubt may yet arrive after another was tried: it must find its own bytes.
          { claim: one, name: 'result' },
        ].map((facts) => ({ ...facts, bytes: randomBytes(20_000) }))
        const offloaded = []
        for (const { claim, bytes, name: of } of offloads) {
          const result = { kind: 'compressed', bytes, sizeBytes: 1 } as const
          offloaded.push({ bytes, result: await offload(claim, result, of) })
        }
        for (const { bytes, result } of offloaded) expect(await load(id, result)).toEqual(bytes)
      })

      test('of chunks that are not there throw', async () => {
        const loading = store.load('payments#1', results.chunked, limits)
        await expect(loading).rejects.toMatchObject({ name: 'RecordUnreadableError', id: 'payments#1' })
      })
    })

    test('a record that never was reads as none', async () => {
      expect(await store.read('payments#nobody', limits)).toEqual({
        nowMs: expect.any(Number),
        record: undefined,
      })
    })

    test('every answer that shows a record carries the time of the store', async () => {
      const claim = aClaim()
      const beganAtMs = Date.now()
      const answers: (ClaimReply | WriteReply | Snapshot)[] = [
        await store.insert(claim, limits),
        await store.insert(claim, limits),
        await store.takeover(claim, seen(claim), limits),
        await store.replace(claim, { owner: 'nobody', leaseUntilMs: 1 }, limits),
        await store.release({ ...claim, owner: 'nobody' }, limits),
        await store.read(claim.id, limits),
      ]
      const endedAtMs = Date.now()
      for (const answer of answers) {
        const nowMs = 'nowMs' in answer ? answer.nowMs : Number.NaN
        // It may come in whole seconds.
        expect(nowMs).toBeGreaterThan(beganAtMs - 1_000)
        expect(nowMs).toBeLessThanOrEqual(endedAtMs)
      }
    })
  })
}
