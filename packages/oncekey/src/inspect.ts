/** For an operator's tools: find the record of a key, read it, release it, forget it. A function needs none of it. */
import type { IdempotencyRecord } from './protocol/record.ts'

export { customPrincipal } from './events/caller.ts'
export { ANONYMOUS } from './events/http/principal.ts'
export { decide } from './protocol/decide.ts'
export { RecordUnreadableError, StoreUnavailableError } from './protocol/errors.ts'
export { type Identity, recordId } from './protocol/identity.ts'
export type { CompletedRecord, IdempotencyRecord, InFlightRecord } from './protocol/record.ts'
export type { StoredResult } from './protocol/result.ts'
export {
  type Filter,
  inspectTable,
  type Page,
  type StoredAnswer,
  type TableInspector,
} from './stores/dynamodb/inspector.ts'

/**
 * Where a record stands at an instant.
 * - `in-flight`: a run holds the lease
 * - `lapsed`: a run was cut off, and its lease is over
 * - `released`: a run gave its claim back; nobody runs
 * - `completed`: the result is stored
 * - `expired`: the next request is a first one, whatever the record holds
 */
export type RecordState = 'in-flight' | 'lapsed' | 'released' | 'completed' | 'expired'

/** @param nowMs the store's time, which is the one that leases are judged by. */
export function stateOf(record: IdempotencyRecord, nowMs: number): RecordState {
  if (nowMs >= record.expiresAtMs) return 'expired'
  if (record.status === 'completed') return 'completed'
  if (record.leaseUntilMs === 0) return 'released'
  return nowMs < record.leaseUntilMs ? 'in-flight' : 'lapsed'
}
