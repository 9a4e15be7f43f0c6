import {
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  type DynamoDBClient,
  type TableDescription,
} from '@aws-sdk/client-dynamodb'
import { type ReplyTimes, recordReplyTimes } from './check-clock.ts'
import { permissionHint } from './check-permissions.ts'
import type { Finding } from './doctor.ts'
import { describeError, errorName } from './errors.ts'

type Found = (finding: Finding) => void

/** Checks that the table exists and is as the store needs it. Also returns the times of a reply, for the clock. */
export async function checkTable(
  client: DynamoDBClient,
  table: string,
  found: Found,
): Promise<{ readonly exists: boolean; readonly replyTimes: ReplyTimes | undefined }> {
  const command = new DescribeTableCommand({ TableName: table })
  const replyTimes = recordReplyTimes(command)
  try {
    const { Table = {} } = await client.send(command)
    checkSchema(Table, found)
    checkReplicas(Table, found)
  } catch (error) {
    if (errorName(error) !== 'AccessDeniedException') {
      const message = errorName(error) === 'ResourceNotFoundException' ? NO_TABLE : describeError(error)
      found({ check: 'table', level: 'problem', message })
      return { exists: false, replyTimes: replyTimes() }
    }
    found({ check: 'table', level: 'warning', message: `not checked: ${permissionHint('DescribeTable')}` })
  }
  await checkTimeToLive(client, table, found)
  return { exists: true, replyTimes: replyTimes() }
}

const NO_TABLE =
  'it does not exist. Check --table, --region and the account, or create it with partition key id (S) and TTL on expiresAt.'

function checkSchema(table: TableDescription, found: Found): void {
  const { TableStatus, KeySchema = [], AttributeDefinitions = [] } = table
  const isReady = TableStatus === 'ACTIVE' || TableStatus === 'UPDATING'
  found({ check: 'table', level: isReady ? 'ok' : 'problem', message: `status ${TableStatus ?? 'unknown'}.` })

  const typeOf = (name: string | undefined): string | undefined =>
    AttributeDefinitions.find(({ AttributeName }) => AttributeName === name)?.AttributeType
  const keys = KeySchema.map(({ AttributeName: name, KeyType }) => {
    const role = KeyType === 'HASH' ? 'partition key' : 'sort key'
    return `${role} ${name ?? '?'} (${typeOf(name) ?? '?'})`
  }).join(' and ')
  if (keys === 'partition key id (S)') found({ check: 'key schema', level: 'ok', message: `${keys}.` })
  else {
    const message = `expected partition key id (S) and no sort key, got ${keys}. A key schema cannot be changed: create another table.`
    found({ check: 'key schema', level: 'problem', message })
  }
}

/** Checks the replicas of a global table: unless they are strongly consistent, two Regions can claim one key. */
function checkReplicas({ Replicas = [], MultiRegionConsistency }: TableDescription, found: Found): void {
  if (Replicas.length === 0) return
  const regions = Replicas.map(({ RegionName }) => RegionName).join(', ')
  const isStrong = MultiRegionConsistency === 'STRONG'
  const message = isStrong
    ? `strongly consistent with ${regions}.`
    : `eventually consistent with ${regions}, so two Regions can claim the same key. Create the table with multi-Region strong consistency, or send each key to one Region only.`
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
      const got = isOn ? `TTL on ${AttributeName ?? '?'}` : TimeToLiveStatus
      report(
        'warning',
        `expected TTL on expiresAt, got ${got}. Expired records are never deleted, and the table grows, unless you run \`oncekey sweep\` regularly.`,
      )
    }
  } catch (error) {
    const isDenied = errorName(error) === 'AccessDeniedException'
    const reason = isDenied ? permissionHint('DescribeTimeToLive') : describeError(error)
    report('warning', `not checked: ${reason}`)
  }
}
