import assert from 'node:assert/strict'
import { test } from 'node:test'
import { lambdaContext, sqsEvent, sqsRecord } from 'oncekey/testing'
import { handler } from './handler.ts'
import { shipped } from './warehouse.ts'

const message = (messageId: string, orderId: string, items: readonly string[], sentAt: string) =>
  sqsRecord(messageId, JSON.stringify({ orderId, items, sentAt }))

test('an order that arrives three times is shipped once', async () => {
  const book = message('m-1', 'order-1', ['book'], '10:00')
  await handler(sqsEvent(book), lambdaContext())
  await handler(sqsEvent(book), lambdaContext()) // the queue delivers the message again
  await handler(sqsEvent(message('m-2', 'order-1', ['book'], '10:05')), lambdaContext()) // the shop sends it again
  assert.equal(shipped.filter(({ orderId }) => orderId === 'order-1').length, 1)
})

test('only the record that failed is delivered again', async () => {
  const batch = sqsEvent(message('m-3', 'order-2', ['pen'], '10:00'), message('m-4', 'order-3', [], '10:00'))
  assert.deepEqual(await handler(batch, lambdaContext()), { batchItemFailures: [{ itemIdentifier: 'm-4' }] })
})
