import assert from 'node:assert/strict'
import { test } from 'node:test'
import { httpApiEvent, lambdaContext } from 'oncekey/testing'

// The function as SAM built it, in the way that Lambda loads it.
const { handler } = await import(new URL('.aws-sam/build/PaymentsFunction/handler.mjs', import.meta.url).href)

test('the built function replays', async () => {
  const pay = () =>
    handler(httpApiEvent({ path: '/payments', key: 'sam-1', body: '{"amount":1000}' }), lambdaContext())
  const first = await pay()
  const second = await pay()
  assert.equal(first.statusCode, 201)
  assert.equal(second.body, first.body)
  assert.equal(second.headers['Idempotent-Replayed'], 'true')
})
