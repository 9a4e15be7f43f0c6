import { randomUUID } from 'node:crypto'
import { DescribeTimeToLiveCommand, ListTablesCommand } from '@aws-sdk/client-dynamodb'
import { DynamoDBDocumentClient, GetCommand } from '@aws-sdk/lib-dynamodb'
import { afterAll, beforeAll, describe, expect, inject, test, vi } from 'vitest'
import { type LocalStack, startLocal } from '../../infra/local/start-local.ts'
import { createClient } from '../support/tables.ts'

// The threads and the database share this machine with all other tests.
vi.setConfig({ testTimeout: 60_000 })

const client = createClient()
const lines: string[] = []
let stack: LocalStack

beforeAll(async () => {
  stack = await startLocal({
    port: 0,
    dynamoDbEndpoint: inject('dynamoDbEndpoint'),
    onLog: (line) => lines.push(line),
  })
}, 120_000)
afterAll(async () => {
  await stack.stop()
  client.destroy()
})

/** Returns an order of a new customer. */
const createOrder = () => ({ amount: 1000, currency: 'EUR', customer: randomUUID() })

async function pay(key: string | undefined, order: object) {
  const response = await fetch(`${stack.url}/payments`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', ...(key === undefined ? {} : { 'Idempotency-Key': key }) },
    body: JSON.stringify(order),
  })
  return { status: response.status, headers: response.headers, body: await response.text() }
}

async function paymentsOf(customer: string): Promise<unknown[]> {
  const response = await fetch(`${stack.url}/payments`)
  const { payments }: { payments: { customer: string }[] } = JSON.parse(await response.text())
  return payments.filter((payment) => payment.customer === customer)
}

async function balanceOf(customer: string) {
  const { Item } = await DynamoDBDocumentClient.from(client).send(
    new GetCommand({ TableName: stack.environment.WALLETS_TABLE, Key: { customer, currency: 'EUR' } }),
  )
  return Item?.balance
}

describe('a payment', () => {
  test('is created with the order, an id, a time and a location', async () => {
    const order = createOrder()
    const { status, headers, body } = await pay('create', order)
    expect(status).toBe(201)
    const payment = JSON.parse(body)
    expect(payment).toEqual({
      ...order,
      id: expect.stringMatching(/^[0-9a-f-]{36}$/),
      createdAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
    })
    expect(headers.get('location')).toBe(`/payments/${payment.id}`)
    const found = await fetch(`${stack.url}${headers.get('location')}`)
    expect(await found.json()).toEqual(payment)
    expect(await paymentsOf(order.customer)).toEqual([payment])
  })

  test('sent again gets the same response, and is made once', async () => {
    const order = createOrder()
    const chargesBefore = stack.provider.charges.length
    const receiptsBefore = stack.provider.receipts.length
    const first = await pay('again', order)
    const second = await pay('again', order)

    expect(second).toMatchObject({ status: 201, body: first.body })
    expect(first.headers.get('idempotent-replayed')).toBeNull()
    expect(second.headers.get('idempotent-replayed')).toBe('true')
    expect(second.headers.get('location')).toBe(first.headers.get('location'))
    expect(await paymentsOf(order.customer)).toHaveLength(1)
    expect(await balanceOf(order.customer)).toBe(1000)
    expect(stack.provider.charges.slice(chargesBefore)).toMatchObject([{ order }])
    expect(stack.provider.receipts.slice(receiptsBefore)).toHaveLength(1)
  })

  test('sent twenty times at once is made once', async () => {
    const order = createOrder()
    const chargesBefore = stack.provider.charges.length
    const answers = await Promise.all(Array.from({ length: 20 }, () => pay('at-once', order)))
    const { status, body } = await pay('at-once', order)
    expect(status).toBe(201)
    const others = answers.filter((answer) => answer.body !== body).map((answer) => JSON.parse(answer.body))
    // In progress, or an error because the machine was too busy. Both may be retried, and neither is a payment.
    const isRetryable = ({ retryable, message }: { retryable?: boolean; message?: string }) =>
      retryable === true || message === 'Internal Server Error'
    expect(others.filter((other) => !isRetryable(other))).toEqual([])
    expect(await balanceOf(order.customer)).toBe(1000)
    expect(stack.provider.charges.slice(chargesBefore)).toHaveLength(1)
  })

  test('of another amount with the same key is refused', async () => {
    const order = createOrder()
    await pay('changed', order)
    const { status, headers, body } = await pay('changed', { ...order, amount: 1001 })
    expect(status).toBe(422)
    expect(headers.get('content-type')).toMatch('application/problem+json')
    expect(JSON.parse(body)).toMatchObject({ status: 422, title: 'Idempotency-Key is already used' })
    expect(await balanceOf(order.customer)).toBe(1000)
  })

  test('without a key is refused', async () => {
    const order = createOrder()
    const { status, headers, body } = await pay(undefined, order)
    expect(status).toBe(400)
    expect(headers.get('content-type')).toMatch('application/problem+json')
    expect(JSON.parse(body)).toMatchObject({ status: 400, title: 'Idempotency-Key is missing' })
    expect(await paymentsOf(order.customer)).toEqual([])
  })

  test.each([
    ['no amount', { amount: undefined }, /amount/],
    ['a broken amount', { amount: 10.5 }, /amount/],
    ['no money', { amount: 0 }, /amount/],
    ['an amount in words', { amount: '1000' }, /amount/],
    ['an unknown form of currency', { currency: 'eur' }, /currency/],
    ['nobody', { customer: '' }, /customer/],
  ])('of %s is the handler’s own 400', async (what, change, detail) => {
    const { status, headers, body } = await pay(`bad ${what}`.replaceAll(' ', '-'), {
      ...createOrder(),
      ...change,
    })
    expect(status).toBe(400)
    expect(headers.get('content-type')).toBe('application/problem+json')
    expect(JSON.parse(body)).toMatchObject({
      title: 'The payment is not valid',
      detail: expect.stringMatching(detail),
    })
  })
})

describe('the local stack', () => {
  test('answers for an unknown route as an HTTP API does', async () => {
    const response = await fetch(`${stack.url}/payments`, { method: 'DELETE' })
    expect(response.status).toBe(404)
    expect(await response.json()).toEqual({ message: 'Not Found' })
  })

  test('has the tables of the template, with their TTL', async () => {
    const { IDEMPOTENCY_TABLE, LEDGER_TABLE, WALLETS_TABLE } = stack.environment
    expect([...stack.tables].sort()).toEqual([IDEMPOTENCY_TABLE, LEDGER_TABLE, WALLETS_TABLE].sort())
    const { TimeToLiveDescription } = await client.send(
      new DescribeTimeToLiveCommand({ TableName: IDEMPOTENCY_TABLE }),
    )
    expect(TimeToLiveDescription).toEqual({ AttributeName: 'expiresAt', TimeToLiveStatus: 'ENABLED' })
  })

  test('passes on the metrics that the function writes', async () => {
    await pay('metrics', createOrder())
    await expect
      .poll(() => lines.map((line) => line.startsWith('{"_aws"') && JSON.parse(line)))
      .toContainEqual(expect.objectContaining({ service: 'payments', executed: 1 }))
  })

  test('can run twice, and deletes its tables when it stops', async () => {
    const other = await startLocal({ port: 0, dynamoDbEndpoint: stack.dynamoDbEndpoint })
    expect((await fetch(`${other.url}/payments`)).status).toBe(200)
    expect(other.tables).not.toEqual(stack.tables)
    await other.stop()
    const { TableNames } = await client.send(new ListTablesCommand({}))
    expect(TableNames).toEqual(expect.not.arrayContaining([...other.tables]))
    await expect(fetch(other.url)).rejects.toThrow()
    expect((await fetch(`${stack.url}/payments`)).status).toBe(200)
  }, 60_000)
})
