import { Annotations, Token, TokenComparison } from 'aws-cdk-lib'
import { type IMetric, type MetricOptions, Stats } from 'aws-cdk-lib/aws-cloudwatch'
import type { ITableV2, TableV2 } from 'aws-cdk-lib/aws-dynamodb'
import { type CommonGrantOptions, Grant, type IGrantable } from 'aws-cdk-lib/aws-iam'
import type { IKey } from 'aws-cdk-lib/aws-kms'
import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda'
import { Construct, type IConstruct } from 'constructs'
import { systemErrorsOfClaims } from './metrics.ts'

/** Either type: with `exactOptionalPropertyTypes`, CDK's class is not assignable to CDK's interface. */
export type AnyTableV2 = TableV2 | ITableV2

/**
 * The actions that oncekey calls on its table. IAM authorises a transaction action by action: the completion in a
 * `commit` is an UpdateItem on this table, and the caller's own writes need grants on the caller's own tables.
 *
 * @see https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html
 */
const CLAIM_ACTIONS = ['dynamodb:PutItem', 'dynamodb:UpdateItem', 'dynamodb:GetItem']

/**
 * The minimum that AWS documents for the customer-managed key of a table.
 *
 * @see https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/encryption.usagenotes.html
 */
const KEY_ACTIONS = [
  'kms:Encrypt',
  'kms:Decrypt',
  'kms:ReEncrypt*',
  'kms:GenerateDataKey*',
  'kms:DescribeKey',
]

/** Properties of `protect`. */
export interface ProtectProps {
  /**
   * The environment variable that is set to the table's name, or to its ARN if the table may be in another account.
   *
   * @default 'IDEMPOTENCY_TABLE'
   */
  readonly environmentVariable?: string
}

/** A table for oncekey's records: one that this app creates, or an imported one. */
export interface IIdempotencyTable extends IConstruct {
  /** The underlying table, for everything that this interface does not offer. */
  readonly table: AnyTableV2
  readonly tableName: string
  readonly tableArn: string
  /** The customer-managed key that encrypts the table, if any. */
  readonly encryptionKey: IKey | undefined

  /**
   * Grants the actions that `idempotent()` and the other entry points use, and no others: no scan, no delete. If the
   * table has a customer-managed key, it may be used through DynamoDB only. For a grantee of another account the
   * table's resource policy allows it too, if this app creates the table.
   */
  grantClaims(grantee: IGrantable): Grant

  /**
   * Calls `grantClaims` for a function and sets its environment variable: to the table's name, or to its ARN if the
   * table may be in another account, because DynamoDB looks for a name in the caller's own account.
   */
  protect(fn: LambdaFunction, props?: ProtectProps): Grant

  /** Returns the metric of failed conditions: repeats of a key, each billed as a write. Sum over 5 minutes. */
  metricConditionalCheckFailures(props?: MetricOptions): IMetric

  /** Returns the metric of throttled writes: claims, steps and completions are writes. Sum over 5 minutes. */
  metricThrottles(props?: MetricOptions): IMetric

  /** Returns the metric of requests that failed with an error of DynamoDB's, over all operations. Sum over 5 minutes. */
  metricSystemErrors(props?: MetricOptions): IMetric

  /** Returns the metric of consumed read units. Sum over 5 minutes. */
  metricConsumedReadCapacityUnits(props?: MetricOptions): IMetric

  /** Returns the metric of consumed write units. Sum over 5 minutes. */
  metricConsumedWriteCapacityUnits(props?: MetricOptions): IMetric
}

/** The methods of a table, whether this app creates or imports it. */
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
    const onTable = this.grantOnTable({ grantee, actions: [...CLAIM_ACTIONS], resourceArns: [this.tableArn] })
    if (this.encryptionKey === undefined) return onTable
    // Not `key.grant`, which takes no condition.
    const onKey = Grant.addToPrincipalOrResource({
      grantee,
      actions: [...KEY_ACTIONS],
      resource: this.encryptionKey,
      resourceArns: [this.encryptionKey.keyArn],
      resourceSelfArns: ['*'],
      conditions: {
        StringEquals: { 'kms:ViaService': `dynamodb.${this.table.env.region}.amazonaws.com` },
      },
    })
    return onTable.combine(onKey)
  }

  private grantOnTable(options: CommonGrantOptions): Grant {
    const { table } = this
    // Not `table.grant`: a table whose own policy refers to its ARN, and not to `*`, would depend on itself.
    return 'addToResourcePolicy' in table
      ? Grant.addToPrincipalOrResource({ ...options, resource: table, resourceSelfArns: ['*'] })
      : Grant.addToPrincipal({ ...options, scope: table })
  }

  protect(fn: LambdaFunction, props: ProtectProps = {}): Grant {
    const { account, region } = this.table.env
    if (Token.compareStrings(region, fn.env.region) === TokenComparison.DIFFERENT) {
      Annotations.of(fn).addWarningV2(
        'oncekey-cdk:otherRegion',
        `Table ${this.node.path} is in ${region}, but the function is in ${fn.env.region}, and its requests to DynamoDB go there. Use a table in the function's Region, or pass a client with region ${region}.`,
      )
    }
    const isNameEnough = [TokenComparison.SAME, TokenComparison.BOTH_UNRESOLVED].includes(
      Token.compareStrings(account, fn.env.account),
    )
    fn.addEnvironment(
      props.environmentVariable ?? 'IDEMPOTENCY_TABLE',
      isNameEnough ? this.tableName : this.tableArn,
    )
    return this.grantClaims(fn)
  }

  metricConditionalCheckFailures(props?: MetricOptions): IMetric {
    return this.table.metricConditionalCheckFailedRequests(props)
  }

  metricThrottles(props?: MetricOptions): IMetric {
    // Not ThrottledRequests, which CloudWatch counts by operation: an alarm on a sum of four metrics is billed as four.
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
