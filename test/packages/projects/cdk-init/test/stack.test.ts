import * as cdk from 'aws-cdk-lib'
import { Template } from 'aws-cdk-lib/assertions'
import * as lambda from 'aws-cdk-lib/aws-lambda'
import { type IdempotentContext, idempotentHandler } from 'oncekey'
import { httpApiEvent, lambdaContext, memoryStore, storeContract } from 'oncekey/testing'
import { IdempotencyTable } from 'oncekey-cdk'

async function createPayment(_event: unknown, { idempotency }: IdempotentContext) {
  return { statusCode: 201, headers: {}, body: await idempotency.step('id', () => `${Math.random()}`) }
}

test('the table and its function', () => {
  const stack = new cdk.Stack(new cdk.App(), 'Payments')
  const payments = new lambda.Function(stack, 'Function', {
    runtime: lambda.Runtime.NODEJS_22_X,
    handler: 'index.handler',
    code: lambda.Code.fromInline('exports.handler = () => {}'),
  })
  new IdempotencyTable(stack, 'Idempotency').protect(payments)
  Template.fromStack(stack).resourceCountIs('AWS::DynamoDB::GlobalTable', 1)
})

test('a claim and its replay, on DynamoDB Local', async () => {
  const handler = idempotentHandler(createPayment, process.env.IDEMPOTENCY_TABLE ?? '', {
    service: 'payments',
  })
  const event = httpApiEvent({ key: 'order-1' })
  const first = await handler(event, lambdaContext())
  const second = await handler(event, lambdaContext())
  expect(second).toMatchObject({
    statusCode: 201,
    body: first.body,
    headers: { 'Idempotent-Replayed': 'true' },
  })
})

describe('the contract of a store', () => {
  for (const { name, run } of storeContract(() => memoryStore())) test(name, run)
})
