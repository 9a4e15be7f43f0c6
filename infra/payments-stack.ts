import { App, type AppProps, CfnOutput, RemovalPolicy, Stack, type StackProps } from 'aws-cdk-lib'
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions'
import { AttributeType, type TablePropsV2, TableV2 } from 'aws-cdk-lib/aws-dynamodb'
import type { ITopic } from 'aws-cdk-lib/aws-sns'
import recommended from 'aws-cdk-lib/recommended-feature-flags.json' with { type: 'json' }
import type { Construct } from 'constructs'
import { IdempotencyMonitoring, IdempotencyTable } from 'oncekey-cdk'
import { SERVICE } from './payments/settings.ts'
import { PaymentsApi } from './payments-api.ts'
import { PaymentsFunction } from './payments-function.ts'

interface PaymentsStackProps extends StackProps {
  /**
   * Keeps or deletes the tables and logs when the stack is destroyed.
   *
   * @default RemovalPolicy.RETAIN
   */
  readonly removalPolicy?: RemovalPolicy

  /**
   * The topic that alarms are published to.
   *
   * @default - none: alarms are visible in CloudWatch only
   */
  readonly alarmTopic?: ITopic
}

/** The demo: a payments API that charges a payment once, however often it is sent. */
class PaymentsStack extends Stack {
  constructor(scope: Construct, id: string, props: PaymentsStackProps = {}) {
    const { removalPolicy = RemovalPolicy.RETAIN, alarmTopic, ...stackProps } = props
    super(scope, id, stackProps)

    const durable: Omit<TablePropsV2, 'partitionKey'> = {
      removalPolicy,
      deletionProtection: removalPolicy !== RemovalPolicy.DESTROY,
      pointInTimeRecoverySpecification: { pointInTimeRecoveryEnabled: true },
    }
    const ledger = new TableV2(this, 'Ledger', {
      ...durable,
      partitionKey: { name: 'id', type: AttributeType.STRING },
    })
    const wallets = new TableV2(this, 'Wallets', {
      ...durable,
      partitionKey: { name: 'customer', type: AttributeType.STRING },
      sortKey: { name: 'currency', type: AttributeType.STRING },
    })

    const table = new IdempotencyTable(this, 'Idempotency', { removalPolicy })
    const handler = new PaymentsFunction(this, 'Function', { ledger, wallets, removalPolicy })
    table.protect(handler)

    const api = new PaymentsApi(this, 'Api', { handler, removalPolicy })
    new IdempotencyMonitoring(this, 'Monitoring', {
      table,
      service: SERVICE,
      alarmActions: alarmTopic === undefined ? [] : [new SnsAction(alarmTopic)],
    })
    new CfnOutput(this, 'Url', { value: api.url })
  }
}

/** Returns the app as it is deployed, tested and run on this machine. */
export function createPaymentsApp(props: AppProps = {}): App {
  const app = new App({ ...props, context: { ...recommended, ...props.context } })
  // Destroying the demo must leave nothing behind that costs money.
  new PaymentsStack(app, 'OncekeyPayments', { removalPolicy: RemovalPolicy.DESTROY })
  return app
}
