export type { Attempt } from './attempt/attempt.ts'
export { idempotentBatch } from './batch.ts'
export type { BatchOptions } from './batch-options.ts'
export type { IdempotentContext } from './context.ts'
export { type OnceOptions, once } from './decorator.ts'
export type { BatchEvent, BatchResponse } from './events/batch/event-types.ts'
export { idempotentHandler } from './handler.ts'
export { idempotent } from './middleware.ts'
export type { ClaimOptions, IdempotencyOptions } from './options.ts'
export { OUTCOME_CHANNEL, type Outcome, type OutcomeEvent } from './outcome.ts'
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
} from './protocol/errors.ts'
export type { Store, TransactionWrite } from './protocol/store.ts'
export { type RunOnceOptions, runOnce } from './run-once.ts'
export { dynamoDbStore } from './stores/dynamodb/index.ts'
