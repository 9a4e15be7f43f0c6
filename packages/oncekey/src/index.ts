export type { Attempt } from './core/attempt.ts'
export {
  type ErrorCode,
  InFlightError,
  isOncekeyError,
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
export type {
  CompletedRecord,
  IdempotencyRecord,
  InFlightRecord,
  ReplayedRecord,
  Snapshot,
} from './core/record.ts'
export type { StoredResult } from './core/result.ts'
export type {
  CallLimits,
  ClaimReply,
  Completion,
  LeaseChange,
  OffloadRequest,
  Owner,
  Seen,
  Store,
  TransactionWrite,
  WriteReply,
} from './core/store.ts'
export { idempotentBatch } from './entries/batch.ts'
export type { IdempotentContext } from './entries/context.ts'
export { idempotentHandler } from './entries/handler.ts'
export { type IdempotentMiddleware, idempotent, type MiddyRequest } from './entries/middleware.ts'
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
export type { DynamoDbClient } from './stores/dynamodb/transport.ts'
