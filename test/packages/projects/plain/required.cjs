const { idempotentHandler } = require('oncekey')
const { httpApiEvent, lambdaContext } = require('oncekey/testing')

const createPayment = async (_event, { idempotency }) => ({
  statusCode: 201,
  body: await idempotency.step('id', () => crypto.randomUUID()),
})

async function main() {
  const handler = idempotentHandler(createPayment, process.env.IDEMPOTENCY_TABLE, { service: 'payments' })
  const event = httpApiEvent({ key: 'order-1' })
  const first = await handler(event, lambdaContext())
  const second = await handler(event, lambdaContext())
  console.log(first.statusCode, second.body === first.body ? 'replayed' : second)
}

void main()
