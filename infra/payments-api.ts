import { type RemovalPolicy, Validations } from 'aws-cdk-lib'
import { AccessLogFormat } from 'aws-cdk-lib/aws-apigateway'
import { HttpApi, HttpMethod, HttpStage, LogGroupLogDestination } from 'aws-cdk-lib/aws-apigatewayv2'
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations'
import type { IFunction } from 'aws-cdk-lib/aws-lambda'
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs'
import { Construct } from 'constructs'

/** @see https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging-variables.html */
const ACCESS_LOG = AccessLogFormat.custom(
  JSON.stringify({
    requestId: '$context.requestId',
    requestTime: '$context.requestTime',
    ip: '$context.identity.sourceIp',
    routeKey: '$context.routeKey',
    status: '$context.status',
    responseLength: '$context.responseLength',
    integrationError: '$context.integrationErrorMessage',
  }),
)

export interface PaymentsApiProps {
  readonly handler: IFunction
  readonly removalPolicy: RemovalPolicy
}

/** The HTTP API in front of the payments function. */
export class PaymentsApi extends Construct {
  readonly url: string

  constructor(scope: Construct, id: string, { handler, removalPolicy }: PaymentsApiProps) {
    super(scope, id)
    const api = new HttpApi(this, 'Http', { createDefaultStage: false })
    const integration = new HttpLambdaIntegration('Payments', handler)
    api.addRoutes({ path: '/payments', methods: [HttpMethod.POST, HttpMethod.GET], integration })
    api.addRoutes({ path: '/payments/{id}', methods: [HttpMethod.GET], integration })

    const logs = new LogGroup(this, 'Logs', { retention: RetentionDays.ONE_MONTH, removalPolicy })
    const stage = new HttpStage(this, 'Stage', {
      httpApi: api,
      stageName: '$default',
      autoDeploy: true,
      throttle: { rateLimit: 100, burstLimit: 50 },
      accessLogSettings: { destination: new LogGroupLogDestination(logs), format: ACCESS_LOG },
    })
    Validations.of(api).acknowledge({
      id: 'AwsSolutions::AwsSolutions-APIG4',
      reason: 'The demo is open to everyone. Behind an authorizer, each caller would have separate keys.',
    })
    this.url = stage.url
  }
}
