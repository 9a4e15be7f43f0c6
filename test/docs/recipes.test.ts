import type { IncomingMessage, ServerResponse } from 'node:http'
import type { APIGatewayProxyEventV2 } from 'aws-lambda'
import { httpApiEvent, lambdaContext, type RequestFacts } from 'oncekey/testing'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { memoryStore } from '../../packages/oncekey/src/stores/memory.ts'
import { type Handler, recipe } from './recipe.ts'

let charged: (string | undefined)[]
const charge = async (_order: unknown, idempotencyKey?: string) => {
  charged.push(idempotencyKey)
  return { number: 'R-1' }
}

beforeEach(() => {
  charged = []
  vi.stubGlobal('table', memoryStore())
})
afterEach(() => {
  vi.unstubAllGlobals()
})

const sender = (handler: Handler) => {
  return (facts: RequestFacts = {}) =>
    handler(
      httpApiEvent({ key: 'k1', headers: { Origin: 'https://shop.example' }, ...facts }),
      lambdaContext(),
    )
}
const uuid = expect.stringMatching(/^[\da-f]{8}-[\da-f]{4}-8[\da-f]{3}-/)

describe('the recipe', () => {
  it('for Hono runs once, with an attempt, and replays', async () => {
    const send = sender(await recipe('hono/aws-lambda', { charge }))
    const first = await send()
    expect(first.statusCode).toBe(201)
    const second = await send()
    expect(second).toMatchObject({
      statusCode: 201,
      body: first.body,
      headers: { 'Idempotent-Replayed': 'true' },
    })
    expect(charged).toEqual([uuid])
  })

  it('for Express runs once, with an attempt, and replays', async () => {
    const app = (request: IncomingMessage, response: ServerResponse): void => {
      void charge({}, Reflect.get(request, 'idempotency').derive('charge')).then((receipt) => {
        response.statusCode = 201
        response.end(JSON.stringify(receipt))
      })
    }
    const send = sender(await recipe('serverless-http', { app }))
    const first = await send()
    expect(first.body).toBe('{"number":"R-1"}')
    const second = await send()
    expect(second).toMatchObject({
      statusCode: 201,
      body: first.body,
      headers: { 'Idempotent-Replayed': 'true' },
    })
    expect(charged).toEqual([uuid])
  })

  it('for webhooks lets no unsigned event take a key', async () => {
    const onPaymentEvent = async () => ({ statusCode: 200, body: String(charged.push('delivered')) })
    const isSigned = ({ headers }: APIGatewayProxyEventV2) => headers.signature === 'good'
    const send = sender(await recipe('isSigned(event)', { onPaymentEvent, isSigned }))
    const body = '{"id":"evt_1","pending":2}'
    expect((await send({ body, key: undefined })).statusCode).toBe(401)
    const signed = { key: undefined, headers: { Signature: 'good' } }
    expect((await send({ ...signed, body })).body).toBe('1')
    const again = await send({ ...signed, body: '{"id":"evt_1","pending":1}' })
    expect(again).toMatchObject({ statusCode: 200, body: '1', headers: { 'Idempotent-Replayed': 'true' } })
  })

  it('for browsers has CORS headers on replays and refusals too', async () => {
    const createPayment = async () => ({ statusCode: 201, body: '{}' })
    const send = sender(await recipe('exposeHeaders', { createPayment }))
    const answers = [await send(), await send(), await send({ key: '' })]
    expect(answers.map(({ statusCode }) => statusCode)).toEqual([201, 201, 400])
    expect(answers.map(({ headers }) => headers?.['Access-Control-Expose-Headers'])).toEqual(
      answers.map(() => 'Idempotent-Replayed, Retry-After'),
    )
  })

  it('for sensitive data answers with it once, never from the record, and keeps what has none', async () => {
    const paid = { statusCode: 201, body: '{"id":"1","token":"secret"}' }
    const createPayment = async ({ body }: APIGatewayProxyEventV2) =>
      body === '{"amount":0}' ? { statusCode: 204 } : paid
    const send = sender(await recipe('redact: (response)', { createPayment }))
    expect((await send()).body).toBe('{"id":"1","token":"secret"}')
    expect((await send()).body).toBe('{"id":"1","token":null}')

    const nothing = { key: 'k2', body: '{"amount":0}' }
    expect((await send(nothing)).statusCode).toBe(204)
    expect(await send(nothing)).toMatchObject({ statusCode: 204, headers: { 'Idempotent-Replayed': 'true' } })
  })
})
