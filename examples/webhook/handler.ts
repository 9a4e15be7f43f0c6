import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2, Context } from 'aws-lambda'
import { idempotentHandler } from 'oncekey'
import Stripe from 'stripe'
import { fulfil } from './shop.ts'

const secret = process.env.WEBHOOK_SECRET ?? ''

const once = idempotentHandler(onPaymentEvent, process.env.IDEMPOTENCY_TABLE ?? '', {
  key: (event: APIGatewayProxyEventV2) => JSON.parse(event.body ?? '{}').id,
  // The verified signature names the caller, and vouches for the id.
  principal: () => 'stripe',
  fingerprint: false,
})

/** Verifies the signature before the claim: a forged event could otherwise claim the id of a real one. */
export async function handler(
  event: APIGatewayProxyEventV2,
  context: Context,
): Promise<APIGatewayProxyStructuredResultV2> {
  try {
    Stripe.webhooks.constructEvent(event.body ?? '', event.headers['stripe-signature'] ?? '', secret)
  } catch {
    return { statusCode: 401, body: 'The signature is not valid.' }
  }
  return once(event, context)
}

async function onPaymentEvent({ body }: APIGatewayProxyEventV2): Promise<APIGatewayProxyStructuredResultV2> {
  const { type, data } = JSON.parse(body ?? '{}')
  if (type === 'payment_intent.succeeded') await fulfil(data.object.metadata.orderId)
  return { statusCode: 200, body: '{"received":true}' }
}
