import { randomUUID } from 'node:crypto'
import { CreateTableCommand, DynamoDBClient, UpdateTimeToLiveCommand } from '@aws-sdk/client-dynamodb'
import { inject } from 'vitest'

export interface TestTable {
  readonly name: string
  readonly client: DynamoDBClient
  readonly endpoint: string
}

/** A client of the run's DynamoDB, or of `endpoint`, with credentials that no real AWS would accept. */
export function createClient(endpoint: string = inject('dynamoDbEndpoint')): DynamoDBClient {
  return new DynamoDBClient({
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  })
}

/** A fresh table as a user would make it: partition key `id`, on demand, TTL on `expiresAt` unless told otherwise. */
export async function createTable({ hasTtl = true } = {}): Promise<TestTable> {
  const endpoint = inject('dynamoDbEndpoint')
  const client = createClient(endpoint)
  const name = `oncekey-${randomUUID()}`
  try {
    await client.send(
      new CreateTableCommand({
        TableName: name,
        BillingMode: 'PAY_PER_REQUEST',
        AttributeDefinitions: [{ AttributeName: 'id', AttributeType: 'S' }],
        KeySchema: [{ AttributeName: 'id', KeyType: 'HASH' }],
      }),
    )
    const TimeToLiveSpecification = { AttributeName: 'expiresAt', Enabled: true }
    if (hasTtl) await client.send(new UpdateTimeToLiveCommand({ TableName: name, TimeToLiveSpecification }))
  } catch (error) {
    // Without `cause`: an SDK error carries its whole response, and vitest prints all of it.
    throw new Error(`cannot create table ${name} at ${endpoint}: ${String(error)}`)
  }
  return { name, client, endpoint }
}
