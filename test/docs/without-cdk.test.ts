import { parse as parseHcl } from '@cdktn/hcl2json'
import { App, Stack } from 'aws-cdk-lib'
import { Template } from 'aws-cdk-lib/assertions'
import { Role, ServicePrincipal } from 'aws-cdk-lib/aws-iam'
import { Key } from 'aws-cdk-lib/aws-kms'
import { IdempotencyTable } from 'oncekey-cdk'
import { describe, expect, it, vi } from 'vitest'
import { parse as parseYaml, type ScalarTag } from 'yaml'
import { blocksOf, proseOf, readPage } from './pages.ts'

// The first synthesis loads most of aws-cdk-lib.
vi.setConfig({ testTimeout: 60_000 })

const page = 'docs/without-cdk.md'

function code(language: string, name?: string): string {
  const found = blocksOf(page).filter((block) => block.language === language && block.file === name)
  expect(found).toHaveLength(1)
  return found[0]?.code ?? ''
}

/** What `oncekey-cdk` makes and grants, which the snippets are held to. */
function synthesised() {
  const stack = new Stack(new App({ builtinCloudFormationValidation: false }), 'Stack', {
    env: { account: '111111111111', region: 'eu-central-1' },
  })
  const table = new IdempotencyTable(stack, 'Idempotency', { encryptionKey: new Key(stack, 'Key') })
  table.grantClaims(new Role(stack, 'Role', { assumedBy: new ServicePrincipal('lambda.amazonaws.com') }))
  const template = Template.fromStack(stack)
  const [made] = Object.values(template.findResources('AWS::DynamoDB::GlobalTable'))
  const [policy] = Object.values(template.findResources('AWS::IAM::Policy'))
  const { Replicas, ...properties } = made?.Properties ?? {}
  const [claims, onKey] = policy?.Properties.PolicyDocument.Statement ?? []
  return { resource: made, properties, replica: Replicas[0], claims, onKey }
}

/** CloudFormation's short forms. */
const customTags = ['!Ref', '!GetAtt'].map(
  (tag): ScalarTag => ({ tag, resolve: (value) => ({ [tag === '!Ref' ? 'Ref' : 'Fn::GetAtt']: value }) }),
)
const yaml = (name: string) => parseYaml(code('yaml', name), { customTags })

const toTable = { 'Fn::GetAtt': 'IdempotencyTable.Arn' }

const ofCloudFormation = [
  {
    tool: 'CloudFormation',
    read: () => {
      const { Resources } = yaml('cloudformation')
      return {
        table: Resources.IdempotencyTable,
        statements: Resources.ClaimsPolicy.Properties.PolicyDocument.Statement,
        env: undefined,
      }
    },
  },
  {
    tool: 'SAM',
    read: () => {
      const { Resources } = yaml('sam')
      const { Policies, Environment } = Resources.PaymentsFunction.Properties
      return {
        table: Resources.IdempotencyTable,
        statements: Policies[0].Statement,
        env: Environment.Variables,
      }
    },
  },
  {
    tool: 'Serverless Framework',
    read: () => {
      const { provider, resources } = yaml('serverless')
      const { environment: env, iam } = provider
      return { table: resources.Resources.IdempotencyTable, statements: iam.role.statements, env }
    },
  },
]

describe.each(ofCloudFormation)('the snippet for $tool', ({ read }) => {
  it('makes the table that the construct makes', () => {
    const { resource, properties, replica } = synthesised()
    const { table } = read()
    expect(table.Type).toBe('AWS::DynamoDB::Table')
    expect(table.DeletionPolicy).toBe(resource?.DeletionPolicy)
    expect(table.UpdateReplacePolicy).toBe(resource?.UpdateReplacePolicy)
    expect(table.Properties).toEqual({
      AttributeDefinitions: properties.AttributeDefinitions,
      KeySchema: properties.KeySchema,
      BillingMode: properties.BillingMode,
      TimeToLiveSpecification: properties.TimeToLiveSpecification,
      PointInTimeRecoverySpecification: replica.PointInTimeRecoverySpecification,
      DeletionProtectionEnabled: replica.DeletionProtectionEnabled,
    })
  })

  it('allows what the construct grants, on the table alone', () => {
    const { claims } = synthesised()
    expect(read().statements).toEqual([{ Effect: 'Allow', Action: claims.Action, Resource: toTable }])
  })
})

describe('the snippets that tell a function of the table', () => {
  it.each(ofCloudFormation.slice(1))('do it by IDEMPOTENCY_TABLE: $tool', ({ read }) => {
    expect(read().env).toEqual({ IDEMPOTENCY_TABLE: { Ref: 'IdempotencyTable' } })
  })
})

describe('the snippet for Terraform', () => {
  it('makes the table that the construct makes, and grants the same', async () => {
    const { properties, replica, claims } = synthesised()
    const { resource, data } = await parseHcl('main.tf', code('hcl'))
    const [table] = resource.aws_dynamodb_table.idempotency
    const [attribute] = properties.AttributeDefinitions
    expect(table).toEqual({
      name: 'idempotency',
      billing_mode: properties.BillingMode,
      hash_key: properties.KeySchema[0].AttributeName,
      attribute: [{ name: attribute.AttributeName, type: attribute.AttributeType }],
      ttl: [{ attribute_name: properties.TimeToLiveSpecification.AttributeName, enabled: true }],
      point_in_time_recovery: [
        { enabled: replica.PointInTimeRecoverySpecification.PointInTimeRecoveryEnabled },
      ],
      deletion_protection_enabled: replica.DeletionProtectionEnabled,
      lifecycle: [{ prevent_destroy: true }],
    })
    expect(data.aws_iam_policy_document.claims[0].statement).toEqual([
      {
        effect: 'Allow',
        actions: claims.Action,
        resources: [expect.stringMatching(/aws_dynamodb_table.idempotency.arn/)],
      },
    ])
  })

  it('is read by a parser that refuses what is not HCL', async () => {
    await expect(parseHcl('main.tf', 'resource "a" {')).rejects.toThrow()
  })
})

describe('the page', () => {
  it('names the actions that the construct grants, on the table and on its key', () => {
    const { claims, onKey } = synthesised()
    const statement = JSON.parse(code('json')).Statement
    expect(statement).toEqual([
      {
        Effect: 'Allow',
        Action: claims.Action,
        Resource: expect.stringMatching(/^arn:aws:dynamodb:.*:table\//),
      },
    ])
    const text = readPage(page).replaceAll('\n', ' ')
    expect(onKey.Action.filter((action: string) => !text.includes(`\`${action}\``))).toEqual([])
    expect(proseOf(page)).not.toContain('```')
  })
})
