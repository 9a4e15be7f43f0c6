import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { dynamoDbStore, idempotentHandler } from 'oncekey'
import Stripe from 'stripe'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { deliver } from '../sources/http/delivered.ts'
import { httpApiEvent } from '../support/events.ts'
import { lambdaContext } from '../support/lambda-context.ts'
import { close, listen } from '../support/loopback.ts'
import type { Protected } from '../support/middies.ts'
import { createTable } from '../support/tables.ts'

/** A protected payments API behind a real socket, whose handler works until it is told to go on. */
describe('a client that retries', () => {
  let server: Server
  let origin: string
  let runs: number
  let statuses: number[]
  let refused: PromiseWithResolvers<void>

  beforeEach(async () => {
    const table = await createTable()
    runs = 0
    statuses = []
    refused = Promise.withResolvers()
    const handler = idempotentHandler(
      async () => {
        runs += 1
        // Until somebody has been told that a run is in flight.
        await refused.promise
        return { statusCode: 201, headers: { 'Content-Type': 'application/json' }, body: '{"id":"p_1"}' }
      },
      dynamoDbStore(table.name, { client: table.client }),
    )
    server = createServer((request, response) => void serve(handler, request, response))
    origin = await listen(server)
  })

  afterEach(() => close(server))

  async function serve(
    handler: Protected,
    request: IncomingMessage,
    response: ServerResponse,
  ): Promise<void> {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const headers = Object.fromEntries(
      Object.entries(request.headers).map(([name, value = '']) => [name, String(value)]),
    )
    const { method = 'GET', url = '/' } = request
    const event = httpApiEvent({ method, path: url, headers, body: Buffer.concat(chunks).toString() })
    const answer = deliver('http', await handler(event, lambdaContext({ remainingMs: 30_000 })))
    statuses.push(answer.status)
    if (answer.status === 409) refused.resolve()
    response.statusCode = answer.status
    for (const line of answer.headers) {
      const colon = line.indexOf(':')
      response.appendHeader(line.slice(0, colon), line.slice(colon + 2))
    }
    response.end(answer.body)
  }

  it("comes to the one result with Stripe's own SDK, which retries every 409", async () => {
    const stripe = new Stripe('sk_test_1', {
      host: '127.0.0.1',
      port: new URL(origin).port,
      protocol: 'http',
      maxNetworkRetries: 5,
      telemetry: false,
    })
    const pay = () => stripe.rawRequest('POST', '/payments', { amount: 100 }, { idempotencyKey: 'order-1' })
    const [one, other] = await Promise.all([pay(), pay()])
    expect([one, other].map((payment) => Reflect.get(payment, 'id'))).toEqual(['p_1', 'p_1'])
    expect(runs).toBe(1)
    expect(statuses).toContain(409)
  })

  it('comes to the one result as a page does that sends a click twice and follows Retry-After', async () => {
    const pay = async (): Promise<Response> => {
      for (let left = 10; left > 0; left--) {
        const response = await fetch(`${origin}/payments`, {
          method: 'POST',
          headers: { 'Content-Type': 'application/json', 'Idempotency-Key': '"order-2"' },
          body: '{"amount":100}',
        })
        const seconds = Number(response.headers.get('Retry-After'))
        if (response.status !== 409) return response
        expect(seconds).toBeOneOf([1, 2, 3, 4, 5])
        // As many milliseconds: the client is to be seen, not waited for.
        await new Promise((resolve) => setTimeout(resolve, seconds))
      }
      throw new Error('no result came')
    }
    const answers = await Promise.all([pay(), pay()])
    expect(await Promise.all(answers.map((answer) => answer.json()))).toEqual([{ id: 'p_1' }, { id: 'p_1' }])
    const markers = answers.map((answer) => answer.headers.get('Idempotent-Replayed'))
    expect(markers.toSorted()).toEqual(['true', null].toSorted())
    expect(runs).toBe(1)
  })
})
