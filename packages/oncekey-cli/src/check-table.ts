import {
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  type DynamoDBClient,
  type TableDescription,
} from '@aws-sdk/client-dynamodb'
import { type Exchange, watchExchange } from './check-clock.ts'
import { nameOf, wordsOf } from './failure.ts'
import { allow, type Finding } from './finding.ts'

type Found = (finding: Finding) => void

/** Whether the table is there, and is as the store needs it. */
export async function checkTable(
  client: DynamoDBClient,
  table: string,
  found: Found,
): Promise<{ readonly isThere: boolean; readonly exchange: Exchange | undefined }> {
  const command = new DescribeTableCommand({ TableName: table })
  const exchange = watchExchange(command)
  try {
    const { Table = {} } = await client.send(command)
    checkSchema(Table, found)
    checkReplicas(Table, found)
  } catch (error) {
    if (nameOf(error) !== 'AccessDeniedException') {
      const mend = nameOf(error) === 'ResourceNotFoundException' ? MAKE_IT : wordsOf(error)
      found({ check: 'table', level: 'problem', message: mend })
      return { isThere: false, exchange: exchange() }
    }
    found({ check: 'table', level: 'warning', message: `not seen: ${allow('DescribeTable')}` })
  }
  await checkTimeToLive(client, table, found)
  return { isThere: true, exchange: exchange() }
}

const MAKE_IT =
  'there is none of this name: correct --table, --region or the account, or make it, with partition key id (S) and TTL on expiresAt.'

function checkSchema(table: TableDescription, found: Found): void {
  const { TableStatus, KeySchema = [], AttributeDefinitions = [] } = table
  const isReady = TableStatus === 'ACTIVE' || TableStatus === 'UPDATING'
  found({ check: 'table', level: isReady ? 'ok' : 'problem', message: `it is ${TableStatus ?? 'there'}.` })

  const typeOf = (name: string | undefined): string | undefined =>
    AttributeDefinitions.find(({ AttributeName }) => AttributeName === name)?.AttributeType
  const keys = KeySchema.map(({ AttributeName: name, KeyType }) => {
    const role = KeyType === 'HASH' ? 'partition key' : 'sort key'
    return `${role} ${name ?? '?'} (${typeOf(name) ?? '?'})`
  }).join(' and ')
  if (keys === 'partition key id (S)') found({ check: 'key schema', level: 'ok', message: `${keys}.` })
  else {
    const message = `expected partition key id (S) and no sort key, got ${keys}: a table's key cannot be changed, so make another table.`
    found({ check: 'key schema', level: 'problem', message })
  }
}

/** DynamoDB's own replicas: two Regions can both claim unless every write is agreed between them. */
function checkReplicas({ Replicas = [], MultiRegionConsistency }: TableDescription, found: Found): void {
  if (Replicas.length === 0) return
  const where = Replicas.map(({ RegionName }) => RegionName).join(', ')
  const isStrong = MultiRegionConsistency === 'STRONG'
  const message = isStrong
    ? `strongly consistent, with ${where}.`
    : `eventually consistent, with ${where}: two Regions can both claim one key. Make the table with multi-Region strong consistency, or send each key to one Region only.`
  found({ check: 'replicas', level: isStrong ? 'ok' : 'problem', message })
}

async function checkTimeToLive(client: DynamoDBClient, table: string, found: Found): Promise<void> {
  const report = (level: Finding['level'], message: string): void => found({ check: 'TTL', level, message })
  try {
    const { TimeToLiveDescription = {} } = await client.send(
      new DescribeTimeToLiveCommand({ TableName: table }),
    )
    const { TimeToLiveStatus = 'DISABLED', AttributeName } = TimeToLiveDescription
    const isOn = TimeToLiveStatus === 'ENABLED' || TimeToLiveStatus === 'ENABLING'
    if (isOn && AttributeName === 'expiresAt') report('ok', `${TimeToLiveStatus} on expiresAt.`)
    else {
      const got = isOn ? `on ${AttributeName ?? '?'}` : TimeToLiveStatus
      report(
        'warning',
        `expected it to be on expiresAt, got ${got}: expired records are never deleted, and the table grows.`,
      )
    }
  } catch (error) {
    const why = nameOf(error) === 'AccessDeniedException' ? allow('DescribeTimeToLive') : wordsOf(error)
    report('warning', `not seen: ${why}`)
  }
}
