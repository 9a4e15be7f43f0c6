import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LambdaEvent } from 'hono/aws-lambda'
import { httpApiEvent, lambdaContext } from 'oncekey/testing'
import { handler } from './handler.ts'

test('a retry gets the response of the first request', async () => {
  const headers = { 'content-type': 'application/json' }
  const pay = () =>
    handler(
      httpApiEvent({
        path: '/payments',
        key: 'hono-1',
        headers,
        body: '{"amount":1000}',
      }) as unknown as LambdaEvent,
      lambdaContext(),
    )
  const first = await pay()
  const second = await pay()
  assert.equal(first.statusCode, 201)
  assert.equal(second.body, first.body)
  assert.equal(second.headers?.['Idempotent-Replayed'], 'true')
})

test('a GET needs no key', async () => {
  const response = await handler(
    httpApiEvent({ method: 'GET', path: '/health', body: null }) as unknown as LambdaEvent,
    lambdaContext(),
  )
  assert.equal(response.statusCode, 200)
})
