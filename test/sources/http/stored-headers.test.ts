import { describe, expect, it } from 'vitest'
import { answersOf } from './delivered.ts'

/** Each row is a header that docs/http.md "What is stored" names, or one of its families. */
const dropped = [
  ['Set-Cookie', 'a=1'],
  ['Date', 'Mon, 01 Jan 2024 00:00:00 GMT'],
  ['Content-Length', '2'],
  ['Connection', 'keep-alive'],
  ['Keep-Alive', 'timeout=5'],
  ['Transfer-Encoding', 'chunked'],
  ['Upgrade', 'h2c'],
  ['Trailer', 'Expires'],
  ['X-Amzn-RequestId', '1'],
  ['X-Amzn-Trace-Id', 'Root=1'],
  ['x-amzn-Remapped-Date', 'x'],
  ['X-Amz-Cf-Id', '1'],
  ['x-amz-apigw-id', '1'],
  ['Access-Control-Allow-Origin', 'https://one.example'],
  ['Access-Control-Expose-Headers', 'X-Own'],
  ['X-Request-Id', '1'],
  ['Request-Id', 'req_1'],
  ['X-Correlation-Id', '1'],
  ['X-Trace-Id', '1'],
  ['Apigw-Requestid', '1'],
  ['X-Aws-Request-Id', '1'],
  ['X-Client-Request-Id', '1'],
  ['X-Span-Id', '1'],
  ['traceparent', '00-1-1-01'],
  ['tracestate', 'a=1'],
  ['X-Cloud-Trace-Context', '1/1'],
  ['b3', '1-1'],
  ['X-B3-TraceId', '1'],
  ['x-datadog-trace-id', '1'],
  ['sentry-trace', '1-1'],
  ['Idempotent-Replayed', 'true'],
  ['Idempotency-Key', 'k'],
  ['Oncekey-Store', 'max-age=60'],
] as const

const stored = [
  ['Content-Type', 'application/json'],
  ['Location', '/payments/7'],
  ['ETag', '"v1"'],
  ['Last-Modified', 'Mon, 01 Jan 2024 00:00:00 GMT'],
  ['Content-Language', 'de'],
  ['Content-Encoding', 'gzip'],
  ['Content-Disposition', 'inline'],
  ['Cache-Control', 'no-store'],
  ['Expires', '0'],
  ['Vary', 'Origin'],
  ['Link', '<a>; rel="next"'],
  ['Retry-After', '2'],
  ['WWW-Authenticate', 'Bearer'],
  ['Strict-Transport-Security', 'max-age=1'],
  ['X-Own', 'yes'],
  ['X-Amount', '100'],
  ['X-Transaction-Id', 't_1'],
  ['X-Request-Identity', 'x'],
  ['X-Date', 'today'],
  ['X-RateLimit-Remaining', '9'],
  ['Date-Of-Birth', 'x'],
] as const

const cases = (name: string): string[] => [name, name.toLowerCase(), name.toUpperCase()]

describe('docs/http.md "What is stored", headers', () => {
  it.each(dropped)('%s is not stored, whatever its case and map', (name, value) => {
    for (const spelt of cases(name)) {
      const { toStore } = answersOf('rest')
      const result = {
        statusCode: 200,
        headers: { [spelt]: value, 'X-Own': 'a' },
        multiValueHeaders: { [spelt]: [value], 'X-Own': ['b'] },
      }
      expect(toStore(result)).toMatchObject({
        value: { statusCode: 200, headers: { 'X-Own': 'a' }, multiValueHeaders: { 'X-Own': ['b'] } },
      })
      expect(JSON.stringify(toStore(result)).toLowerCase()).not.toContain(`"${name.toLowerCase()}"`)
    }
  })

  it.each(stored)('%s is stored as it was', (name, value) => {
    for (const spelt of cases(name)) {
      const result = {
        statusCode: 200,
        headers: { [spelt]: value },
        multiValueHeaders: { [spelt]: [value, value] },
      }
      expect(answersOf('rest').toStore(result)).toEqual({ value: result, status: 200 })
    }
  })

  it('leaves out the cookies of an HTTP API', () => {
    const result = { statusCode: 200, cookies: ['a=1', 'b=2'], body: '' }
    expect(answersOf('http').toStore(result)).toEqual({ value: { statusCode: 200, body: '' }, status: 200 })
  })

  it('storeCookies stores cookies, and nothing else that is left out', () => {
    const result = {
      statusCode: 200,
      headers: { 'set-cookie': 'c=3', Date: 'x' },
      multiValueHeaders: { 'Set-Cookie': ['a=1', 'b=2'] },
      cookies: ['d=4'],
    }
    expect(answersOf('http', { storeCookies: true }).toStore(result)).toEqual({
      value: { ...result, headers: { 'set-cookie': 'c=3' } },
      status: 200,
    })
  })

  it('keeps every other member of a response, and leaves the response itself alone', () => {
    const result = {
      statusCode: 200,
      statusDescription: '200 OK',
      headers: { Date: 'x' },
      body: 'AA==',
      isBase64Encoded: true,
    }
    const before = structuredClone(result)
    expect(answersOf('alb').toStore(result)).toEqual({ value: { ...result, headers: {} }, status: 200 })
    expect(result).toEqual(before)
  })

  it('does not take the members of a shorthand body for headers', () => {
    const result = { headers: { Date: 'kept' }, cookies: ['kept'] }
    expect(answersOf('http').toStore(result)).toEqual({ value: result, status: 200 })
  })

  it('is not got round by toJSON', () => {
    const headers = { 'Set-Cookie': 'a=1', toJSON: () => ({ 'Set-Cookie': 'a=1', 'X-Own': 'yes' }) }
    const result = { toJSON: () => ({ statusCode: 200, headers, cookies: ['b=2'] }) }
    expect(JSON.parse(JSON.stringify(answersOf('http').toStore(result)))).toEqual({
      value: { statusCode: 200, headers: { 'X-Own': 'yes' } },
      status: 200,
    })
    expect(JSON.parse(JSON.stringify(answersOf('http').toStore({ statusCode: 200, headers })))).toEqual({
      value: { statusCode: 200, headers: { 'X-Own': 'yes' } },
      status: 200,
    })
  })
})
