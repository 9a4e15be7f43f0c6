import fc from 'fast-check'
import type {
  CompletedRecord,
  IdempotencyRecord,
  InFlightRecord,
} from '../../packages/oncekey/src/core/record.ts'
import type { StoredResult } from '../../packages/oncekey/src/core/result.ts'

/** Few instants, so that "at the very moment" comes up often. */
export const instants = fc.integer({ min: 1, max: 12 })
export const fingerprints = fc.constantFrom('jcs:one', 'jcs:two', 'none')

const results = fc.constant<StoredResult>({ kind: 'undefined' })
const facts = {
  id: fc.constant('payments#1'),
  owner: fc.uuid(),
  attempt: fc.integer({ min: 1, max: 5 }),
  fingerprint: fingerprints,
  createdAtMs: instants,
  expiresAtMs: instants,
  onCrash: fc.constantFrom('rerun', 'refuse'),
}

export const inFlightRecords: fc.Arbitrary<InFlightRecord> = fc.record({
  ...facts,
  status: fc.constant('in-flight'),
  leaseUntilMs: fc.oneof(fc.constant(0), instants),
  steps: fc.uniqueArray(fc.constantFrom('charge', 'receipt')).map((names) => {
    return new Map(names.map((name): [string, StoredResult] => [name, { kind: 'undefined' }]))
  }),
})

export const completedRecords: fc.Arbitrary<CompletedRecord> = fc.record({
  ...facts,
  status: fc.constant('completed'),
  leaseUntilMs: fc.constant(0),
  completedAtMs: instants,
  result: results,
})

export const records: fc.Arbitrary<IdempotencyRecord> = fc.oneof(inFlightRecords, completedRecords)
