import { type IMetric, MathExpression, type MetricOptions, Stats } from 'aws-cdk-lib/aws-cloudwatch'
import { Operation } from 'aws-cdk-lib/aws-dynamodb'
import type { AnyTableV2 } from './any-table.ts'

/** The operations of a claim as CloudWatch counts them: there, a transaction has a name of its own. */
const CLAIM_OPERATIONS = [
  Operation.PUT_ITEM,
  Operation.UPDATE_ITEM,
  Operation.GET_ITEM,
  Operation.TRANSACT_WRITE_ITEMS,
]

/**
 * The table's `SystemErrors`, which CloudWatch keeps by operation, added up over what claims call.
 * CDK's own sum cannot stand beside another of its sums in one graph, because their parts share their ids.
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
    // An operation that never failed has no data at all, and nothing plus 1 would be nothing.
    expression: `SUM([${parts.map(([id]) => `FILL(${id}, 0)`).join(', ')}])`,
    usingMetrics: Object.fromEntries(parts),
    label: props.label ?? 'Failed claims',
    ...(props.color === undefined ? {} : { color: props.color }),
    ...(props.period === undefined ? {} : { period: props.period }),
  })
}
