import { App, CfnOutput, Duration, Stack } from 'aws-cdk-lib'
import { HttpApi, HttpMethod } from 'aws-cdk-lib/aws-apigatewayv2'
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations'
import { AttributeType, TableV2 } from 'aws-cdk-lib/aws-dynamodb'
import { Runtime } from 'aws-cdk-lib/aws-lambda'
import { NodejsFunction } from 'aws-cdk-lib/aws-lambda-nodejs'
import type { Construct } from 'constructs'
import { IdempotencyTable } from 'oncekey-cdk'

class PaymentsStack extends Stack {
  constructor(scope: Construct, id: string) {
    super(scope, id)
    const payments = new TableV2(this, 'Payments', {
      partitionKey: { name: 'id', type: AttributeType.STRING },
    })
    const createPayment = new NodejsFunction(this, 'CreatePayment', {
      entry: 'handler.ts',
      runtime: Runtime.NODEJS_24_X,
      timeout: Duration.seconds(10),
      environment: { PAYMENTS_TABLE: payments.tableName },
    })
    payments.grant(createPayment, 'dynamodb:PutItem')
    new IdempotencyTable(this, 'Idempotency').protect(createPayment)

    const api = new HttpApi(this, 'Api')
    api.addRoutes({
      path: '/payments',
      methods: [HttpMethod.POST],
      integration: new HttpLambdaIntegration('CreatePayment', createPayment),
    })
    new CfnOutput(this, 'Url', { value: api.apiEndpoint })
  }
}

new PaymentsStack(new App(), 'PaymentsExample')
