/** Exports what an operator's tools need to find the record of a key, read it, release it and forget it. */
export { decide } from '../core/decide.ts'
export { RecordUnreadableError, StoreUnavailableError } from '../core/errors.ts'
export { type Identity, recordId } from '../core/identity.ts'
export {
  type CompletedRecord,
  type IdempotencyRecord,
  type InFlightRecord,
  type RecordState,
  stateOf,
} from '../core/record.ts'
export type { LoadedResult as StoredAnswer, StoredResult } from '../core/result.ts'
export { ANONYMOUS, customPrincipal } from '../sources/identify.ts'
export { type Filter, inspectTable, type Page, type TableInspector } from '../stores/dynamodb/inspector.ts'
export type { Sweep, SweepOptions } from '../stores/dynamodb/sweeper.ts'
