import { albEvent, albMultiEvent, functionUrlEvent, httpApiEvent, restEvent } from 'oncekey/testing'
import { describe, expect, it } from 'vitest'
import { eventSources } from '../../../packages/oncekey/src/testing/http-events.ts'
import { accepted, expectReused, expectSame, readAll, refused, requestOf } from './identified.ts'

const tagOf = (event: unknown, options = {}): string | undefined =>
  accepted(event, options).fingerprint.split(':')[0]

const sameBodies = [
  { row: 'identical', one: '{"amount":100}', other: '{"amount":100}' },
  {
    row: 'members reordered',
    one: '{"a":1,"b":{"c":2,"d":3}}',
    other: '{"b":{"d":3,"c":2},"a":1}',
  },
  { row: 'whitespace', one: '{"a":[1,2]}', other: ' {\r\n\t"a" : [ 1,\n2 ] } ' },
  { row: 'RFC 8785 §3.2.2.3: one number in two ways', one: '{"a":100}', other: '{"a":1.0E2}' },
  { row: 'RFC 8785 §3.2.2.3: trailing zeros', one: '{"a":1.5}', other: '{"a":1.500}' },
  { row: 'RFC 8785 §3.2.2.3: minus zero', one: '{"a":0}', other: '{"a":-0}' },
  {
    row: 'RFC 8785 §3.2.2.2: one character in two ways',
    one: '{"é":"/€"}',
    other: '{"\\u00e9":"\\/\\u20ac"}',
  },
  {
    row: 'RFC 8785 §3.2.3: names sorted by UTF-16 units',
    one: '{"\\ud83d\\ude00":1,"\\ufb33":2}',
    other: '{"\\ufb33":2,"\\ud83d\\ude00":1}',
  },
  { row: 'RFC 8259: a scalar', one: '"a"', other: ' "a"\n' },
  {
    row: 'a member called like a method',
    one: '{"toJSON":1,"b":2}',
    other: '{"b":2,"toJSON":1}',
  },
  { row: 'RFC 8259: null', one: 'null', other: 'null ' },
  {
    row: '__proto__ as a member',
    one: '{"__proto__":{"a":1},"b":2}',
    other: '{"b":2,"__proto__":{"a":1}}',
  },
  { row: 'largest safe integer', one: '{"a":9007199254740991,"b":1}', other: '{"b":1,"a":9007199254740991}' },
  {
    row: 'an integer beyond it that a double holds',
    one: '{"a":9007199254740992,"b":1}',
    other: '{"b":1,"a":9007199254740992}',
  },
  {
    row: 'the shortest form of a double',
    one: '{"a":0.30000000000000004,"b":1}',
    other: '{"b":1,"a":0.30000000000000004}',
  },
  { row: 'a power of ten', one: '{"a":1e21,"b":1}', other: '{"b":1,"a":1000000000000000000000}' },
  { row: 'zero to any power', one: '{"a":0e999,"b":1}', other: '{"b":1,"a":0}' },
  {
    row: 'what looks like a number in a string',
    one: '{"a":"12345678901234567890","b":1}',
    other: '{"b":1,"a":"12345678901234567890"}',
  },
  {
    row: 'brackets and colons in strings',
    one: `{"a":"${'[{:'.repeat(500)}\\"","b":1}`,
    other: `{"b":1,"a":"${'[{:'.repeat(500)}\\""}`,
  },
  {
    row: '200 levels',
    one: `{"a":1,"b":${'['.repeat(199)}${']'.repeat(199)}}`,
    other: `{"b":${'['.repeat(199)}${']'.repeat(199)},"a":1}`,
  },
]

const otherBodies = [
  { row: 'another amount', one: '{"amount":100}', other: '{"amount":101}' },
  {
    row: 'unsafe integers',
    one: '{"a":12345678901234567890}',
    other: '{"a":12345678901234567891}',
  },
  { row: '2^53 + 1', one: '{"a":9007199254740992}', other: '{"a":9007199254740993}' },
  { row: 'negative', one: '{"a":-9007199254740992}', other: '{"a":-9007199254740993}' },
  { row: 'too many digits', one: '{"a":0.1}', other: '{"a":0.1000000000000000001}' },
  {
    row: 'too many digits, both',
    one: '{"a":3.14159265358979323846}',
    other: '{"a":3.14159265358979323847}',
  },
  { row: 'beyond the largest double', one: '{"a":1e400}', other: '{"a":1e500}' },
  { row: 'beyond the largest double, or null', one: '{"a":1e400}', other: '{"a":null}' },
  { row: 'below the smallest double', one: '{"a":1e-400}', other: '{"a":0}' },
  {
    row: 'an unsafe integer with an exponent',
    one: '{"a":12345678901234567890e1}',
    other: '{"a":12345678901234567891e1}',
  },
  {
    row: 'an unsafe integer at the top',
    one: '12345678901234567890',
    other: '12345678901234567891',
  },
  {
    row: 'an unsafe integer in a list',
    one: '[1,12345678901234567890]',
    other: '[1,12345678901234567891]',
  },
  { row: 'RFC 7493 §2.3: a repeated name', one: '{"a":1,"a":2}', other: '{"a":2}' },
  {
    row: 'RFC 7493 §2.3: a repeated name, nested',
    one: '{"x":[{"a":1,"b":0,"a":2}]}',
    other: '{"x":[{"b":0,"a":2}]}',
  },
  { row: 'RFC 7493 §2.3: a repeated name in two spellings', one: '{"a":1,"\\u0061":2}', other: '{"a":2}' },
  {
    row: 'RFC 7493 §2.3: a repeated __proto__',
    one: '{"__proto__":1,"__proto__":2}',
    other: '{"__proto__":2}',
  },
  { row: 'RFC 7493 §2.1: lone surrogates', one: '{"a":"\\ud800"}', other: '{"a":"\\ud801"}' },
  { row: 'order of a list', one: '[1,2]', other: '[2,1]' },
  { row: 'null or absent', one: '{"a":null}', other: '{}' },
  { row: 'a number or a string', one: '{"a":1}', other: '{"a":"1"}' },
  { row: 'true or a string', one: '{"a":true}', other: '{"a":"true"}' },
  { row: 'a list or an object', one: '[]', other: '{}' },
  { row: 'case of names', one: '{"a":1,"A":2}', other: '{"A":1,"a":2}' },
  { row: 'RFC 8259: names are not normalised', one: '{"\\u00e9":1}', other: '{"e\\u0301":1}' },
  { row: '__proto__ as a member', one: '{"__proto__":{"a":1}}', other: '{}' },
  { row: 'an empty body or null', one: '', other: 'null' },
  { row: 'an empty body or an empty string', one: '', other: '""' },
  { row: 'text: whitespace counts', one: 'a b', other: 'a  b' },
  { row: 'JSON with text behind: whitespace counts', one: '{"a":1} x', other: '{ "a":1} x' },
  { row: 'text: a byte order mark counts', one: '\ufeff{"a":1}', other: '{"a":1}' },
  { row: 'forms: order counts, as they are not JSON', one: 'a=1&b=2', other: 'b=2&a=1' },
  {
    row: '201 levels: whitespace counts',
    one: `${'['.repeat(201)}${']'.repeat(201)}`,
    other: `${'['.repeat(201)} ${']'.repeat(201)}`,
  },
]

describe.each(eventSources)('the fingerprint of a $source event', ({ build }) => {
  it.each(sameBodies)('is the same for $row', ({ one, other }) => {
    expectSame(build({ key: 'k1', body: one }), build({ key: 'k1', body: other }))
    expect(tagOf(build({ key: 'k1', body: one }))).toBe('json')
  })

  it.each(otherBodies)('is another for $row', ({ one, other }) => {
    expectReused(build({ key: 'k1', body: one }), build({ key: 'k1', body: other }))
  })

  it.each([...sameBodies, ...otherBodies])('does not tell plain from base64 ($row)', ({ one, other }) => {
    for (const body of [one, other]) {
      expectSame(build({ key: 'k1', body }), build({ key: 'k1', body, base64: true }))
    }
  })

  it.each([
    { what: 'another path', change: { path: '/refunds' } },
    { what: 'a path in another case', change: { path: '/Payments' } },
    { what: 'a path with a slash more', change: { path: '/payments/' } },
    { what: 'another method', change: { method: 'PATCH' } },
    { what: 'a query', change: { query: 'a=1' } },
    { what: 'no body', change: { body: null } },
  ])('is another for $what', ({ change }) => {
    expectReused(build({ key: 'k1' }), build({ key: 'k1', ...change }))
  })

  it('compares path values, not the route template', () => {
    expectReused(
      build({ key: 'k1', path: '/orders/1/capture' }),
      build({ key: 'k1', path: '/orders/2/capture' }),
    )
  })

  it.each([
    { what: 'order of parameters', one: 'a=1&b=2', other: 'b=2&a=1' },
    { what: 'order of parameters around a repeated one', one: 'a=1&a=2&b=3', other: 'b=3&a=1&a=2' },
    { what: 'how a space is written', one: 'a=x%20y', other: 'a=x+y' },
    { what: 'how a letter is written', one: 'a=%61', other: 'a=a' },
    { what: 'whether an empty value has its sign', one: 'a', other: 'a=' },
  ])('does not depend on $what in the query', ({ one, other }) => {
    expectSame(build({ key: 'k1', query: one }), build({ key: 'k1', query: other }))
  })

  it.each([
    { what: 'a value', one: 'a=1', other: 'a=2' },
    { what: 'a name', one: 'a=1', other: 'b=1' },
    { what: 'a parameter more', one: 'a=1', other: 'a=1&b=' },
    { what: 'which name has which value', one: 'a=1&b=2', other: 'a=2&b=1' },
    { what: 'an encoded sign', one: 'a=1%26b=2', other: 'a=1&b=2' },
    { what: 'an encoded percent sign', one: 'a=%2541', other: 'a=%41' },
  ])('depends on $what in the query', ({ one, other }) => {
    expectReused(build({ key: 'k1', query: one }), build({ key: 'k1', query: other }))
  })

  it.each(['a=%', 'a=%zz', '%=1', 'a=%ff', '=', '&&', 'a=%00', '__proto__=1', 'constructor=1'])(
    'is stable for an odd query: %s',
    (query) => {
      expectSame(build({ key: 'k1', query }), build({ key: 'k1', query }))
    },
  )

  it('does not depend on headers, host, cookies or trace ids', () => {
    const headers = {
      Host: 'other.example',
      Cookie: 'session=2',
      'Content-Type': 'text/plain',
      'User-Agent': 'other/2.0',
      'X-Amzn-Trace-Id': 'Root=1-2-3',
      Authorization: 'Bearer other',
    }
    expectSame(build({ key: 'k1' }), build({ key: 'k1', headers }))
  })

  it('is the same for an empty body and none', () => {
    expectSame(build({ key: 'k1', body: '' }), build({ key: 'k1', body: null }))
    expectSame(build({ key: 'k1', body: '' }), build({ key: 'k1', body: '', base64: true }))
  })

  it('compares bytes that are no UTF-8 one by one', () => {
    const png = (last: number): Uint8Array => Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0xff, last)
    expectSame(build({ key: 'k1', body: png(0xfe) }), build({ key: 'k1', body: png(0xfe) }))
    // As text, both end in U+FFFD.
    expectReused(build({ key: 'k1', body: png(0xfe) }), build({ key: 'k1', body: png(0xfd) }))
    expectReused(
      build({ key: 'k1', body: png(0xfe) }),
      build({ key: 'k1', body: Buffer.from(png(0xfe)).toString() }),
    )
    expect(tagOf(build({ key: 'k1', body: png(0xfe) }))).toBe('bytes')
  })

  it('compares the order of repeated parameters, where the source shows them', () => {
    const [one, other] = [build({ key: 'k1', query: 'a=1&a=2' }), build({ key: 'k1', query: 'a=2&a=1' })]
    expectReused(one, other)
  })

  it('does not change with an event that the handler changes afterwards', () => {
    const event = build({ key: 'k1' })
    const before = structuredClone(accepted(event))
    const request = requestOf(event)
    event.body = '{"amount":999}'
    event.headers = {}
    expect(request).toMatchObject(before)
  })
})

describe('the fingerprint says how the body was compared', () => {
  it.each([
    { body: '{"a":1}', tag: 'json' },
    { body: '[]', tag: 'json' },
    { body: 'null', tag: 'json' },
    { body: '', tag: 'bytes' },
    { body: 'a=1', tag: 'bytes' },
    { body: '{"a":1', tag: 'bytes' },
    { body: '{"a":01}', tag: 'bytes' },
    { body: '{"a":9007199254740993}', tag: 'bytes' },
    { body: '{"a":1,"a":1}', tag: 'bytes' },
    { body: '{"a":"\\udc00"}', tag: 'bytes' },
    { body: `${'['.repeat(200)}${']'.repeat(200)}`, tag: 'json' },
    { body: `${'['.repeat(201)}${']'.repeat(201)}`, tag: 'bytes' },
    { body: `${'{"a":'.repeat(201)}1${'}'.repeat(201)}`, tag: 'bytes' },
  ])('$tag', ({ body, tag }) => {
    expect(tagOf(httpApiEvent({ key: 'k1', body }))).toBe(tag)
    expect(accepted(httpApiEvent({ key: 'k1', body })).fingerprint).toMatch(/^(json|bytes):[\w-]{43}$/)
  })
})

describe('one request through two kinds of API', () => {
  it.each(['', 'b=2&a=x%20y&a=%C3%A9&c'])('has one fingerprint: query %j', (query) => {
    const [first, ...rest] = eventSources
      .filter(({ build }) => build !== albEvent)
      .map(({ build }) => accepted(build({ key: 'k1', query })).fingerprint)
    expect(rest).toEqual(rest.map(() => first))
  })
})

describe('a load balancer that decodes nothing', () => {
  it.each([albEvent, albMultiEvent])('is read like a gateway that does (%o)', (build) => {
    const query = 'a%20b=%C3%A9+x&c=100%25'
    expect(readAll(build({ key: 'k1', query })).query).toEqual([
      ['a b', 'é x'],
      ['c', '100%'],
    ])
    expect(accepted(build({ key: 'k1', query })).fingerprint).toBe(
      accepted(restEvent({ key: 'k1', query })).fingerprint,
    )
  })
})

describe('a query that is no UTF-8', () => {
  it.each([albEvent, albMultiEvent])('is compared as it came, where it is handed on (%o)', (build) => {
    expectReused(build({ key: 'k1', query: 'a=%zz' }), build({ key: 'k1', query: 'a=%yy' }))
  })

  it.each([httpApiEvent, functionUrlEvent])('is compared as it came, where it comes raw (%o)', (build) => {
    const one = { ...build({ key: 'k1' }), rawQueryString: 'name=caf%E9&b=1' }
    expectReused(one, { ...one, rawQueryString: 'name=caf%E8&b=1' })
    expectSame(one, { ...one, rawQueryString: 'b=1&name=caf%E9' })
  })

  it.each([
    ['a value', 'q=%FF', 'q=%25FF'],
    ['a name', '%FF=1', '%25FF=1'],
    ['a character that stands for one that is unknown', 'q=%FF', 'q=%EF%BF%BD'],
    ['an escape that is none', 'q=%zz', 'q=%25zz'],
    ['a sign without an escape', 'q=100%', 'q=100%25'],
    ['a plus sign and a space', 'q=a+b', 'q=a%2Bb'],
  ])('is compared by its bytes: %s', (_what, one, other) => {
    for (const build of [httpApiEvent, functionUrlEvent, albEvent, albMultiEvent]) {
      expectReused(build({ key: 'k1', query: one }), build({ key: 'k1', query: other }))
    }
  })
})

describe('a body that other middleware has parsed', () => {
  const event = httpApiEvent({ key: 'k1', body: '{"b":[1,{"d":"x","c":null}],"a":true}' })

  it.each([false, true])('is compared as the text was (base64: %s)', (isBase64Encoded) => {
    const parsed = { a: true, b: [1, { c: null, d: 'x' }] }
    expectSame(event, { ...event, body: parsed, isBase64Encoded })
    expectReused(event, { ...event, body: { ...parsed, a: false }, isBase64Encoded })
  })

  it.each([{ body: null }, { body: 5 }, { body: false }, { body: [] }, { body: Object.create(null) }])(
    'may be any JSON value: $body',
    ({ body }) => {
      expectSame({ ...event, body }, { ...event, body })
    },
  )

  it('may be text that is flagged as base64 and is none', () => {
    expectReused(
      { ...event, body: 'a-b', isBase64Encoded: true },
      { ...event, body: 'a_b', isBase64Encoded: true },
    )
    expectSame(
      { ...event, body: 'a-b', isBase64Encoded: true },
      { ...event, body: 'a-b', isBase64Encoded: false },
    )
  })

  it.each([
    { what: 'a Map', body: new Map() },
    { what: 'a Set within', body: { a: new Set([1]) } },
    { what: 'a big integer', body: { a: 1n } },
    { what: 'a function', body: { a: () => 1 } },
    { what: 'infinity', body: { a: Number.POSITIVE_INFINITY } },
    { what: 'a symbol', body: [Symbol.iterator] },
  ])('is refused if JSON cannot say all of it: $what', ({ body }) => {
    expect(refused({ ...event, body }).error.message).toContain('not JSON')
    expect(accepted({ ...event, body }, { fingerprint: () => 'own' }).key).toBe('k1')
  })

  it('is refused if it runs in a circle', () => {
    const body: Record<string, unknown> = {}
    body.self = body
    expect(refused({ ...event, body }).error.code).toBe('identity-unknown')
  })
})

describe('the option fingerprint as a function', () => {
  it('is all that is compared', () => {
    const fingerprint = (event: { body: string }): unknown => JSON.parse(event.body).order
    const one = httpApiEvent({ key: 'k1', body: '{"order":{"id":1,"n":2},"at":1}' })
    const other = httpApiEvent({ key: 'k1', path: '/v2/payments', body: '{"at":2,"order":{"n":2,"id":1}}' })
    expectSame(one, other, { fingerprint })
    expectReused(one, httpApiEvent({ key: 'k1', body: '{"order":{"id":2,"n":2},"at":1}' }), { fingerprint })
    expect(tagOf(one, { fingerprint })).toBe('custom')
  })

  it.each([
    { value: 'text' },
    { value: '' },
    { value: 0 },
    { value: null },
    { value: [] },
    { value: { a: [1] } },
  ])('may give any JSON value: $value', ({ value }) => {
    expect(tagOf(httpApiEvent({ key: 'k1' }), { fingerprint: () => value })).toBe('custom')
  })

  it('may give what says itself what it is in JSON, such as a date', () => {
    const event = httpApiEvent({ key: 'k1' })
    const [one, other, text] = [new Date(0), new Date(1), new Date(0).toJSON()].map(
      (at) => accepted(event, { fingerprint: () => ({ at }) }).fingerprint,
    )
    expect(one).not.toBe(other)
    expect(one).toBe(text)
  })

  it('does not take a text for the value that it looks like', () => {
    const event = httpApiEvent({ key: 'k1' })
    const [text, value] = ['{"a":1}', { a: 1 }].map(
      (given) => accepted(event, { fingerprint: () => given }).fingerprint,
    )
    expect(text).not.toBe(value)
  })

  it.each([
    { value: undefined },
    { value: Number.NaN },
    { value: { toJSON: () => new Map([[1, 2]]) } },
    { value: Promise.resolve('x') },
    { value: new Map([[1, 2]]) },
    { value: 1n },
  ])('is refused if it gives $value: two requests could look alike', ({ value }) => {
    const { error, echo } = refused(httpApiEvent({ key: 'k1' }), { fingerprint: () => value })
    expect(error).toMatchObject({ name: 'KeyInvalidError', cause: expect.any(TypeError) })
    expect(echo).toBe('k1')
  })

  it('is refused with the cause if it throws', () => {
    const cause = new Error('no order')
    const fingerprint = (): unknown => {
      throw cause
    }
    expect(refused(httpApiEvent({ key: 'k1' }), { fingerprint }).error).toMatchObject({ cause })
  })
})

describe('the option fingerprint: false', () => {
  it('compares nothing', () => {
    const options = { fingerprint: false } as const
    expectSame(httpApiEvent({ key: 'k1' }), httpApiEvent({ key: 'k1', path: '/other', body: 'x' }), options)
    expect(accepted(httpApiEvent({ key: 'k1' }), options).fingerprint).toBe('none')
  })
})

describe('the option fingerprint as a list of JSON pointers', () => {
  const rows = [
    { pointers: ['/at'], one: '{"a":1,"at":1}', other: '{"at":2,"a":1}', what: 'a member' },
    { pointers: ['/at'], one: '{"a":1,"at":1}', other: '{"a":1}', what: 'a member that may be absent' },
    {
      pointers: ['/a/b'],
      one: '{"a":{"b":1,"c":2}}',
      other: '{"a":{"b":{"x":[]},"c":2}}',
      what: 'a nested member',
    },
    { pointers: ['/a/1'], one: '{"a":[1,2,3]}', other: '{"a":[1,9,3]}', what: 'an element' },
    { pointers: ['/a/0', '/a/1'], one: '[{}]', other: '[{}]', what: 'nothing of a list at the top' },
    { pointers: ['/a/0', '/a/1'], one: '{"a":[1,2,3]}', other: '{"a":[8,9,3]}', what: 'two elements' },
    {
      pointers: ['/a/0/t'],
      one: '{"a":[{"t":1,"x":1}]}',
      other: '{"a":[{"t":2,"x":1}]}',
      what: 'a member of an element',
    },
    {
      pointers: ['/a~1b', '/c~0d'],
      one: '{"a/b":1,"c~d":1}',
      other: '{"a/b":2,"c~d":2}',
      what: 'escaped names (RFC 6901 §4)',
    },
    { pointers: ['/~01'], one: '{"~1":1}', other: '{"~1":2}', what: 'a twice escaped name (RFC 6901 §4)' },
    { pointers: ['/'], one: '{"":1,"a":1}', other: '{"":2,"a":1}', what: 'the empty name' },
    {
      pointers: ['/__proto__'],
      one: '{"__proto__":1,"a":1}',
      other: '{"__proto__":2,"a":1}',
      what: '__proto__ as a member',
    },
    {
      pointers: ['/at'],
      one: '{"a":1,"at":1700000000123456789}',
      other: '{"a":1,"at":1700000000987654321}',
      what: 'a number that a double does not hold',
    },
  ]
  it.each(rows)('leaves out $what', ({ pointers, one, other }) => {
    const options = { fingerprint: pointers }
    expectSame(httpApiEvent({ key: 'k1', body: one }), httpApiEvent({ key: 'k1', body: other }), options)
    expectSame(
      httpApiEvent({ key: 'k1', body: one }),
      { ...httpApiEvent({ key: 'k1' }), body: JSON.parse(one) },
      options,
    )
  })

  it.each([
    { pointers: ['/at'], one: '{"a":1,"at":1}', other: '{"a":2,"at":1}', what: 'what is not named' },
    {
      pointers: ['/at'],
      one: '{"a":{"at":1}}',
      other: '{"a":{"at":2}}',
      what: 'a member of that name elsewhere',
    },
    { pointers: ['/a/0'], one: '{"a":[1,2]}', other: '{"a":[2]}', what: 'the place of other elements' },
    {
      pointers: ['/a/length', '/a/01', '/a/-'],
      one: '{"a":[1,2]}',
      other: '{"a":[1]}',
      what: 'what is no element',
    },
    { pointers: ['/a/b/c'], one: '{"a":"x"}', other: '{"a":"y"}', what: 'a value on the way' },
    {
      pointers: ['/constructor/name', '/__proto__/toString'],
      one: '{"a":1}',
      other: '{"a":2}',
      what: "a prototype's",
    },
    {
      pointers: ['/at'],
      one: '{"a":9007199254740993,"at":1}',
      other: '{"a":9007199254740992,"at":1}',
      what: 'an unsafe number that stays',
    },
    {
      pointers: ['/at'],
      one: '{"a":1,"a":2,"at":1}',
      other: '{"a":2,"at":1}',
      what: 'a repeated name that stays',
    },
    { pointers: ['/at'], one: 'at=1', other: 'at=2', what: 'a body that is not JSON' },
  ])('goes on comparing $what', ({ pointers, one, other }) => {
    expectReused(httpApiEvent({ key: 'k1', body: one }), httpApiEvent({ key: 'k1', body: other }), {
      fingerprint: pointers,
    })
  })

  it('goes on comparing method, path and query', () => {
    for (const change of [{ method: 'PATCH' }, { path: '/other' }, { query: 'a=1' }]) {
      expectReused(httpApiEvent({ key: 'k1' }), httpApiEvent({ key: 'k1', ...change }), {
        fingerprint: ['/at'],
      })
    }
  })

  it('leaves the event and every prototype as they are', () => {
    const body = { a: { at: 1 }, list: [1, 2] }
    const event = { ...httpApiEvent({ key: 'k1' }), body }
    accepted(event, {
      fingerprint: ['/a/at', '/list/0', '/__proto__/toString', '/constructor/prototype/toString'],
    })
    expect(body).toEqual({ a: { at: 1 }, list: [1, 2] })
    expect(typeof Object.prototype.toString).toBe('function')
  })
})
