import { dynamoDbStore } from 'oncekey'
import { type Identity, type InFlightRecord, inspectTable, recordId } from 'oncekey/inspect'
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
 * A record as a run of now would have claimed it. Nothing ends on the minute or the hour: what is left reads the same,
 * whichever of its seconds DynamoDB's clock tells.
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

/** Puts the record of a run in flight into the table. */
export async function claim(
  { name, client }: TestTable,
  identity: Identity,
  changes: Partial<InFlightRecord> = {},
): Promise<InFlightRecord> {
  const record = claimOf(identity, changes)
  await dynamoDbStore(name, { client }).insert(record, limits)
  return record
}

/** Claims and completes, with a result as the store would keep it. */
export async function complete(
  table: TestTable,
  identity: Identity,
  value: unknown,
): Promise<InFlightRecord> {
  const record = await claim(table, identity)
  const store = dynamoDbStore(table.name, { client: table.client })
  const { encodeResult } = await import('../../packages/oncekey/src/protocol/result.ts')
  const encoded = await encodeResult({ value })
  if (encoded.kind !== 'json') throw new Error('expected a value that is JSON')
  const { bytes, json: _, ...facts } = encoded
  const { expiresAtMs } = record
  const room = { name: 'result', inlineBytes: 0, expiresAtMs }
  const body = await store.spill(record, bytes, room, (call) => call(limits))
  const result = { ...facts, body }
  await store.complete(record, { result, completedAtMs: Date.now(), expiresAtMs }, limits)
  return record
}

export async function find({ name, client }: TestTable, identity: Identity) {
  return (await inspectTable(name, client).find(recordId(identity))).record
}
