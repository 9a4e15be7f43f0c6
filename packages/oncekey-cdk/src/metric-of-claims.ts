import { type IMetric, MathExpression, type MetricOptions, Stats } from 'aws-cdk-lib/aws-cloudwatch'
import { Operation } from 'aws-cdk-lib/aws-dynamodb'
import type { AnyTableV2 } from './idempotency-table-base.ts'

/** The operations of a claim as CloudWatch counts them: there, a transaction has a name of its own. */
const CLAIM_OPERATIONS = [
  Operation.PUT_ITEM,
  Operation.UPDATE_ITEM,
  Operation.GET_ITEM,
  Operation.TRANSACT_WRITE_ITEMS,
]

/**
 * A metric of a table that CloudWatch keeps by operation, added up over what claims call.
 * CDK's own sums cannot stand beside each other in one graph, because their parts share their ids.
 */
export function metricOfClaims(
  table: AnyTableV2,
  metricName: string,
  label: string,
  props: MetricOptions = {},
): IMetric {
  const parts = CLAIM_OPERATIONS.map((operation) => {
    const id = `${metricName.charAt(0).toLowerCase()}${metricName.slice(1)}Of${operation}`
    const dimensionsMap = { TableName: table.tableName, Operation: operation }
    return [id, table.metric(metricName, { statistic: Stats.SUM, ...props, dimensionsMap })] as const
  })
  return new MathExpression({
    // An operation that was never throttled has no data at all, and nothing plus 1 would be nothing.
    expression: `SUM([${parts.map(([id]) => `FILL(${id}, 0)`).join(', ')}])`,
    usingMetrics: Object.fromEntries(parts),
    label: props.label ?? label,
    ...(props.color === undefined ? {} : { color: props.color }),
    ...(props.period === undefined ? {} : { period: props.period }),
  })
}
