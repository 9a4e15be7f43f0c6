import { dynamoDbStore } from 'oncekey'
import { type Identity, type InFlightRecord, inspectTable, recordId } from 'oncekey/inspect'
import { COMPRESS_ABOVE_BYTES, compress, serialize } from '../../packages/oncekey/src/core/result.ts'
import type { TestTable } from '../support/tables.ts'

const limits = { timeoutMs: 10_000 }
const minuteMs = 60_000

export const pay: Identity = {
  kind: 'http',
  service: 'payments',
  name: '',
  principal: 'anonymous',
  key: 'order-1',
}

/**
 * Returns a record as claimed just now. Lease and expiry end at half a unit, so that the remaining time is printed the
 * same whichever second DynamoDB's clock shows.
 */
function claimOf(identity: Identity, changes: Partial<InFlightRecord> = {}): InFlightRecord {
  const nowMs = Date.now()
  return {
    id: recordId(identity),
    status: 'in-flight',
    owner: 'owner-1',
    attempt: 1,
    fingerprint: 'json:abc',
    createdAtMs: nowMs,
    leaseUntilMs: nowMs + 10.5 * minuteMs,
    expiresAtMs: nowMs + 23.5 * 60 * minuteMs,
    onCrash: 'rerun',
    steps: new Map(),
    ...changes,
  }
}

/** Inserts the record of a run in progress. */
export async function claim(
  { name, client }: TestTable,
  identity: Identity,
  changes: Partial<InFlightRecord> = {},
): Promise<InFlightRecord> {
  const record = claimOf(identity, changes)
  await dynamoDbStore(name, { client }).insert(record, limits)
  return record
}

/** Inserts a record and completes it with this result. */
export async function complete(
  table: TestTable,
  identity: Identity,
  value: unknown,
  changes: Partial<InFlightRecord> = {},
): Promise<InFlightRecord> {
  const record = await claim(table, identity, changes)
  const store = dynamoDbStore(table.name, { client: table.client })
  const loaded = serialize({ value })
  if (loaded.kind !== 'json') throw new Error('expected a value that is JSON')
  const { expiresAtMs } = record
  const short = Buffer.byteLength(loaded.json) <= COMPRESS_ABOVE_BYTES
  const request = {
    name: 'result',
    inlineBytes: 0,
    expiresAtMs,
    result: short ? loaded : await compress(loaded.json),
  }
  const result = await store.offload(record, request, (call) => call(limits))
  await store.complete(record, { result, completedAtMs: Date.now(), expiresAtMs }, limits)
  return record
}

/** Inserts a record and completes it without its result. */
export async function completeWithoutResult(table: TestTable, identity: Identity): Promise<InFlightRecord> {
  const record = await claim(table, identity)
  const result = { kind: 'unavailable', reason: 'it is a stream', status: 201 } as const
  const { expiresAtMs } = record
  const store = dynamoDbStore(table.name, { client: table.client })
  await store.complete(record, { result, completedAtMs: Date.now(), expiresAtMs }, limits)
  return record
}

export async function find({ name, client }: TestTable, identity: Identity) {
  return (await inspectTable(name, client).find(recordId(identity))).record
}
