import { randomUUID } from 'node:crypto'
import { brotliCompressSync } from 'node:zlib'
import type { CompletedRecord, InFlightRecord } from '../../core/record.ts'
import type { StoredResult } from '../../core/result.ts'
import type { CallLimits, Completion, MakeCall, Store } from '../../core/store.ts'

export const limits: CallLimits = { timeoutMs: 10_000 }
/** Without a second try. */
export const makeCall: MakeCall = (call) => call(limits)

/** The time of all records: far ahead, so that no store deletes them as expired. */
export const T0: number = Date.UTC(2100, 0)

/** One stored result of each kind. */
export const results: { readonly [Kind in StoredResult['kind']]: Extract<StoredResult, { kind: Kind }> } = {
  json: { kind: 'json', json: '{"paid":true}' },
  compressed: { kind: 'compressed', bytes: brotliCompressSync('{"paid":true}'), sizeBytes: 13 },
  chunked: {
    kind: 'chunked',
    encoding: 'br',
    chunks: 2,
    ref: 'owner#name',
    sizeBytes: 9_000,
    checksum: 'of-the-bytes',
  },
  undefined: { kind: 'undefined' },
  unavailable: { kind: 'unavailable', reason: 'it is not JSON', status: 201 },
}

export const jsonResult: StoredResult = results.json

/** A claim as `acquire` makes it, of a key of its own. */
export function aClaim(facts: Partial<InFlightRecord> = {}): InFlightRecord {
  return {
    id: `payments#${randomUUID()}`,
    status: 'in-flight',
    owner: randomUUID(),
    attempt: 1,
    fingerprint: 'jcs:q1w2e3',
    leaseUntilMs: T0 + 30_000,
    createdAtMs: T0,
    expiresAtMs: T0 + 3_600_000,
    onCrash: 'rerun',
    steps: new Map(),
    ...facts,
  }
}

export function aCompletion(facts: Partial<Completion> = {}): Completion {
  return { result: jsonResult, completedAtMs: T0 + 1_000, expiresAtMs: T0 + 7_200_000, ...facts }
}

/** Returns the record that the completion of a claim leaves. */
export function completed(
  { steps: _, ...claim }: InFlightRecord,
  { steps: __, ...completion }: Completion,
): CompletedRecord {
  return { ...claim, ...completion, status: 'completed', leaseUntilMs: 0 }
}

/** Returns a successor's claim of the same record. */
export function nextClaim({ id }: InFlightRecord): InFlightRecord {
  return aClaim({
    id,
    attempt: 2,
    leaseUntilMs: T0 + 90_000,
    expiresAtMs: T0 + 3_690_000,
    onCrash: 'refuse',
  })
}

/** Returns the record as this takeover leaves it. */
export function takenOver(old: InFlightRecord, claim: InFlightRecord): InFlightRecord {
  const { owner, attempt, leaseUntilMs, expiresAtMs, onCrash, createdAtMs: takenOverAtMs } = claim
  return { ...old, owner, attempt, leaseUntilMs, expiresAtMs, onCrash, takenOverAtMs }
}

export async function insertClaim(store: Store, facts?: Partial<InFlightRecord>): Promise<InFlightRecord> {
  const record = aClaim(facts)
  await store.insert(record, limits)
  return record
}
