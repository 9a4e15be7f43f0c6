export type { Attempt } from './core/attempt.ts'
export {
  type ErrorCode,
  InFlightError,
  KeyInvalidError,
  KeyMissingError,
  KeyReusedError,
  LeaseLostError,
  OncekeyError,
  OutcomeUnknownError,
  RecordUnreadableError,
  ResultUnavailableError,
  StoreUnavailableError,
} from './core/errors.ts'
export type { LogFields, Logger } from './core/log.ts'
export { OUTCOME_CHANNEL, type Outcome, type OutcomeEvent } from './core/outcome.ts'
export type { ReplayedRecord } from './core/record.ts'
export type { Store, TransactionWrite } from './core/store.ts'
export { idempotentBatch } from './entries/batch.ts'
export type { IdempotentContext } from './entries/context.ts'
export { idempotentHandler } from './entries/handler.ts'
export { idempotent } from './entries/middleware.ts'
export { once } from './entries/once.ts'
export { runOnce } from './entries/run-once.ts'
export { warmedUp } from './entries/warm-up.ts'
export type {
  BatchOptions,
  ClaimOptions,
  IdempotencyOptions,
  OnceOptions,
  Problem,
  RefusalResponse,
  RunOnceOptions,
} from './options.ts'
export type { BatchEvent, BatchResponse } from './sources/records.ts'
export { dynamoDbStore } from './stores/dynamodb/store.ts'
