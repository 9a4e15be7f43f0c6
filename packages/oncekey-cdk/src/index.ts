export type { AnyTableV2 } from './any-table.ts'
export {
  IdempotencyTable,
  type IdempotencyTableAttributes,
  type IdempotencyTableProps,
} from './idempotency-table.ts'
export type { IIdempotencyTable, ProtectProps } from './idempotency-table-base.ts'
export { metricOutcome, OUTCOMES_NAMESPACE, type OutcomeMetricOptions } from './outcome-metric.ts'
export type { IdempotencyTableReplica } from './replication.ts'
