import { randomUUID } from 'node:crypto'
import { brotliCompressSync } from 'node:zlib'
import type { CompletedRecord, InFlightRecord } from '../../packages/oncekey/src/core/record.ts'
import type { StoredResult } from '../../packages/oncekey/src/core/result.ts'
import type { Completion, MakeCall } from '../../packages/oncekey/src/core/store.ts'

export const limits = { timeoutMs: 10_000 }
/** Without a second try. */
export const makeCall: MakeCall = (call) => call(limits)

/** The time that the records of these tests are of. Stores do not compare it with anything. */
export const T0 = 1_800_000_000_000

/** One stored result of each kind. */
export const results = {
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
} as const satisfies Record<string, StoredResult>

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

/** What a claim becomes. */
export function completed(
  { steps: _, ...claim }: InFlightRecord,
  { steps: __, ...completion }: Completion,
): CompletedRecord {
  return { ...claim, ...completion, status: 'completed', leaseUntilMs: 0 }
}
