import { once } from 'node:events'
import { type OutgoingHttpHeaders, request } from 'node:http'
import type { APIGatewayProxyEventV2 } from 'aws-lambda'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createHttpApiEvent } from '../../infra/local/http-api.ts'
import { listen, type Server } from '../../infra/local/server.ts'

const nowMs = Date.UTC(2020, 2, 12, 19, 3, 58, 390)
const match = { routeKey: 'POST /my/path', pathParameters: {}, functionName: 'fn' }

let server: Server
let event: APIGatewayProxyEventV2

beforeAll(async () => {
  server = await listen(0)
  server.open(async (received) => {
    // The server answers only for this machine, but an API has a domain.
    const headers = { ...received.headers, host: ['api.example.com:8080'] }
    event = createHttpApiEvent({ ...received, headers }, match, nowMs)
    return { status: 204, headers: [], body: Buffer.alloc(0) }
  })
})
afterAll(() => server.stop())

/** Sends a request over the wire and returns the event that it becomes. */
async function send(target: string, headers: OutgoingHttpHeaders, body: string | Buffer = '') {
  const { port } = new URL(server.url)
  const sent = request({ port, host: '127.0.0.1', method: 'POST', path: target, headers }).end(body)
  const [response] = await once(sent, 'response')
  response.resume()
  return event
}

describe('the event of an HTTP API', () => {
  test('has the fields of payload format 2.0', async () => {
    const got = await send(
      '/my/path?parameter1=value1&parameter1=value2&parameter2=a%20b',
      {
        'Content-Type': 'application/json',
        'User-Agent': 'agent',
        Connection: 'close',
      },
      '{"amount":1}',
    )
    expect(got).toEqual({
      version: '2.0',
      routeKey: 'POST /my/path',
      rawPath: '/my/path',
      rawQueryString: 'parameter1=value1&parameter1=value2&parameter2=a%20b',
      queryStringParameters: { parameter1: 'value1,value2', parameter2: 'a b' },
      headers: {
        host: 'api.example.com:8080',
        'content-type': 'application/json',
        'content-length': '12',
        'user-agent': 'agent',
        'x-amzn-trace-id': expect.stringMatching(/^Root=1-5e6a879e-[0-9a-f]{24}$/),
        'x-forwarded-for': '127.0.0.1',
        'x-forwarded-port': '8080',
        'x-forwarded-proto': 'http',
      },
      requestContext: {
        accountId: '000000000000',
        apiId: 'local',
        domainName: 'api.example.com',
        domainPrefix: 'api',
        http: {
          method: 'POST',
          path: '/my/path',
          protocol: 'HTTP/1.1',
          sourceIp: '127.0.0.1',
          userAgent: 'agent',
        },
        requestId: expect.stringMatching(/^[0-9a-f-]{36}$/),
        routeKey: 'POST /my/path',
        stage: '$default',
        time: '12/Mar/2020:19:03:58 +0000',
        timeEpoch: nowMs,
      },
      body: '{"amount":1}',
      isBase64Encoded: false,
    })
  })

  test('has lower-case names, and joins a repeated header by commas', async () => {
    const { headers } = await send('/', { 'Idempotency-Key': ['one', 'two'] })
    expect(headers['idempotency-key']).toBe('one,two')
  })

  test('has cookies in a field of their own', async () => {
    const { cookies, headers } = await send('/', { Cookie: 'a=1; b=2' })
    expect(cookies).toEqual(['a=1', 'b=2'])
    expect(headers).not.toHaveProperty('cookie')
  })

  test('leaves out what the request does not have', async () => {
    const got = await send('/', {})
    for (const field of ['cookies', 'queryStringParameters', 'pathParameters', 'body']) {
      expect(got).not.toHaveProperty(field)
    }
    expect(got).toMatchObject({ rawQueryString: '', isBase64Encoded: false })
  })

  test.each([
    'text/plain',
    'text/html; charset=utf-8',
    'application/json',
    'application/xml',
    'application/javascript',
  ])('has a body of type %s as text', async (type) => {
    expect(await send('/', { 'Content-Type': type }, 'é')).toMatchObject({
      body: 'é',
      isBase64Encoded: false,
    })
  })

  test.each(['application/x-www-form-urlencoded', 'application/octet-stream', 'application/problem+json'])(
    'has a body of type %s as Base64',
    async (type) => {
      const bytes = Buffer.from([0, 255, 128])
      expect(await send('/', { 'Content-Type': type }, bytes)).toMatchObject({
        body: 'AP+A',
        isBase64Encoded: true,
      })
    },
  )

  test('has a body without a type as Base64', async () => {
    expect(await send('/', {}, 'hi')).toMatchObject({ body: 'aGk=', isBase64Encoded: true })
  })
})
