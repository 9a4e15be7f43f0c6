import { Stack } from 'aws-cdk-lib'
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions'
import {
  AccountPrincipal,
  AnyPrincipal,
  PolicyDocument,
  PolicyStatement,
  Role,
  ServicePrincipal,
} from 'aws-cdk-lib/aws-iam'
import { Key } from 'aws-cdk-lib/aws-kms'
import { IdempotencyTable } from 'oncekey-cdk'
import { describe, expect, test, vi } from 'vitest'
import { createApp, createFunction, createStack, grantedTo } from './stacks.ts'

// The first synthesis loads most of aws-cdk-lib.
vi.setConfig({ testTimeout: 60_000 })

const CLAIMS = ['dynamodb:PutItem', 'dynamodb:UpdateItem', 'dynamodb:GetItem']

describe('a grant of claims', () => {
  test('allows the three actions that the store calls, on this table alone', () => {
    const stack = createStack()
    const table = new IdempotencyTable(stack, 'Idempotency')
    const statements = grantedTo(stack, (role) => table.grantClaims(role))
    expect(statements).toEqual([
      {
        Effect: 'Allow',
        Action: ['dynamodb:PutItem', 'dynamodb:UpdateItem', 'dynamodb:GetItem'],
        Resource: stack.resolve(table.tableArn),
      },
    ])
  })

  test('includes the use of a customer-managed key, through DynamoDB only', () => {
    const stack = createStack()
    const key = new Key(stack, 'Key')
    const table = new IdempotencyTable(stack, 'Idempotency', { encryptionKey: key })
    const [, onKey] = grantedTo(stack, (role) => table.grantClaims(role))
    expect(onKey).toEqual({
      Effect: 'Allow',
      Action: ['kms:Encrypt', 'kms:Decrypt', 'kms:ReEncrypt*', 'kms:GenerateDataKey*', 'kms:DescribeKey'],
      Resource: stack.resolve(key.keyArn),
      Condition: { StringEquals: { 'kms:ViaService': 'dynamodb.eu-west-1.amazonaws.com' } },
    })
    Template.fromStack(stack).hasResourceProperties('AWS::DynamoDB::GlobalTable', {
      SSESpecification: { SSEEnabled: true, SSEType: 'KMS' },
      Replicas: [{ SSESpecification: { KMSMasterKeyId: stack.resolve(key.keyArn) } }],
    })
  })

  test('of protect() also sets the name of the table in the environment', () => {
    const stack = createStack()
    const table = new IdempotencyTable(stack, 'Idempotency')
    const grant = table.protect(createFunction(stack))
    expect(grant.success).toBe(true)
    const template = Template.fromStack(stack)
    template.hasResourceProperties('AWS::Lambda::Function', {
      Environment: { Variables: { IDEMPOTENCY_TABLE: stack.resolve(table.tableName) } },
    })
    template.hasResourceProperties('AWS::IAM::Policy', {
      PolicyDocument: { Statement: [Match.objectLike({ Resource: stack.resolve(table.tableArn) })] },
    })
  })

  test('can set another environment variable, also if the account is not known', () => {
    const stack = createStack({})
    const table = new IdempotencyTable(stack, 'Idempotency')
    table.protect(createFunction(stack), { environmentVariable: 'KEYS' })
    Template.fromStack(stack).hasResourceProperties('AWS::Lambda::Function', {
      Environment: { Variables: { KEYS: stack.resolve(table.tableName) } },
    })
  })
})

describe('protect() of a table by its ARN', () => {
  const arnIn = (region: string, account: string) => `arn:aws:dynamodb:${region}:${account}:table/keys`
  const variableOf = (stack: Stack, arn: string) => {
    const fn = createFunction(stack)
    IdempotencyTable.fromTableArn(stack, 'Imported', arn).protect(fn)
    const [resource] = Object.values(Template.fromStack(stack).findResources('AWS::Lambda::Function'))
    return resource?.Properties.Environment.Variables.IDEMPOTENCY_TABLE
  }
  const own = { account: '111111111111', region: 'eu-west-1' }

  test.each([
    { whose: 'the same account', env: own, account: '111111111111', variable: 'keys' },
    {
      whose: 'another account',
      env: own,
      account: '222222222222',
      variable: arnIn('eu-west-1', '222222222222'),
    },
    {
      whose: 'an account that may be another one',
      env: {},
      account: '222222222222',
      variable: arnIn('eu-west-1', '222222222222'),
    },
  ])('of $whose sets the variable to $variable', ({ env, account, variable }) => {
    expect(variableOf(createStack(env), arnIn('eu-west-1', account))).toBe(variable)
  })

  test('of another account grants the actions on that ARN', () => {
    const stack = createStack()
    const tableArn = arnIn('eu-west-1', '222222222222')
    const table = IdempotencyTable.fromTableArn(stack, 'Imported', tableArn)
    expect(grantedTo(stack, (role) => table.grantClaims(role))).toEqual([
      { Effect: 'Allow', Action: CLAIMS, Resource: tableArn },
    ])
  })

  test('of another account grants the use of its key in that account', () => {
    const stack = createStack()
    const keyArn = 'arn:aws:kms:eu-west-1:222222222222:key/a'
    const table = IdempotencyTable.fromTableAttributes(stack, 'Imported', {
      tableArn: arnIn('eu-west-1', '222222222222'),
      encryptionKey: Key.fromKeyArn(stack, 'Key', keyArn),
    })
    expect(grantedTo(stack, (role) => table.grantClaims(role))).toContainEqual(
      expect.objectContaining({
        Resource: keyArn,
        Condition: { StringEquals: { 'kms:ViaService': 'dynamodb.eu-west-1.amazonaws.com' } },
      }),
    )
  })

  test('warns of a table in another Region', () => {
    const stack = createStack()
    variableOf(stack, arnIn('us-east-1', '111111111111'))
    Annotations.fromStack(stack).hasWarning(
      '/Stack/Function',
      Match.stringLikeRegexp('Imported is in us-east-1, but the function is in eu-west-1'),
    )
  })
})

describe('a table that functions of another account use', () => {
  const policyOf = (stack: Stack) => {
    const [table] = Object.values(Template.fromStack(stack).findResources('AWS::DynamoDB::GlobalTable'))
    return table?.Properties.Replicas[0].ResourcePolicy.PolicyDocument.Statement
  }

  test('takes a resourcePolicy', () => {
    const stack = createStack()
    const statement = new PolicyStatement({
      actions: ['dynamodb:GetItem'],
      principals: [new AnyPrincipal()],
      resources: ['*'],
    })
    const resourcePolicy = new PolicyDocument({ statements: [statement] })
    new IdempotencyTable(stack, 'Idempotency', { resourcePolicy })
    expect(policyOf(stack)).toEqual([
      { Effect: 'Allow', Action: 'dynamodb:GetItem', Principal: { AWS: '*' }, Resource: '*' },
    ])
  })

  test('allows the claims of an account in its own policy, without a reference to itself', () => {
    const stack = createStack()
    new IdempotencyTable(stack, 'Idempotency').grantClaims(new AccountPrincipal('222222222222'))
    const root = { 'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':iam::222222222222:root']] }
    expect(policyOf(stack)).toEqual([
      { Effect: 'Allow', Action: CLAIMS, Principal: { AWS: root }, Resource: '*' },
    ])
  })

  test('allows a role of another account in both accounts', () => {
    const app = createApp()
    const tables = new Stack(app, 'Tables', { env: { account: '111111111111', region: 'eu-west-1' } })
    const functions = new Stack(app, 'Functions', { env: { account: '222222222222', region: 'eu-west-1' } })
    const role = new Role(functions, 'Role', {
      assumedBy: new ServicePrincipal('lambda.amazonaws.com'),
      roleName: 'payments',
    })
    new IdempotencyTable(tables, 'Idempotency', { tableName: 'keys' }).grantClaims(role)
    const [statement] = policyOf(tables)
    expect(statement).toMatchObject({ Effect: 'Allow', Action: CLAIMS, Resource: '*' })
    expect(JSON.stringify(statement.Principal)).toContain('222222222222:role/payments')
    Template.fromStack(functions).hasResourceProperties('AWS::IAM::Policy', {
      PolicyDocument: { Statement: [Match.objectLike({ Action: CLAIMS })] },
    })
  })
})
