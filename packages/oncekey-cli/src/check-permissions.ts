import { randomUUID } from 'node:crypto'
import {
  DeleteItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  ScanCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb'
import { nameOf, wordsOf } from './failure.ts'
import { allow, type Finding } from './finding.ts'

/**
 * Tries each action that a function or this command needs, with the credentials at hand. Nothing is written: every
 * write is on the condition that a record exists whose id was drawn a moment ago.
 */
export async function checkPermissions(
  client: DynamoDBClient,
  table: string,
  found: (finding: Finding) => void,
): Promise<void> {
  const id = { S: `oncekey-doctor#${randomUUID()}` }
  const never = { TableName: table, ConditionExpression: 'attribute_exists(id)' }
  const tries = [
    {
      action: 'GetItem',
      by: FUNCTION,
      run: () => client.send(new GetItemCommand({ TableName: table, Key: { id } })),
    },
    {
      action: 'PutItem',
      by: FUNCTION,
      run: () => client.send(new PutItemCommand({ ...never, Item: { id } })),
    },
    {
      action: 'UpdateItem',
      by: FUNCTION,
      run: () =>
        client.send(
          new UpdateItemCommand({ ...never, Key: { id }, UpdateExpression: 'SET leaseUntilMs = id' }),
        ),
    },
    {
      action: 'DeleteItem',
      by: '`oncekey forget`',
      run: () => client.send(new DeleteItemCommand({ ...never, Key: { id } })),
    },
    {
      action: 'Scan',
      by: '`oncekey list`',
      run: () => client.send(new ScanCommand({ TableName: table, Limit: 1 })),
    },
  ]
  for (const { action, by, run } of tries) {
    found({ check: `dynamodb:${action}`, ...verdict(action, by, await run().then(() => undefined, caught)) })
  }
}

const FUNCTION = 'a protected function'

const caught = (thrown: unknown): { readonly thrown: unknown } => ({ thrown })

/** A refused condition comes after the permission was checked, so it shows that there is one. */
function verdict(
  action: string,
  by: string,
  failure: { readonly thrown: unknown } | undefined,
): Pick<Finding, 'level' | 'message'> {
  const isAllowed = failure === undefined || nameOf(failure.thrown) === 'ConditionalCheckFailedException'
  if (isAllowed) return { level: 'ok', message: 'allowed to these credentials.' }
  // Whoever only looks need not be allowed what only this command does.
  const level = by === FUNCTION ? 'problem' : 'warning'
  if (nameOf(failure.thrown) === 'AccessDeniedException') {
    return { level, message: `refused to these credentials; ${by} needs it: ${allow(action)}` }
  }
  return { level, message: wordsOf(failure.thrown) }
}
