/** For an operator's tools: find the record of a key, read it, release it, forget it. A function needs none of it. */
export { customPrincipal } from './events/caller.ts'
export { ANONYMOUS } from './events/http/principal.ts'
export { decide } from './protocol/decide.ts'
export { RecordUnreadableError, StoreUnavailableError } from './protocol/errors.ts'
export { type Identity, recordId } from './protocol/identity.ts'
export type { CompletedRecord, IdempotencyRecord, InFlightRecord } from './protocol/record.ts'
export { type RecordState, stateOf } from './protocol/record-state.ts'
export type { StoredResult } from './protocol/result.ts'
export {
  type Filter,
  inspectTable,
  type Page,
  type StoredAnswer,
  type TableInspector,
} from './stores/dynamodb/inspector.ts'
