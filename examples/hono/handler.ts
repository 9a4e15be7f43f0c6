import { Hono } from 'hono'
import { handle, type LambdaContext } from 'hono/aws-lambda'
import { type IdempotentContext, idempotentHandler } from 'oncekey'

interface Bindings {
  readonly lambdaContext: LambdaContext & Partial<IdempotentContext>
}

const app = new Hono<{ Bindings: Bindings }>()

app.get('/health', (c) => c.json({ ok: true }))

app.post('/payments', async (c) => {
  const { amount } = await c.req.json()
  const id = c.env.lambdaContext.idempotency?.derive('payment')
  return c.json({ id, amount }, 201)
})

/** Requests with other methods than POST and PATCH pass through, so that the whole app can be wrapped. */
export const handler = idempotentHandler(handle(app), process.env.IDEMPOTENCY_TABLE ?? '')
