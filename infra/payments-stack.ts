import { CfnOutput, RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib'
import { AttributeType, type TablePropsV2, TableV2 } from 'aws-cdk-lib/aws-dynamodb'
import type { ITopic } from 'aws-cdk-lib/aws-sns'
import type { Construct } from 'constructs'
import { IdempotencyTable } from 'oncekey-cdk'
import { SERVICE } from './payments/service.ts'
import { PaymentsApi } from './payments-api.ts'
import { PaymentsFunction } from './payments-function.ts'
import { PaymentsMonitoring } from './payments-monitoring.ts'

export interface PaymentsStackProps extends StackProps {
  /**
   * What happens to tables and logs when the stack is destroyed.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy

  /**
   * Who is told of an alarm.
   *
   * @default - nobody: alarms are only seen in CloudWatch
   */
  readonly alarmTopic?: ITopic
}

/** The demo: a payments API that charges once, however often a payment is sent. */
export class PaymentsStack extends Stack {
  constructor(scope: Construct, id: string, props: PaymentsStackProps = {}) {
    const { removalPolicy = RemovalPolicy.RETAIN, alarmTopic, ...stackProps } = props
    super(scope, id, stackProps)

    const money: Omit<TablePropsV2, 'partitionKey'> = {
      removalPolicy,
      deletionProtection: removalPolicy !== RemovalPolicy.DESTROY,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    }
    const ledger = new TableV2(this, 'Ledger', {
      ...money,
      partitionKey: { name: 'id', type: AttributeType.STRING },
    })
    const wallets = new TableV2(this, 'Wallets', {
      ...money,
      partitionKey: { name: 'customer', type: AttributeType.STRING },
      sortKey: { name: 'currency', type: AttributeType.STRING },
    })

    const table = new IdempotencyTable(this, 'Idempotency', { removalPolicy })
    const handler = new PaymentsFunction(this, 'Function', { ledger, wallets, removalPolicy })
    table.protect(handler)

    const api = new PaymentsApi(this, 'Api', { handler, removalPolicy })
    new PaymentsMonitoring(this, 'Monitoring', {
      table,
      service: SERVICE,
      ...(alarmTopic === undefined ? {} : { alarmTopic }),
    })
    new CfnOutput(this, 'Url', { value: api.url })
  }
}
