import middy from '@middy/core'
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda'
import { type IdempotentContext, idempotent } from 'oncekey'

/** Books a payment in the table of payments: the booking and the record of the request are one transaction. */
async function createPayment(
  event: APIGatewayProxyEventV2,
  { idempotency: attempt }: IdempotentContext,
): Promise<APIGatewayProxyStructuredResultV2> {
  const { amount, customer } = JSON.parse(event.body ?? '{}')
  if (!Number.isSafeInteger(amount) || amount <= 0 || typeof customer !== 'string') {
    return { statusCode: 400, body: JSON.stringify({ message: 'Expected amount (cents) and customer.' }) }
  }
  const payment = { id: attempt.derive('payment'), amount, customer }
  const created = { statusCode: 201, body: JSON.stringify(payment) }
  return attempt.commit(created, [{ Put: { TableName: process.env.PAYMENTS_TABLE, Item: payment } }])
}

export const handler = middy(createPayment).use(idempotent(process.env.IDEMPOTENCY_TABLE ?? ''))
