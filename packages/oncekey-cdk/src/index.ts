export {
  IdempotencyTable,
  type IdempotencyTableAttributes,
  type IdempotencyTableProps,
} from './idempotency-table.ts'
export type { AnyTableV2, IIdempotencyTable, ProtectProps } from './idempotency-table-base.ts'
export { metricOutcome, OUTCOMES_NAMESPACE, type OutcomeMetricOptions } from './metrics.ts'
export {
  type IdempotencyAlarmThresholds,
  IdempotencyMonitoring,
  type IdempotencyMonitoringProps,
} from './monitoring.ts'
export type { IdempotencyTableReplica } from './replication.ts'
