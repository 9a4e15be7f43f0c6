import { type IMetric, type MetricOptions, Stats } from 'aws-cdk-lib/aws-cloudwatch'
import type { Grant, IGrantable } from 'aws-cdk-lib/aws-iam'
import type { IKey } from 'aws-cdk-lib/aws-kms'
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda'
import { Construct, type IConstruct } from 'constructs'
import type { AnyTableV2 } from './any-table.ts'
import { systemErrorsOfClaims } from './system-errors-of-claims.ts'

/**
 * Everything that oncekey's store asks of its table. A `commit` is authorised action by action: its completion is an
 * UpdateItem on this table, and the caller's own writes need their own grants on their own tables.
 *
 * @see https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html
 */
const CLAIM_ACTIONS = ['dynamodb:PutItem', 'dynamodb:UpdateItem', 'dynamodb:GetItem']

/**
 * What AWS documents as the minimum on a table's own key.
 * @see https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html
 */
const KEY_ACTIONS = [
  'kms:Encrypt',
  'kms:Decrypt',
  'kms:ReEncrypt*',
  'kms:GenerateDataKey*',
  'kms:DescribeKey',
]

/** How `protect` tells a function about the table. */
export interface ProtectProps {
  /**
   * The environment variable that gets the table's name.
   *
   * @default 'IDEMPOTENCY_TABLE'
   */
  readonly environmentVariable?: string
}

/** A table that oncekey can claim in: one of this app, or an imported one. */
export interface IIdempotencyTable extends IConstruct {
  /** The table itself, for whatever is not offered here. */
  readonly table: AnyTableV2
  readonly tableName: string
  readonly tableArn: string
  /** The customer-managed key that encrypts the table, if there is one. */
  readonly encryptionKey: IKey | undefined

  /** Allows what `idempotent()` and its siblings do to the table, and nothing else: no scan, no delete. */
  grantClaims(grantee: IGrantable): Grant

  /** Grants claims to a function, and tells it the table's name in its environment. */
  protect(fn: LambdaFunction, props?: ProtectProps): Grant

  /** Refused conditions: repeats of a key, each of them billed as a write. Sum over 5 minutes. */
  metricConditionalCheckFailures(props?: MetricOptions): IMetric

  /** Writes that DynamoDB throttled: claims, steps and completions are writes. Sum over 5 minutes. */
  metricThrottles(props?: MetricOptions): IMetric

  /** Claims, steps and completions that DynamoDB failed to serve, all operations together. Sum over 5 minutes. */
  metricSystemErrors(props?: MetricOptions): IMetric

  /** Read units. Sum over 5 minutes. */
  metricConsumedReadCapacityUnits(props?: MetricOptions): IMetric

  /** Write units. Sum over 5 minutes. */
  metricConsumedWriteCapacityUnits(props?: MetricOptions): IMetric
}

/** What a table does, whether this app made or imported it. */
export abstract class IdempotencyTableBase extends Construct implements IIdempotencyTable {
  abstract readonly table: AnyTableV2
  abstract readonly encryptionKey: IKey | undefined

  get tableName(): string {
    return this.table.tableName
  }

  get tableArn(): string {
    return this.table.tableArn
  }

  grantClaims(grantee: IGrantable): Grant {
    const grant = this.table.grant(grantee, ...CLAIM_ACTIONS)
    return this.encryptionKey === undefined
      ? grant
      : grant.combine(this.encryptionKey.grant(grantee, ...KEY_ACTIONS))
  }

  protect(fn: LambdaFunction, props: ProtectProps = {}): Grant {
    fn.addEnvironment(props.environmentVariable ?? 'IDEMPOTENCY_TABLE', this.tableName)
    return this.grantClaims(fn)
  }

  metricConditionalCheckFailures(props?: MetricOptions): IMetric {
    return this.table.metricConditionalCheckFailedRequests(props)
  }

  metricThrottles(props?: MetricOptions): IMetric {
    // Not ThrottledRequests, which CloudWatch keeps by operation: an alarm on their sum is billed as four.
    return this.table.metric('WriteThrottleEvents', { statistic: Stats.SUM, ...props })
  }

  metricSystemErrors(props?: MetricOptions): IMetric {
    return systemErrorsOfClaims(this.table, props)
  }

  metricConsumedReadCapacityUnits(props?: MetricOptions): IMetric {
    return this.table.metricConsumedReadCapacityUnits(props)
  }

  metricConsumedWriteCapacityUnits(props?: MetricOptions): IMetric {
    return this.table.metricConsumedWriteCapacityUnits(props)
  }
}
