import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda'
import express from 'express'
import { type Attempt, idempotentHandler } from 'oncekey'
import serverless from 'serverless-http'

const app = express()
app.use(express.json())

app.get('/health', (_request, response) => {
  response.json({ ok: true })
})

app.post('/payments', (request, response) => {
  const { idempotency: attempt } = request as typeof request & { readonly idempotency: Attempt }
  response.status(201).json({ id: attempt.derive('payment'), amount: request.body.amount })
})

const lambda = serverless(app, {
  // Passes the attempt on to the routes.
  request(request: object, _event: object, context: object) {
    Object.assign(request, { idempotency: Reflect.get(context, 'idempotency') })
  },
})

export const handler = idempotentHandler(
  async (event: APIGatewayProxyEventV2, context): Promise<APIGatewayProxyStructuredResultV2> =>
    lambda(event, context),
  process.env.IDEMPOTENCY_TABLE ?? '',
)
