import assert from 'node:assert/strict'
import { test } from 'node:test'
import { httpApiEvent, lambdaContext } from 'oncekey/testing'
import Stripe from 'stripe'

process.env.WEBHOOK_SECRET = 'whsec_example'
const { handler } = await import('./handler.ts')
const { fulfilled } = await import('./shop.ts')

function deliver(orderId: string, secret = 'whsec_example') {
  const object = { metadata: { orderId } }
  const body = JSON.stringify({ id: `evt_${orderId}`, type: 'payment_intent.succeeded', data: { object } })
  const signature = Stripe.webhooks.generateTestHeaderString({ payload: body, secret })
  const event = httpApiEvent({
    path: '/webhook',
    headers: { 'stripe-signature': signature },
    body,
    caller: null,
  })
  return handler(event, lambdaContext())
}

test('an event that is delivered twice is handled once', async () => {
  assert.equal((await deliver('order-1')).statusCode, 200)
  const second = await deliver('order-1')
  assert.equal(second.statusCode, 200)
  assert.equal(second.headers?.['Idempotent-Replayed'], 'true')
  assert.deepEqual(fulfilled, ['order-1'])
})

test('a forged event does not take the id of the real one', async () => {
  assert.equal((await deliver('order-2', 'whsec_forged')).statusCode, 401)
  assert.equal((await deliver('order-2')).statusCode, 200)
  assert.equal(fulfilled.includes('order-2'), true)
})
