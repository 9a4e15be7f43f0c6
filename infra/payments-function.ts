import { fileURLToPath } from 'node:url'
import { Duration, type RemovalPolicy, Validations } from 'aws-cdk-lib'
import type { TableV2 } from 'aws-cdk-lib/aws-dynamodb'
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { Architecture, Runtime, Tracing } from 'aws-cdk-lib/aws-lambda'
import { LogLevel, NodejsFunction, OutputFormat } from 'aws-cdk-lib/aws-lambda-nodejs'
import { LogGroup, RetentionDays } from 'aws-cdk-lib/aws-logs'
import type { Construct } from 'constructs'

export interface PaymentsFunctionProps {
  readonly ledger: TableV2
  readonly wallets: TableV2
  readonly removalPolicy: RemovalPolicy
}

/** The demo function: bundled from the workspace's sources by esbuild, with permissions for the calls in its code. */
export class PaymentsFunction extends NodejsFunction {
  constructor(scope: Construct, id: string, { ledger, wallets, removalPolicy }: PaymentsFunctionProps) {
    const inRepository = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url))
    const logGroup = new LogGroup(scope, `${id}Logs`, { retention: RetentionDays.ONE_MONTH, removalPolicy })
    // The role that CDK would create may write to every log group of the account.
    const role = new Role(scope, `${id}Role`, { assumedBy: new ServicePrincipal('lambda.amazonaws.com') })
    logGroup.grantWrite(role)

    super(scope, id, {
      role,
      logGroup,
      runtime: Runtime.NODEJS_24_X,
      architecture: Architecture.ARM_64,
      memorySize: 512,
      timeout: Duration.seconds(10),
      tracing: Tracing.ACTIVE,
      environment: {
        LEDGER_TABLE: ledger.tableName,
        WALLETS_TABLE: wallets.tableName,
        NODE_OPTIONS: '--enable-source-maps',
      },
      entry: inRepository('infra/payments/handler.ts'),
      projectRoot: inRepository('.'),
      depsLockFilePath: inRepository('package-lock.json'),
      bundling: {
        logLevel: LogLevel.WARNING,
        // CDK runs esbuild with npx. Inside another npx, it would inherit the arguments of that one.
        environment: { npm_config_call: '', npm_config_package: '' },
        format: OutputFormat.ESM,
        mainFields: ['module', 'main'],
        // Use the tested version of the SDK, not the one of the Lambda runtime.
        bundleAwsSDK: true,
        minify: true,
        sourceMap: true,
        sourcesContent: false,
        esbuildArgs: { '--conditions': 'oncekey-source,module' },
        // Some dependencies are CommonJS modules that `require` modules of Node.js.
        banner: "import { createRequire } from 'node:module';const require = createRequire(import.meta.url);",
      },
    })
    // For the transaction of bookPayment, and for the GET routes.
    ledger.grant(this, 'dynamodb:PutItem', 'dynamodb:GetItem', 'dynamodb:Scan')
    wallets.grant(this, 'dynamodb:UpdateItem')

    Validations.of(role).acknowledge({
      id: 'AwsSolutions::AwsSolutions-IAM5[Resource::*]',
      reason: 'The actions of X-Ray do not support resource-level permissions.',
    })
    Validations.of(this).acknowledge({
      id: 'Serverless::Serverless-LambdaDLQ',
      reason:
        'The API invokes the function synchronously; Lambda uses a dead-letter queue for asynchronous invocations only.',
    })
  }
}
