import { type IMetric, MathExpression, Metric, type MetricOptions, Stats } from 'aws-cdk-lib/aws-cloudwatch'
import { Operation } from 'aws-cdk-lib/aws-dynamodb'
import type { AnyTableV2 } from './idempotency-table-base.ts'

/** The CloudWatch namespace that `oncekey/metrics` writes to. */
export const OUTCOMES_NAMESPACE = 'Oncekey'

/** Options of `metricOutcome`. */
export interface OutcomeMetricOptions extends MetricOptions {
  /** The option `service` of the protected function: by default, the function's name. */
  readonly service: string

  /**
   * The namespace that is passed to `emfMetrics`.
   *
   * @default OUTCOMES_NAMESPACE
   */
  readonly namespace?: string
}

/**
 * Returns the metric of an outcome, as `oncekey/metrics` counts it: the number of a service's requests that ended in
 * it. By default a sum over 5 minutes.
 *
 * @param outcome an outcome of the library, such as `replayed`, or `takeover`, or `errors`: what somebody has to look at.
 */
export function metricOutcome(outcome: string, options: OutcomeMetricOptions): Metric {
  const { service, namespace = OUTCOMES_NAMESPACE, ...props } = options
  return new Metric({
    namespace,
    metricName: outcome,
    statistic: Stats.SUM,
    ...props,
    dimensionsMap: { ...props.dimensionsMap, service },
  })
}

/** The operations of a claim by their CloudWatch names, where a transaction has its own. */
const CLAIM_OPERATIONS = [
  Operation.PUT_ITEM,
  Operation.UPDATE_ITEM,
  Operation.GET_ITEM,
  Operation.TRANSACT_WRITE_ITEMS,
]

/**
 * Returns the sum of the table's `SystemErrors` over the operations that claims use.
 * Two of CDK's own sums cannot be in one graph, because the ids of their parts are the same.
 */
export function systemErrorsOfClaims(table: AnyTableV2, props: MetricOptions = {}): IMetric {
  const parts = CLAIM_OPERATIONS.map((operation) => {
    const dimensionsMap = { TableName: table.tableName, Operation: operation }
    return [
      `systemErrorsOf${operation}`,
      table.metric('SystemErrors', { statistic: Stats.SUM, ...props, dimensionsMap }),
    ] as const
  })
  return new MathExpression({
    // An operation without errors has no data, and a sum with a part that has no data would have none either.
    expression: `SUM([${parts.map(([id]) => `FILL(${id}, 0)`).join(', ')}])`,
    usingMetrics: Object.fromEntries(parts),
    label: props.label ?? 'Failed claims',
    ...(props.color === undefined ? {} : { color: props.color }),
    ...(props.period === undefined ? {} : { period: props.period }),
  })
}
