import { hash, randomUUID } from 'node:crypto'
import { PutItemCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb'
import type { Protect } from './contender.ts'

const RETENTION_MS = 24 * 60 * 60 * 1000

/** The limit: the same two conditional writes by hand, with nothing around them. */
export const protect: Protect = (work, client, table) => async (event, context) => {
  const { authorizer, http } = event.requestContext
  const who = JSON.stringify(Object(authorizer?.jwt).claims?.sub)
  const id = hash('sha256', `${who} ${event.headers['idempotency-key']}`, 'base64url')
  const fingerprint = hash('sha256', `${http.method} ${event.rawPath} ${event.body}`, 'base64url')
  const owner = randomUUID()
  const nowMs = Date.now()
  const expiresAt = { N: `${Math.ceil((nowMs + RETENTION_MS) / 1000)}` }
  try {
    await client.send(
      new PutItemCommand({
        TableName: table,
        Item: {
          id: { S: id },
          status: { S: 'in-flight' },
          owner: { S: owner },
          fingerprint: { S: fingerprint },
          leaseUntilMs: { N: `${nowMs + context.getRemainingTimeInMillis()}` },
          expiresAt,
        },
        ConditionExpression: 'attribute_not_exists(id)',
        ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
      }),
    )
  } catch (error) {
    if (!(error instanceof Error) || error.name !== 'ConditionalCheckFailedException') throw error
    const { Item } = Object(error)
    if (Item.fingerprint.S !== fingerprint) return { statusCode: 422 }
    return Item.status.S === 'completed' ? JSON.parse(Item.result.S) : { statusCode: 409 }
  }
  const response = await work(event, context)
  await client.send(
    new UpdateItemCommand({
      TableName: table,
      Key: { id: { S: id } },
      UpdateExpression: 'SET #status = :status, #result = :result, #expiresAt = :expiresAt',
      ConditionExpression: '#owner = :owner',
      ExpressionAttributeNames: {
        '#status': 'status',
        '#result': 'result',
        '#expiresAt': 'expiresAt',
        '#owner': 'owner',
      },
      ExpressionAttributeValues: {
        ':status': { S: 'completed' },
        ':result': { S: JSON.stringify(response) },
        ':expiresAt': expiresAt,
        ':owner': { S: owner },
      },
    }),
  )
  return response
}
