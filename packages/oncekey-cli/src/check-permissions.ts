import { randomUUID } from 'node:crypto'
import {
  DeleteItemCommand,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  ScanCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb'
import type { Finding } from './doctor.ts'
import { describeError, errorName } from './errors.ts'

/**
 * Tries each action that a function or this command needs, with the current credentials. Writes nothing: every write
 * is conditional on the existence of a record with a fresh random id.
 */
export async function checkPermissions(
  client: DynamoDBClient,
  table: string,
  found: (finding: Finding) => void,
): Promise<void> {
  const id = { S: `oncekey-doctor#${randomUUID()}` }
  const neverMatches = { TableName: table, ConditionExpression: 'attribute_exists(id)' }
  const actions = [
    {
      action: 'GetItem',
      neededBy: FUNCTION,
      run: () => client.send(new GetItemCommand({ TableName: table, Key: { id } })),
    },
    {
      action: 'PutItem',
      neededBy: FUNCTION,
      run: () => client.send(new PutItemCommand({ ...neverMatches, Item: { id } })),
    },
    {
      action: 'UpdateItem',
      neededBy: FUNCTION,
      run: () =>
        client.send(
          new UpdateItemCommand({ ...neverMatches, Key: { id }, UpdateExpression: 'SET leaseUntilMs = id' }),
        ),
    },
    {
      action: 'DeleteItem',
      neededBy: '`oncekey forget` and `oncekey sweep`',
      run: () => client.send(new DeleteItemCommand({ ...neverMatches, Key: { id } })),
    },
    {
      action: 'Scan',
      neededBy: '`oncekey list` and `oncekey sweep`',
      run: () => client.send(new ScanCommand({ TableName: table, Limit: 1 })),
    },
  ]
  for (const { action, neededBy, run } of actions) {
    const failure = await run().then(
      () => undefined,
      (thrown: unknown) => ({ thrown }),
    )
    found({ check: `dynamodb:${action}`, ...judge(action, neededBy, failure) })
  }
}

const FUNCTION = 'a protected function'

/** IAM is asked before the condition is evaluated, so a condition that fails shows that the action is allowed. */
function judge(
  action: string,
  neededBy: string,
  failure: { readonly thrown: unknown } | undefined,
): Pick<Finding, 'level' | 'message'> {
  const isAllowed = failure === undefined || errorName(failure.thrown) === 'ConditionalCheckFailedException'
  if (isAllowed) return { level: 'ok', message: 'allowed.' }
  // Only this command uses the others, and not everyone who runs it may.
  const level = neededBy === FUNCTION ? 'problem' : 'warning'
  if (errorName(failure.thrown) === 'AccessDeniedException') {
    return { level, message: `denied, but needed by ${neededBy}: ${permissionHint(action)}` }
  }
  return { level, message: describeError(failure.thrown) }
}

/** Returns what to do if an action is denied. */
export function permissionHint(action: string): string {
  return `allow dynamodb:${action} on this table.`
}
