import { randomUUID } from 'node:crypto'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { DynamoDBDocumentClient, TransactWriteCommand } from '@aws-sdk/lib-dynamodb'
import type { APIGatewayProxyEventV2, Context } from 'aws-lambda'
import type { IdempotentContext } from 'oncekey'
import { createPayment } from '../../payments/create-payment.ts'

const documents = DynamoDBDocumentClient.from(new DynamoDBClient({}))

/** An attempt without protection: every request is a new one. */
const unprotected: IdempotentContext['idempotency'] = {
  key: '',
  number: 1,
  signal: new AbortController().signal,
  derive: () => randomUUID(),
  step: async (_name, run) => JSON.parse(JSON.stringify(await run())),
  async commit(result, writes) {
    // The demo writes plain values only, which JSON does not change.
    const TransactItems = JSON.parse(JSON.stringify(writes))
    await documents.send(new TransactWriteCommand({ TransactItems }))
    return result
  },
}

/** The demo's handler without Oncekey, for comparison. It is bundled on this machine only, and is in no stack. */
export function handler(event: APIGatewayProxyEventV2, context: Context) {
  return createPayment(event, { ...context, idempotency: unprotected })
}
