import middy from '@middy/core'
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda'
import { type IdempotentContext, idempotent } from 'oncekey'

async function createPayment(
  event: APIGatewayProxyEventV2,
  { idempotency: attempt }: IdempotentContext,
): Promise<APIGatewayProxyStructuredResultV2> {
  const { amount } = JSON.parse(event.body ?? '{}')
  // The same on every attempt, so that a payment provider would recognise a retry.
  const id = attempt.derive('payment')
  return { statusCode: 201, body: JSON.stringify({ id, amount }) }
}

export const handler = middy(createPayment).use(idempotent(process.env.IDEMPOTENCY_TABLE ?? ''))
