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

/** The demo function, bundled from the workspace's sources by esbuild, and allowed what its code calls. */
export class PaymentsFunction extends NodejsFunction {
  constructor(scope: Construct, id: string, { ledger, wallets, removalPolicy }: PaymentsFunctionProps) {
    const inRepository = (path: string) => fileURLToPath(new URL(`../${path}`, import.meta.url))
    const logGroup = new LogGroup(scope, `${id}Logs`, { retention: RetentionDays.ONE_MONTH, removalPolicy })
    // A role of our own: the one that CDK makes may write to any log of the account.
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
        // CDK runs esbuild by npx, which inside another npx would take that one's arguments for its own.
        environment: { npm_config_call: '', npm_config_package: '' },
        format: OutputFormat.ESM,
        mainFields: ['module', 'main'],
        // The SDK that was tested, and not the one that Lambda happens to carry.
        bundleAwsSDK: true,
        minify: true,
        sourceMap: true,
        sourcesContent: false,
        esbuildArgs: { '--conditions': 'oncekey-source,module' },
        // Some dependencies are CommonJS and `require` Node's own modules.
        banner: "import { createRequire } from 'node:module';const require = createRequire(import.meta.url);",
      },
    })
    // What bookPayment writes in its transaction, and what the GET routes read.
    ledger.grant(this, 'dynamodb:PutItem', 'dynamodb:GetItem', 'dynamodb:Scan')
    wallets.grant(this, 'dynamodb:UpdateItem')

    Validations.of(role).acknowledge({
      id: 'AwsSolutions::AwsSolutions-IAM5[Resource::*]',
      reason: 'X-Ray takes traces from anywhere: its actions know no resources.',
    })
    Validations.of(this).acknowledge({
      id: 'Serverless::Serverless-LambdaDLQ',
      reason:
        'The API invokes the function synchronously; Lambda uses a dead letter queue for other invocations only.',
    })
  }
}
