import { hash, randomUUID } from 'node:crypto'
import type { Item } from '../stub-table.ts'
import type { Handler, Work } from './contender.ts'

const RETENTION_MS = 24 * 60 * 60 * 1000

/** Sends one command. Resolves to the item that made its condition fail, if it did. */
export type Write = (action: 'PutItem' | 'UpdateItem', input: object) => Promise<Item | undefined>

/** The same two conditional writes by hand, with nothing around them. */
export function protectByHand(work: Work, table: string, write: Write): Handler {
  return async (event, context) => {
    const { authorizer, http } = event.requestContext
    const who = JSON.stringify(Object(authorizer?.jwt).claims?.sub)
    const id = hash('sha256', `${who} ${event.headers['idempotency-key']}`, 'base64url')
    const fingerprint = hash('sha256', `${http.method} ${event.rawPath} ${event.body}`, 'base64url')
    const owner = randomUUID()
    const nowMs = Date.now()
    const expiresAt = { N: `${Math.ceil((nowMs + RETENTION_MS) / 1000)}` }
    const held = await write('PutItem', {
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
    })
    if (held !== undefined) {
      if (held.fingerprint?.S !== fingerprint) return { statusCode: 422 }
      return held.status?.S === 'completed' ? JSON.parse(`${held.result?.S}`) : { statusCode: 409 }
    }
    const response = await work(event, context)
    await write('UpdateItem', {
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
    })
    return response
  }
}
