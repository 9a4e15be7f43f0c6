import { randomUUID } from 'node:crypto'
import type { CompletedRecord, InFlightRecord } from '../../packages/oncekey/src/protocol/record.ts'
import type { StoredResult } from '../../packages/oncekey/src/protocol/result.ts'
import type { Completion, MakeCall } from '../../packages/oncekey/src/protocol/store.ts'

export const limits = { timeoutMs: 10_000 }
/** Without a second try. */
export const makeCall: MakeCall = (call) => call(limits)

/** The time that the records of these tests are of. Stores do not compare it with anything. */
export const T0 = 1_800_000_000_000

export const jsonResult: Extract<StoredResult, { kind: 'json' }> = {
  kind: 'json',
  encoding: 'identity',
  body: { bytes: new TextEncoder().encode('{"paid":true}') },
  sizeBytes: 13,
  checksum: 'of-the-json',
}

/** A claim as `begin` makes it, of a key of its own. */
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
  return { result: jsonResult, completedAtMs: T0 + 1_000, expiresAtMs: T0 + 7_200_500, ...facts }
}

/** What a claim becomes. */
export function completed({ steps: _, ...claim }: InFlightRecord, completion: Completion): CompletedRecord {
  return { ...claim, ...completion, status: 'completed', leaseUntilMs: 0 }
}
