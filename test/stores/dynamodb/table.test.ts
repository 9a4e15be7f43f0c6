import * as sdk from '@aws-sdk/client-dynamodb'
import { CreateTableCommand, type KeySchemaElement, type ScalarAttributeType } from '@aws-sdk/client-dynamodb'
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createSdkTransport, sharedClient } from '../../../packages/oncekey/src/stores/dynamodb/sdk.ts'
import { dynamoDbStore } from '../../../packages/oncekey/src/stores/dynamodb/store.ts'
import { aClaim, aCompletion, limits } from '../../../packages/oncekey/src/testing/contract/records.ts'
import { createTable } from '../../support/tables.ts'
import { describeStoreContract } from '../contract.ts'

describeStoreContract('DynamoDB with a document client', async () => {
  const { name, client } = await createTable()
  const marshallOptions = { convertEmptyValues: true, convertTopLevelContainer: false }
  return dynamoDbStore(name, { client: DynamoDBDocumentClient.from(client, { marshallOptions }) })
})

type Key = Required<KeySchemaElement> & { readonly AttributeType: ScalarAttributeType }
const hash = (AttributeName: string, AttributeType: ScalarAttributeType): Key => ({
  AttributeName,
  AttributeType,
  KeyType: 'HASH',
})

const cdkToken = '$'.concat('{Token[TOKEN.123]}')

describe('a table', () => {
  test.each<[string, readonly Key[]]>([
    ['of another key name', [hash('pk', 'S')]],
    ['of another key type', [hash('id', 'N')]],
    ['with a sort key', [hash('id', 'S'), { AttributeName: 'sort', AttributeType: 'S', KeyType: 'RANGE' }]],
  ])('%s is refused at first use, with what to do', async (_, keys) => {
    const { client, name } = await createTable()
    const TableName = `other-${name}`
    await client.send(
      new CreateTableCommand({
        TableName,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: keys.map(({ AttributeName, AttributeType }) => ({
          AttributeName,
          AttributeType,
        })),
        KeySchema: keys.map(({ AttributeName, KeyType }) => ({ AttributeName, KeyType })),
      }),
    )
    const store = dynamoDbStore(TableName, { client })
    const claim = aClaim()
    const calls = [
      () => store.insert(claim, limits),
      () => store.read(claim.id, limits),
      () => store.release(claim, limits),
    ]
    for (const call of calls) {
      await expect(call()).rejects.toMatchObject({
        name: 'StoreUnavailableError',
        retryable: false,
        message: expect.stringContaining(
          `"${TableName}" in us-east-1 (ValidationException): expected partition key`,
        ),
      })
    }
  })

  test('that is not there is told by its name and Region', async () => {
    const { client } = await createTable()
    await expect(dynamoDbStore('not-there', { client }).insert(aClaim(), limits)).rejects.toMatchObject({
      retryable: false,
      message:
        'DynamoDB refused PutItem on table "not-there" in us-east-1 (ResourceNotFoundException): there is no such table in us-east-1 in this account; create it, or correct its name, the Region or the account.',
    })
  })

  test.each([
    ['', '""', 'Is the environment variable set?'],
    [undefined, 'undefined', 'Is the environment variable set?'],
    [null, 'null', 'Is the environment variable set?'],
    [{}, '[object Object]', 'Is the environment variable set?'],
    ['no', '"no"', 'Is the environment variable set?'],
    ['a/b', '"a/b"', 'Is the environment variable set?'],
    ['a'.repeat(256), '"a', 'Is the environment variable set?'],
    ['"payments"', String.raw`"\"payments\""`, 'Remove the quotes and spaces around it.'],
    ["'payments'", `"'payments'"`, 'Remove the quotes and spaces around it.'],
    ['payments ', '"payments "', 'Remove the quotes and spaces around it.'],
    [cdkToken, `"${cdkToken}"`, 'pass the name in an environment variable'],
    ['arn:aws:dynamodb:eu-west-1:1234:table/x', '"arn:', 'arn:aws:dynamodb:REGION:ACCOUNT:table/NAME'],
    [
      'arn:aws:dynamodb:eu-west-1:123456789012:table/payments/index/by-day',
      '"arn:',
      'arn:aws:dynamodb:REGION:ACCOUNT:table/NAME',
    ],
  ])('named %j is refused when the store is made', (name, got, advice) => {
    const make = () => Reflect.apply(dynamoDbStore, undefined, [name])
    expect(make).toThrow(TypeError)
    expect(make).toThrow(`dynamoDbStore: expected the name of a table, got ${got}`)
    expect(make).toThrow(advice)
  })

  test.each([
    'abc',
    'a'.repeat(255),
    'Pay_ments-1.prod',
    'arn:aws:dynamodb:eu-west-1:123456789012:table/payments',
    'arn:aws-us-gov:dynamodb:us-gov-west-1:123456789012:table/payments',
  ])('named %s is accepted', (name) => {
    expect(() => dynamoDbStore(name)).not.toThrow()
  })
})

describe('an item', () => {
  test('costs one write unit as a claim and one as a small completion', async () => {
    const { name, client } = await createTable()
    const units: (number | undefined)[] = []
    client.middlewareStack.add(
      (next) => (args) => next({ ...args, input: { ...args.input, ReturnConsumedCapacity: 'TOTAL' } }),
      { step: 'initialize' },
    )
    client.middlewareStack.add(
      (next) => async (args) => {
        const result = await next(args)
        units.push('ConsumedCapacity' in result.output ? unitsOf(result.output.ConsumedCapacity) : undefined)
        return result
      },
      { step: 'initialize' },
    )
    const store = dynamoDbStore(name, { client })
    const claim = aClaim({ id: `${'payments'.repeat(8)}#${'d'.repeat(43)}` })
    await store.insert(claim, limits)
    await store.complete(claim, aCompletion(), limits)
    await store.read(claim.id, limits)
    expect(units).toEqual([1, 1, 1])
  })
})

function unitsOf(capacity: unknown): number | undefined {
  return typeof capacity === 'object' && capacity !== null && 'CapacityUnits' in capacity
    ? Number(capacity.CapacityUnits)
    : undefined
}

describe('a store without a client', () => {
  beforeEach(() => {
    vi.stubEnv('AWS_REGION', 'us-east-1')
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'local')
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'local')
  })
  afterEach(() => vi.unstubAllEnvs())

  test('sends to where the environment says', async () => {
    const { name, endpoint } = await createTable()
    vi.stubEnv('AWS_ENDPOINT_URL_DYNAMODB', endpoint)
    const claim = aClaim()
    await dynamoDbStore(name).insert(claim, limits)
    expect(await dynamoDbStore(name).read(claim.id, limits)).toMatchObject({ record: claim })
    const completion = { ...aCompletion(), commitToken: 'a-token' }
    const committed = await dynamoDbStore(name).commit?.(claim, completion, [], limits)
    expect(committed).toMatchObject({ kind: 'written' })
  })

  test('shares a client that does not retry and has no request timeout, where it needs the SDK', async () => {
    const { name, endpoint } = await createTable()
    vi.stubEnv('AWS_ENDPOINT_URL_DYNAMODB', endpoint)
    const Key = { id: { S: 'nobody' } }
    const reply = await createSdkTransport(undefined)(
      'GetItem',
      { TableName: name, Key },
      { ...limits, expectedErrors: [] },
    )
    expect(reply).toMatchObject({ item: undefined, error: undefined })
    const { config } = sharedClient(sdk)
    expect(sharedClient(sdk)).toBe(sharedClient(sdk))
    expect(await config.maxAttempts()).toBe(1)
    expect(config.requestHandler).toMatchObject({
      config: { connectionTimeout: 1_000, requestTimeout: undefined },
    })
  })

  test('needs no Region until it is used', () => {
    expect(() => dynamoDbStore('claims')).not.toThrow()
  })
})
