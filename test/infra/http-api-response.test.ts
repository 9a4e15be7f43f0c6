import { describe, expect, test } from 'vitest'
import { readHttpApiResult } from '../../infra/local/http-api.ts'

const read = (result: unknown) => {
  const { status, headers, body } = readHttpApiResult(JSON.stringify(result))
  return { status, headers, text: body.toString() }
}
const json = [['content-type', 'application/json']]

describe('the response of an HTTP API', () => {
  test.each([
    ['an object', { ok: true }, '{"ok":true}'],
    ['a string', 'Hello from Lambda!', 'Hello from Lambda!'],
    ['null', null, 'null'],
    ['undefined', undefined, 'null'],
  ])('is 200 and JSON if the function returns %s without a status', (_kind, result, text) => {
    expect(read(result)).toEqual({ status: 200, headers: json, text })
  })

  test('has the status, headers and body of a structured result', () => {
    const result = { statusCode: 201, headers: { 'Content-Type': 'text/html', 'X-Count': 3 }, body: 'made' }
    expect(read(result)).toEqual({
      status: 201,
      headers: [
        ['content-type', 'text/html'],
        ['x-count', '3'],
      ],
      text: 'made',
    })
  })

  test('is plain text if a structured result has no type', () => {
    expect(read({ statusCode: 204 })).toEqual({
      status: 204,
      headers: [['content-type', 'text/plain;charset=UTF-8']],
      text: '',
    })
  })

  test('sets each cookie separately', () => {
    const { headers } = read({
      statusCode: 200,
      cookies: ['a=1; Secure', 'b=2'],
      headers: { 'content-type': 'a/b' },
    })
    expect(headers).toEqual([
      ['content-type', 'a/b'],
      ['set-cookie', 'a=1; Secure'],
      ['set-cookie', 'b=2'],
    ])
  })

  test('decodes a Base64 body', () => {
    const { body } = readHttpApiResult('{"statusCode":200,"body":"AP+A","isBase64Encoded":true}')
    expect([...body]).toEqual([0, 255, 128])
  })

  test('leaves the connection to the server', () => {
    const { headers } = read({
      statusCode: 200,
      headers: { Connection: 'close', 'Content-Length': '9', A: 'b' },
    })
    expect(headers.map(([name]) => name)).toEqual(['a', 'content-type'])
  })

  test.each([
    ['a status that is not a number', { statusCode: 'ok' }],
    ['a status out of range', { statusCode: 99 }],
    ['a body that is not a string', { statusCode: 200, body: { not: 'text' } }],
  ])('is an error for %s', (_kind, result) => {
    expect(read(result)).toEqual({ status: 500, headers: json, text: '{"message":"Internal Server Error"}' })
  })
})
