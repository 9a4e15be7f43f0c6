import middy from '@middy/core'
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda'
import { type IdempotentContext, idempotent } from 'oncekey'
import { httpApiEvent, lambdaContext } from 'oncekey/testing'

async function createPayment(
  _event: APIGatewayProxyEventV2,
  { idempotency }: IdempotentContext,
): Promise<APIGatewayProxyStructuredResultV2> {
  return { statusCode: 201, body: `${idempotency.key} ${crypto.randomUUID()}` }
}

const table = process.env.IDEMPOTENCY_TABLE ?? ''
const handler = middy(createPayment).use(idempotent(table, { service: 'payments' }))
const send = (): Promise<APIGatewayProxyStructuredResultV2> =>
  handler(httpApiEvent({ key: 'order-1' }), lambdaContext() as IdempotentContext)
const first = await send()
const second = await send()
const isReplay = second.headers?.['Idempotent-Replayed'] === 'true' && second.body === first.body
console.log(first.statusCode, isReplay ? 'replayed' : second)
