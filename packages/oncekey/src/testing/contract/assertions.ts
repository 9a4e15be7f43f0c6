import assert from 'node:assert/strict'
import type { IdempotencyRecord } from '../../core/record.ts'
import type { ClaimReply, Store, WriteReply } from '../../core/store.ts'
import { limits } from './records.ts'

/** The checks of a part of the contract, by name. Each gets an empty store, or one that other checks have used. */
export type Checks = Readonly<Record<string, (store: Store) => Promise<void>>>

/** Returns a value in a form in which two are equal if they mean the same: bytes are bytes, in a `Buffer` or not. */
function comparable(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (ArrayBuffer.isView(value)) {
    return { hex: Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString('hex') }
  }
  if (value instanceof Map) {
    return new Map([...value].map(([name, member]) => [name, comparable(member)]))
  }
  const members = Object.entries(value).filter(([, member]) => member !== undefined)
  return Object.fromEntries(members.map(([name, member]) => [name, comparable(member)]))
}

export function assertEqual(actual: unknown, expected: unknown): void {
  assert.deepStrictEqual(comparable(actual), comparable(expected))
}

export async function assertStored(
  store: Store,
  id: string,
  record: IdempotencyRecord | undefined,
): Promise<void> {
  assertEqual((await store.read(id, limits)).record, record)
}

/** Asserts that the claim was written, and that its reply and the store have the record. */
export async function assertClaimed(
  store: Store,
  reply: ClaimReply,
  record: IdempotencyRecord,
): Promise<void> {
  assertEqual(withoutTime(reply), { kind: 'written', record })
  await assertStored(store, record.id, record)
}

/** Asserts that the write was refused, that the refusal shows the record, and that nothing has changed. */
export async function assertRefused(
  store: Store,
  reply: ClaimReply | WriteReply,
  id: string,
  record: IdempotencyRecord | undefined,
): Promise<void> {
  assertEqual({ record: undefined, ...withoutTime(reply) }, { kind: 'refused', record })
  await assertStored(store, id, record)
}

function withoutTime<Reply extends object>(reply: Reply): object {
  const { nowMs, ...facts } = { nowMs: Number.NaN, ...reply }
  assert.ok(
    Number.isFinite(nowMs),
    `expected a reply with the store's time, nowMs, got ${JSON.stringify(facts)}`,
  )
  return facts
}
