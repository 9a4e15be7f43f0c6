import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Validations } from 'aws-cdk-lib'
import { Match, Template } from 'aws-cdk-lib/assertions'
import { AwsSolutionsChecks, ServerlessChecks } from 'cdk-nag'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createPaymentsApp } from '../../infra/payments-stack.ts'

let outdir: string
let template: Template

beforeAll(async () => {
  outdir = await mkdtemp(join(tmpdir(), 'oncekey-assembly-'))
  const app = createPaymentsApp({ outdir })
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app), new ServerlessChecks(app))
  template = Template.fromJSON(app.synth().getStackByName('OncekeyPayments').template)
}, 120_000)
afterAll(() => rm(outdir, { recursive: true }))

describe('the payments stack', () => {
  test('breaks no rule of cdk-nag without acknowledging it', () => {
    const { pluginReports } = JSON.parse(readFileSync(join(outdir, 'validation-report.json'), 'utf8'))
    const reports = pluginReports.map(({ pluginName, conclusion, violations }: Record<string, unknown>) => ({
      pluginName,
      conclusion,
      violations,
    }))
    expect(reports).toEqual(
      ['AwsSolutions', 'Serverless'].map((pluginName) => ({
        pluginName,
        conclusion: 'success',
        violations: [],
      })),
    )
  })

  test('routes all requests to one function', () => {
    const routes = Object.values(template.findResources('AWS::ApiGatewayV2::Route'))
    expect(routes.map(({ Properties }) => Properties.RouteKey).sort()).toEqual([
      'GET /payments',
      'GET /payments/{id}',
      'POST /payments',
    ])
    template.resourceCountIs('AWS::Lambda::Function', 1)
    template.hasResourceProperties('AWS::ApiGatewayV2::Integration', { PayloadFormatVersion: '2.0' })
  })

  test('runs the function on the current runtime, with tracing and a log retention', () => {
    template.hasResourceProperties('AWS::Lambda::Function', {
      Runtime: 'nodejs24.x',
      Architectures: ['arm64'],
      Handler: 'index.handler',
      Timeout: 10,
      TracingConfig: { Mode: 'Active' },
      LoggingConfig: { LogGroup: Match.anyValue() },
      Environment: {
        Variables: {
          IDEMPOTENCY_TABLE: Match.anyValue(),
          LEDGER_TABLE: Match.anyValue(),
          WALLETS_TABLE: Match.anyValue(),
        },
      },
    })
    template.allResourcesProperties('AWS::Logs::LogGroup', { RetentionInDays: 30 })
  })

  test('allows the function only the actions that its code calls', () => {
    const [policy] = Object.values(template.findResources('AWS::IAM::Policy'))
    const allowed = policy?.Properties.PolicyDocument.Statement.map(
      ({ Action, Resource }: { Action: unknown; Resource: { 'Fn::GetAtt'?: string[] } }) => [
        Resource['Fn::GetAtt']?.[0]?.replace(/[0-9A-F]{8}$/, '') ?? Resource,
        Action,
      ],
    )
    expect(Object.fromEntries(allowed)).toEqual({
      FunctionLogs: ['logs:CreateLogStream', 'logs:PutLogEvents'],
      '*': ['xray:PutTelemetryRecords', 'xray:PutTraceSegments'],
      Ledger: ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:Scan'],
      Wallets: 'dynamodb:UpdateItem',
      IdempotencyTable: ['dynamodb:GetItem', 'dynamodb:PutItem', 'dynamodb:UpdateItem'],
    })
    template.resourceCountIs('AWS::IAM::Policy', 1)
    template.allResourcesProperties('AWS::IAM::Role', { ManagedPolicyArns: Match.absent() })
  })

  test('has the alarms that docs/operations.md explains', () => {
    const page = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8')
    const explained = [...page.matchAll(/^\| `([\w-]+)` \| (\d+) or more \|/gm)]
    const alarms = Object.values(template.findResources('AWS::CloudWatch::Alarm'))
    expect(Object.fromEntries(explained.map(([, name, threshold]) => [name, Number(threshold)]))).toEqual(
      Object.fromEntries(alarms.map(({ Properties }) => [Properties.MetricName, Properties.Threshold])),
    )
    template.allResourcesProperties('AWS::CloudWatch::Alarm', {
      Period: 300,
      EvaluationPeriods: 1,
      ComparisonOperator: 'GreaterThanOrEqualToThreshold',
      // There is no data while there are no requests.
      TreatMissingData: 'notBreaching',
    })
    template.resourceCountIs('AWS::CloudWatch::Dashboard', 1)
  })

  test('leaves nothing behind when it is destroyed', () => {
    for (const type of ['AWS::DynamoDB::GlobalTable', 'AWS::Logs::LogGroup']) {
      template.allResources(type, { DeletionPolicy: 'Delete' })
    }
    template.allResourcesProperties('AWS::DynamoDB::GlobalTable', {
      Replicas: [Match.objectLike({ DeletionProtectionEnabled: false })],
    })
  })
})
