import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { IdempotentContext } from 'oncekey'
import { httpApiEvent, lambdaContext } from 'oncekey/testing'
import { handler } from './handler.ts'

function pay(key: string, body: object) {
  const event = httpApiEvent({ path: '/payments', key, body: JSON.stringify(body) })
  return handler(event, lambdaContext() as IdempotentContext)
}

test('a retry gets the payment that the first request made', async () => {
  const first = await pay('order-1', { amount: 1000, customer: 'ada' })
  const second = await pay('order-1', { amount: 1000, customer: 'ada' })
  assert.equal(first.statusCode, 201)
  assert.equal(second.body, first.body)
  assert.equal(second.headers?.['Idempotent-Replayed'], 'true')
})

test('a changed amount under the same key is refused', async () => {
  await pay('order-2', { amount: 1000, customer: 'ada' })
  assert.equal((await pay('order-2', { amount: 2000, customer: 'ada' })).statusCode, 422)
})

test('two requests at once make one payment', async () => {
  const responses = await Promise.all([1, 2, 3].map(() => pay('order-3', { amount: 1000, customer: 'ada' })))
  const bodies = responses.filter(({ statusCode }) => statusCode === 201).map(({ body }) => body)
  assert.equal(new Set(bodies).size, 1)
})
