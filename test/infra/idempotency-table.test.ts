import { RemovalPolicy, type Stack } from 'aws-cdk-lib'
import { Annotations, Match, Template } from 'aws-cdk-lib/assertions'
import { ContributorInsightsMode, MultiRegionConsistency } from 'aws-cdk-lib/aws-dynamodb'
import { Key } from 'aws-cdk-lib/aws-kms'
import {
  IdempotencyTable,
  type IdempotencyTableProps,
  type IIdempotencyTable,
  metricOutcome,
} from 'oncekey-cdk'
import { describe, expect, test, vi } from 'vitest'
import { createStack, grantedTo } from './stacks.ts'

// The first synthesis loads most of aws-cdk-lib.
vi.setConfig({ testTimeout: 60_000 })

const synthesise = (props?: IdempotencyTableProps) => {
  const stack = createStack()
  const table = new IdempotencyTable(stack, 'Idempotency', props)
  return { stack, table, template: Template.fromStack(stack) }
}

describe('a table', () => {
  test('has the key, the TTL and the billing that the store expects', () => {
    synthesise().template.hasResourceProperties('AWS::DynamoDB::GlobalTable', {
      AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      TimeToLiveSpecification: { AttributeName: 'expiresAt', Enabled: true },
      BillingMode: 'PAY_PER_REQUEST',
    })
  })

  test('is retained, protected and recoverable by default', () => {
    synthesise().template.hasResource('AWS::DynamoDB::GlobalTable', {
      DeletionPolicy: 'Retain',
      UpdateReplacePolicy: 'Retain',
      Properties: {
        Replicas: [
          {
            DeletionProtectionEnabled: true,
            PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: true },
          },
        ],
      },
    })
  })

  test('is not protected from deletion if it may be removed', () => {
    synthesise({ removalPolicy: RemovalPolicy.DESTROY }).template.hasResource('AWS::DynamoDB::GlobalTable', {
      DeletionPolicy: 'Delete',
      Properties: { Replicas: [{ DeletionProtectionEnabled: false }] },
    })
  })

  test('takes a name, deletionProtection and pointInTimeRecovery', () => {
    const props = {
      tableName: 'keys',
      removalPolicy: RemovalPolicy.DESTROY,
      deletionProtection: true,
      pointInTimeRecovery: false,
    }
    synthesise(props).template.hasResourceProperties('AWS::DynamoDB::GlobalTable', {
      TableName: 'keys',
      Replicas: [
        {
          DeletionProtectionEnabled: true,
          PointInTimeRecoverySpecification: { PointInTimeRecoveryEnabled: false },
        },
      ],
    })
  })

  test('has no resource policy unless it needs one', () => {
    synthesise().template.hasResourceProperties('AWS::DynamoDB::GlobalTable', {
      Replicas: [{ ResourcePolicy: Match.absent() }],
    })
  })

  test('takes warmThroughput', () => {
    const warmThroughput = { readUnitsPerSecond: 20_000, writeUnitsPerSecond: 10_000 }
    synthesise({ warmThroughput }).template.hasResourceProperties('AWS::DynamoDB::GlobalTable', {
      WarmThroughput: { ReadUnitsPerSecond: 20_000, WriteUnitsPerSecond: 10_000 },
    })
  })

  test.each([
    { contributorInsights: true, specification: { Enabled: true } },
    { contributorInsights: false, specification: { Enabled: false } },
    {
      contributorInsights: ContributorInsightsMode.THROTTLED_KEYS,
      specification: { Enabled: true, Mode: 'THROTTLED_KEYS' },
    },
    { contributorInsights: undefined, specification: Match.absent() },
  ])('takes contributorInsights $contributorInsights', ({ contributorInsights, specification }) => {
    const props = contributorInsights === undefined ? {} : { contributorInsights }
    synthesise(props).template.hasResourceProperties('AWS::DynamoDB::GlobalTable', {
      Replicas: [{ ContributorInsightsSpecification: specification }],
    })
  })
})

describe('a table of several Regions', () => {
  const replicas = [{ region: 'eu-west-2' }, { region: 'eu-central-1' }]

  test('is strongly consistent, without TTL, which DynamoDB does not support there', () => {
    const { template } = synthesise({ replicas })
    template.hasResourceProperties('AWS::DynamoDB::GlobalTable', {
      MultiRegionConsistency: 'STRONG',
      TimeToLiveSpecification: Match.absent(),
      Replicas: ['eu-west-2', 'eu-central-1', 'eu-west-1'].map((Region) => Match.objectLike({ Region })),
    })
  })

  test('can have a witness instead of a third replica', () => {
    const { template } = synthesise({ replicas: [{ region: 'eu-west-2' }], witnessRegion: 'eu-west-3' })
    template.hasResourceProperties('AWS::DynamoDB::GlobalTable', {
      GlobalTableWitnesses: [{ Region: 'eu-west-3' }],
    })
  })

  test('warns that DynamoDB supports neither TTL nor transactions there', () => {
    const { stack } = synthesise({ replicas })
    Annotations.fromStack(stack).hasWarning('*', Match.stringLikeRegexp('neither TTL nor transactions'))
  })

  test.each([
    [
      'eventual consistency',
      { replicas, multiRegionConsistency: MultiRegionConsistency.EVENTUAL },
      'Stack/Idempotency: expected multiRegionConsistency to be STRONG, got EVENTUAL. With eventually consistent replicas, two Regions can claim the same key',
    ],
    ['a witness without replicas', { witnessRegion: 'eu-west-3' }, 'expected replicas with witnessRegion'],
    [
      'a consistency without replicas',
      { multiRegionConsistency: MultiRegionConsistency.STRONG },
      'expected replicas with witnessRegion or multiRegionConsistency, got none',
    ],
    [
      'a key for one replica only',
      { replicas: [{ region: 'eu-west-2', encryptionKeyArn: 'arn:aws:kms:eu-west-2:111111111111:key/a' }] },
      'got one for eu-west-2 and none for the table',
    ],
  ])('refuses %s', (_case, props, message) => {
    expect(() => synthesise(props)).toThrow(message)
  })

  test('refuses a replica without a key if the table has one', () => {
    const stack = createStack()
    const encryptionKey = new Key(stack, 'Key')
    expect(() => new IdempotencyTable(stack, 'Idempotency', { encryptionKey, replicas })).toThrow(
      'got one for the table and none for eu-west-2',
    )
  })

  test('encrypts each replica with the key of its Region', () => {
    const stack = createStack()
    const arnIn = (region: string) => `arn:aws:kms:${region}:111111111111:key/a`
    new IdempotencyTable(stack, 'Idempotency', {
      encryptionKey: new Key(stack, 'Key'),
      replicas: replicas.map(({ region }) => ({ region, encryptionKeyArn: arnIn(region) })),
    })
    Template.fromStack(stack).hasResourceProperties('AWS::DynamoDB::GlobalTable', {
      Replicas: Match.arrayWith([
        Match.objectLike({
          Region: 'eu-west-2',
          SSESpecification: { KMSMasterKeyId: arnIn('eu-west-2') },
        }),
      ]),
    })
  })
})

describe('a metric', () => {
  test.each([
    ['metricConditionalCheckFailures', 'ConditionalCheckFailedRequests'],
    ['metricThrottles', 'WriteThrottleEvents'],
    ['metricConsumedReadCapacityUnits', 'ConsumedReadCapacityUnits'],
    ['metricConsumedWriteCapacityUnits', 'ConsumedWriteCapacityUnits'],
  ] as const)('%s is the sum of the %s of the table', (method, metricName) => {
    const { stack, table } = synthesise()
    const { metricStat } = table[method]().toMetricConfig()
    expect(metricStat).toMatchObject({ namespace: 'AWS/DynamoDB', metricName, statistic: 'Sum' })
    expect(stack.resolve(metricStat?.dimensions)).toEqual([
      { name: 'TableName', value: stack.resolve(table.tableName) },
    ])
  })

  test('metricSystemErrors adds up the SystemErrors of the operations that claims use', () => {
    const { table } = synthesise()
    const parts = Object.values(
      table.metricSystemErrors().toMetricConfig().mathExpression?.usingMetrics ?? {},
    )
    const stats = parts.map((part) => part.toMetricConfig().metricStat)
    expect(new Set(stats.map((stat) => stat?.metricName))).toEqual(new Set(['SystemErrors']))
    expect(stats.map((stat) => stat?.dimensions?.find(({ name }) => name === 'Operation')?.value)).toEqual([
      'PutItem',
      'UpdateItem',
      'GetItem',
      'TransactWriteItems',
    ])
  })

  test('of an outcome is where oncekey/metrics counts it', () => {
    const { metricStat } = metricOutcome('replayed', { service: 'payments' }).toMetricConfig()
    expect(metricStat).toMatchObject({
      namespace: 'Oncekey',
      metricName: 'replayed',
      statistic: 'Sum',
      dimensions: [{ name: 'service', value: 'payments' }],
    })
  })
})

describe('an imported table', () => {
  const arn = 'arn:aws:dynamodb:eu-west-1:111111111111:table/keys'
  const withPartition = {
    'Fn::Join': ['', ['arn:', { Ref: 'AWS::Partition' }, ':dynamodb:eu-west-1:111111111111:table/keys']],
  }

  test.each<[string, (stack: Stack) => IIdempotencyTable, unknown]>([
    ['name', (stack) => IdempotencyTable.fromTableName(stack, 'Imported', 'keys'), withPartition],
    ['ARN', (stack) => IdempotencyTable.fromTableArn(stack, 'Imported', arn), arn],
  ])('by %s can be granted', (_by, load, resource) => {
    const stack = createStack()
    const table = load(stack)
    expect(table.tableName).toBe('keys')
    const [statement] = grantedTo(stack, (role) => table.grantClaims(role))
    expect(statement).toMatchObject({
      Action: ['dynamodb:PutItem', 'dynamodb:UpdateItem', 'dynamodb:GetItem'],
      Resource: resource,
    })
    Template.fromStack(stack).resourceCountIs('AWS::DynamoDB::GlobalTable', 0)
  })

  test('notes that it was not checked', () => {
    const stack = createStack()
    IdempotencyTable.fromTableName(stack, 'Imported', 'keys')
    Annotations.fromStack(stack).hasInfo(
      '/Stack/Imported',
      Match.stringLikeRegexp('keys is imported and was not checked'),
    )
  })

  test('grants the use of its encryptionKey', () => {
    const stack = createStack()
    const encryptionKey = Key.fromKeyArn(stack, 'Key', 'arn:aws:kms:eu-west-1:111111111111:key/a')
    const table = IdempotencyTable.fromTableAttributes(stack, 'Imported', {
      tableName: 'keys',
      encryptionKey,
    })
    const statements = grantedTo(stack, (role) => table.grantClaims(role))
    expect(statements).toContainEqual(expect.objectContaining({ Resource: encryptionKey.keyArn }))
  })

  test.each([
    ['nothing', {}],
    ['both a name and an ARN', { tableName: 'keys', tableArn: arn }],
  ])('cannot be imported by %s', (_by, attributes) => {
    expect(() => IdempotencyTable.fromTableAttributes(createStack(), 'Imported', attributes)).toThrow(
      /tableArn.*tableName|tableName.*tableArn/,
    )
  })
})
