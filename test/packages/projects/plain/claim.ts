import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda'
import { type IdempotentContext, idempotentHandler } from 'oncekey'
import { httpApiEvent, lambdaContext } from 'oncekey/testing'

async function createPayment(
  _event: APIGatewayProxyEventV2,
  { idempotency }: IdempotentContext,
): Promise<APIGatewayProxyStructuredResultV2> {
  // A step is loaded when it is first used.
  const id = await idempotency.step('id', () => globalThis.crypto.randomUUID())
  return { statusCode: 201, body: id }
}

async function main(): Promise<void> {
  const table = process.env.IDEMPOTENCY_TABLE ?? ''
  const handler = idempotentHandler(createPayment, table, { service: 'payments' })
  const event = httpApiEvent({ key: 'order-1' })
  const first = await handler(event, lambdaContext())
  const second = await handler(event, lambdaContext())
  const isReplay = second.headers?.['Idempotent-Replayed'] === 'true' && second.body === first.body
  console.log(first.statusCode, isReplay ? 'replayed' : second)
}

void main()
