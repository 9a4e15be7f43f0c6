import { httpApiEvent, restEvent } from 'oncekey/testing'
import { describe, expect, it } from 'vitest'
import { expectSame, read } from './identified.ts'

const MEGABYTE = 1024 * 1024

describe('the largest bodies', () => {
  const bodies = [
    { what: '6 MB of text', body: 'x'.repeat(6 * MEGABYTE) },
    { what: '6 MB of quotes', body: '"'.repeat(6 * MEGABYTE) },
    { what: '6 MB of backslashes', body: `"${'\\'.repeat(6 * MEGABYTE)}` },
    { what: '6 MB in one JSON string', body: JSON.stringify({ a: 'é'.repeat(3 * MEGABYTE) }) },
    { what: '6 MB of escapes', body: JSON.stringify({ a: '\n'.repeat(3 * MEGABYTE) }) },
    { what: '6 MB of digits', body: `{"a":${'1'.repeat(6 * MEGABYTE)}}` },
    { what: '6 MB of zeros', body: `{"a":0.${'0'.repeat(6 * MEGABYTE)}1}` },
    { what: '6 MB of numbers', body: `[${'1e1,'.repeat(1.5 * MEGABYTE)}1]` },
    {
      what: '6 MB of members',
      body: `{${Array.from({ length: 400_000 }, (_, at) => `"n${at}":${at}`).join()}}`,
    },
    { what: '6 MB of one repeated name', body: `{${'"a":1,'.repeat(MEGABYTE)}"a":1}` },
    { what: '6 MB of spaces', body: `${' '.repeat(6 * MEGABYTE)}1` },
    { what: '6 MB of open brackets', body: '['.repeat(6 * MEGABYTE) },
    { what: '6 MB of closing brackets', body: ']'.repeat(6 * MEGABYTE) },
  ]
  const longMs = 20_000

  it.each(bodies)(
    'are read in bounded time: $what',
    ({ body }) => {
      expectSame(restEvent({ key: 'k1', body }), restEvent({ key: 'k1', body, base64: true }))
    },
    longMs,
  )

  it.each(bodies)(
    'are read in bounded time with pointers: $what',
    ({ body }) => {
      expectSame(httpApiEvent({ key: 'k1', body }), httpApiEvent({ key: 'k1', body }), {
        fingerprint: ['/a'],
      })
    },
    longMs,
  )

  it('are read in bounded time if flagged as base64 and none', () => {
    const event = { ...restEvent({ key: 'k1' }), isBase64Encoded: true }
    for (const body of [`${'a'.repeat(6 * MEGABYTE)}-`, '='.repeat(6 * MEGABYTE)]) {
      expectSame({ ...event, body }, { ...event, body })
    }
  })

  it('are read in bounded time: 100,000 headers in as many spellings', () => {
    const name = 'idempotency-key-of-the-client'
    const headers = Object.fromEntries(
      Array.from({ length: 100_000 }, (_, at) => {
        const bits = at.toString(2).padStart(name.length, '0')
        return [
          [...name].map((letter, i) => (bits[i] === '1' ? letter.toUpperCase() : letter)).join(''),
          `k${at}`,
        ]
      }),
    )
    const event = { ...restEvent(), headers, multiValueHeaders: headers }
    expect(read(event, { header: name })).toMatchObject({ kind: 'refused', error: { code: 'key-invalid' } })
  })
})
