import { httpApiEvent } from 'oncekey/testing'
import { describe, expect, it } from 'vitest'
import type { IdempotencyOptions } from '../../../packages/oncekey/src/options.ts'
import type { HttpShape } from '../../../packages/oncekey/src/sources/http/request.ts'
import { answersOf, deliver, headerValues, KEY, ownLines, replayOf, responseIn, shapes } from './delivered.ts'
import { requestOf } from './identified.ts'

const withoutOwnLines = (shape: HttpShape, answer: unknown): object => {
  const { headers, ...rest } = deliver(shape, answer)
  return { ...rest, headers: headers.filter((line) => !ownLines.test(line)) }
}

describe.each(shapes)('docs/http.md "Answers", a first answer to %s', (shape) => {
  const { respond } = answersOf(shape)

  it("is the handler's own, and echoes the key", () => {
    const result = responseIn(shape, 201, { 'Content-Type': 'application/json', 'X-Own': 'yes' })
    expect(deliver(shape, respond(result))).toEqual({
      status: 201,
      headers: ['content-type: application/json', `idempotency-key: ${KEY}`, 'x-own: yes'],
      body: '{"id":"p_1"}',
    })
  })

  it('carries no marker, even if the handler passes on that of another service', () => {
    expect(
      headerValues(
        shape,
        respond(responseIn(shape, 200, { 'IDEMPOTENT-Replayed': 'true' })),
        'idempotent-replayed',
      ),
    ).toEqual([])
  })

  it('echoes the key in place of any that the handler echoes itself', () => {
    const own = respond(responseIn(shape, 200, { 'idempotency-KEY': 'another' }))
    expect(headerValues(shape, own, 'idempotency-key')).toEqual([KEY])
  })

  it.each(['Oncekey-Store', 'ONCEKEY-STORE', 'oncekey-store'])('does not show %s', (name) => {
    const own = respond(responseIn(shape, 200, { [name]: 'no-store', 'X-Own': 'yes' }))
    expect(headerValues(shape, own, 'oncekey-store')).toEqual([])
    expect(headerValues(shape, own, 'x-own')).toEqual(['yes'])
  })

  it('leaves what the handler returned as it is', () => {
    const result = Object.freeze(responseIn(shape, 200, { 'Oncekey-Store': 'no-store' }))
    const before = JSON.stringify(result)
    respond(result)
    expect(JSON.stringify(result)).toBe(before)
  })

  it.each([undefined, null])('is what it was if the handler returned %s', (result) => {
    expect(respond(result)).toBe(result)
    expect(replayOf(answersOf(shape), result)).toBe(result)
  })
})

describe.each(shapes)('docs/http.md "Answers", a replay to %s', (shape) => {
  const answers = answersOf(shape)

  it.each([
    ['a created', responseIn(shape, 201)],
    [
      'headers of its own',
      responseIn(shape, 201, {
        'Content-Type': 'application/json',
        Location: '/payments/7',
        ETag: '"v1"',
        'Content-Language': 'de',
        'X-Own': 'yes',
        Vary: 'Origin',
      }),
    ],
    ['402', responseIn(shape, 402)],
    ['404', responseIn(shape, 404)],
    ['303', responseIn(shape, 303, { Location: '/done' })],
    ['204 without a body', { statusCode: 204 }],
    ['an empty body', { ...responseIn(shape, 200), body: '' }],
    ['a status as a string', { ...responseIn(shape, 201), statusCode: '201' }],
    [
      'bytes',
      {
        ...responseIn(shape, 200, { 'Content-Type': 'image/png' }),
        body: Buffer.from([137, 80, 78, 71, 13, 10, 26, 10, 0, 255, 128]).toString('base64'),
        isBase64Encoded: true,
      },
    ],
  ])('reaches the client as the first answer did: %s', (_row, result) => {
    expect(withoutOwnLines(shape, replayOf(answers, result))).toEqual(
      withoutOwnLines(shape, answers.respond(result)),
    )
  })

  it('carries the marker and the key', () => {
    const replay = replayOf(answers, responseIn(shape, 201))
    expect(headerValues(shape, replay, 'idempotent-replayed')).toEqual(['true'])
    expect(headerValues(shape, replay, 'idempotency-key')).toEqual([KEY])
  })

  it('carries the marker once, whatever the handler set', () => {
    const replay = answers.replay(
      responseIn(shape, 200, { 'idempotent-REPLAYED': 'false', 'IDEMPOTENCY-key': 'x' }),
    )
    expect(headerValues(shape, replay, 'idempotent-replayed')).toEqual(['true'])
    expect(headerValues(shape, replay, 'idempotency-key')).toEqual([KEY])
  })

  it('carries the marker where there are no headers at all', () => {
    expect(headerValues(shape, replayOf(answers, { statusCode: 204 }), 'idempotent-replayed')).toEqual([
      'true',
    ])
  })

  it('leaves the stored value as it is, so that the next replay is the same', () => {
    const stored = responseIn(shape, 200, { 'X-Own': 'yes' })
    const before = JSON.stringify(stored)
    const first = answers.replay(stored)
    expect(JSON.stringify(stored)).toBe(before)
    expect(answers.replay(stored)).toEqual(first)
  })

  it('gives header values back with their types', () => {
    const replay = replayOf(answers, {
      statusCode: 200,
      headers: { 'X-Count': 3, 'X-Flag': true },
      body: '',
    })
    expect(replay).toMatchObject({ headers: { 'X-Count': 3, 'X-Flag': true } })
  })
})

describe('multi-value headers (docs/http.md "What is stored")', () => {
  const result = {
    statusCode: 200,
    multiValueHeaders: { Link: ['<a>; rel="x"', '<b>; rel="y"', '<a>; rel="x"'], 'X-Own': ['2', '1'] },
    body: 'ok',
  }

  it.each(['rest', 'alb-multi'] as const)(
    'come back in their order to %s, with the marker beside them',
    (shape) => {
      const replay = replayOf(answersOf(shape), result)
      expect(replay).toEqual({
        ...result,
        multiValueHeaders: {
          ...result.multiValueHeaders,
          'Idempotency-Key': [KEY],
          'Idempotent-Replayed': ['true'],
        },
      })
    },
  )

  it('stay beside single ones on REST, and the marker is in one place only', () => {
    const replay = replayOf(answersOf('rest'), { ...result, headers: { 'X-Single': 'yes' } })
    expect(replay).toEqual({
      ...result,
      headers: { 'X-Single': 'yes', 'Idempotency-Key': KEY, 'Idempotent-Replayed': 'true' },
    })
  })

  it('hide no header of a handler that answers a multi-value load balancer with single ones', () => {
    const single = { statusCode: 200, headers: { 'Content-Type': 'text/plain' }, body: 'ok' }
    expect(deliver('alb-multi', answersOf('alb-multi').respond(single)).headers).toEqual([
      'content-type: text/plain',
      `idempotency-key: ${KEY}`,
    ])
  })

  it.each(['alb', 'http'] as const)('are not where %s looks for the marker', (shape) => {
    expect(headerValues(shape, replayOf(answersOf(shape), result), 'idempotent-replayed')).toEqual(['true'])
  })

  it('are dropped by name from both maps', () => {
    const both = {
      statusCode: 200,
      headers: { 'oncekey-store': 'x' },
      multiValueHeaders: { 'ONCEKEY-Store': ['y'] },
    }
    expect(answersOf('rest').respond(both)).toEqual({
      statusCode: 200,
      headers: { 'Idempotency-Key': KEY },
      multiValueHeaders: {},
    })
  })
})

describe('shorthand results of HTTP APIs (docs/http.md "What is stored")', () => {
  const answers = answersOf('http')

  it.each([
    ['an object', { id: 'p_1', nested: [1, { a: null }] }],
    ['an empty object', {}],
    [
      'an object with headers but no status',
      { headers: { 'X-Own': 'not a header' }, body: 'x', cookies: ['a=1'] },
    ],
    ['a string', 'Hello from Lambda!'],
    ['a string that is JSON', '{"statusCode":404}'],
    ['an empty string', ''],
    ['an array', [1, 'two']],
    ['a number', 42],
    ['false', false],
    ['a date', new Date(0)],
    ['an object that shows itself as another', { hidden: 1, toJSON: () => ({ shown: 2 }) }],
  ])('reach the client as API Gateway would send them: %s', (_what, result) => {
    const plain = deliver('http', result)
    for (const answer of [answers.respond(result), replayOf(answers, result)]) {
      expect(withoutOwnLines('http', answer)).toEqual(plain)
      expect(headerValues('http', answer, 'idempotency-key')).toEqual([KEY])
    }
    expect(headerValues('http', replayOf(answers, result), 'idempotent-replayed')).toEqual(['true'])
  })

  it('stay shorthand if they would grow beyond what Lambda can send', () => {
    const result = { text: '"'.repeat(2_000_000) }
    expect(answers.respond(result)).toBe(result)
    expect(replayOf(answers, result)).toEqual(result)
  })

  it.each(['rest', 'alb', 'alb-multi'] as const)('are left untouched on %s, which knows none', (shape) => {
    const { respond } = answersOf(shape)
    for (const result of ['text', 7, { id: 1 }, [1]]) {
      expect(respond(result)).toBe(result)
      expect(replayOf(answersOf(shape), result)).toEqual(result)
    }
  })

  it.each([{ body: 'x' }, { headers: {} }, { multiValueHeaders: {} }])(
    'are a response on REST as soon as they have a part of one: %j',
    (result) => {
      expect(headerValues('rest', answersOf('rest').respond(result), 'idempotency-key')).toEqual([KEY])
    },
  )
})

describe('the echoed key (docs/http.md "Answers")', () => {
  const echoOf = (headers: Readonly<Record<string, string>>, options: IdempotencyOptions = {}): unknown => {
    const { responder, source } = requestOf(httpApiEvent({ headers }), options)
    return headerValues('http', responder.respond({ statusCode: 200 }, source), 'idempotency-key')
  }

  it.each([
    ['bare as it was sent', 'k-1', 'k-1'],
    ['bare with a backslash as it was sent', 'a\\b', 'a\\b'],
    ['bare around which there was space', ' k-1 ', 'k-1'],
    ['quoted around which there was space', ' "k-1"', '"k-1"'],
    ['quoted as it was sent', '"k-1"', '"k-1"'],
    ['quoted without parameters', '"k-1";v=1', '"k-1"'],
    ['quoted and escaped', '"a\\"b\\\\c"', '"a\\"b\\\\c"'],
    ['quoted if it holds a space', '"a b"', '"a b"'],
  ])('is %s', (_how, sent, expected) => {
    expect(echoOf({ 'Idempotency-Key': sent })).toEqual([expected])
  })

  it.each([
    ['quoted as another header had it', { header: 'X-Key' }, { 'x-key': '"k-1"' }, '"k-1"'],
    [
      'bare though an unread header is quoted',
      { header: 'X-Key' },
      { 'x-key': 'k-1', 'idempotency-key': '"k-1"' },
      'k-1',
    ],
    [
      'as the alias had it that came',
      { header: ['Idempotency-Key', 'X-Key'] },
      { 'x-key': '"k-1"' },
      '"k-1"',
    ],
    ['bare if a function gave it', { key: () => 'k-1' }, { 'idempotency-key': '"k-1"' }, 'k-1'],
    ['bare if a function gave it and nothing was sent', { key: () => 'evt_1' }, {}, 'evt_1'],
    ['quoted if a function gave it and it holds a comma', { key: () => 'a,b' }, {}, '"a,b"'],
  ])('is %s', (_how, options, sent, expected) => {
    expect(echoOf(sent, options)).toEqual([expected])
  })
})

describe('legacyHeaders (docs/http.md "Answers")', () => {
  const names = ['x-idempotency-key', 'x-idempotency-cache-status']
  const shown = (shape: HttpShape, answer: unknown): unknown[] =>
    names.map((name) => headerValues(shape, answer, name))

  it.each(shapes)('say MISS, then HIT, to %s', (shape) => {
    const answers = answersOf(shape, { legacyHeaders: true })
    const result = responseIn(shape, 200, { 'x-idempotency-cache-status': 'own' })
    expect(shown(shape, answers.respond(result))).toEqual([[KEY], ['MISS']])
    expect(shown(shape, replayOf(answers, result))).toEqual([[KEY], ['HIT']])
  })

  it("are not sent by default, and the handler's own of that name are left alone", () => {
    const answers = answersOf('http')
    expect(shown('http', answers.respond(responseIn('http', 200)))).toEqual([[], []])
    expect(
      shown('http', answers.respond(responseIn('http', 200, { 'X-Idempotency-Cache-Status': 'own' }))),
    ).toEqual([[], ['own']])
  })
})

it('nobody is kept waiting longer than API Gateway waits', () => {
  expect(requestOf(httpApiEvent({ key: 'k1' })).maxWaitMs).toBeLessThan(29_000)
})
