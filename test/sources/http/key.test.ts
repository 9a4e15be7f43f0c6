import { albEvent, httpApiEvent, restEvent } from 'oncekey/testing'
import { describe, expect, it } from 'vitest'
import { eventSources } from '../../../packages/oncekey/src/testing/http-events.ts'
import { accepted, expectSame, read, refused } from './identified.ts'

const UUID = '8e03978e-40d5-43e8-bc93-6894a57f9324'
const LONGEST = 'k'.repeat(255)
const quote = (key: string): string => `"${key.replace(/["\\]/g, '\\$&')}"`

/** A header's value, and the key that it names. */
const wellFormed = [
  { row: 'bare', value: 'k1', key: 'k1' },
  { row: 'quoted', value: `"${UUID}"`, key: UUID },
  { row: 'bare UUID', value: UUID, key: UUID },
  { row: 'parameters are ignored', value: '"abc";v=1', key: 'abc' },
  { row: 'RFC 9651 §3.1.2: a parameter without value', value: '"abc";a', key: 'abc' },
  { row: 'RFC 9651 §3.1.2: spaces after the semicolon', value: '"abc";  a=1;b=?0', key: 'abc' },
  {
    row: 'RFC 9651 §3.3: every type of parameter',
    value: '"abc";i=-15;d=1.5;s="x;\\"y";t=tok/en:*;b=:aGk=:;q=?1;a=@1659578233;u=%"f%c3%bc";*k.x-_=1',
    key: 'abc',
  },
  { row: 'RFC 9651 §3.3.3: escaped quote', value: '"a\\"b"', key: 'a"b' },
  { row: 'RFC 9651 §3.3.3: escaped backslash', value: '"a\\\\b"', key: 'a\\b' },
  { row: 'spaces only when quoted', value: '"a b"', key: 'a b' },
  { row: 'RFC 9651 §3.3.3: a comma within quotes', value: '"k1,k2"', key: 'k1,k2' },
  { row: 'RFC 9651 §3.3.3: a semicolon within quotes', value: '"a;b=1"', key: 'a;b=1' },
  { row: 'RFC 9110 §5.6.3: whitespace around the value', value: ' \t"abc" \t', key: 'abc' },
  { row: 'RFC 9110 §5.6.3: whitespace around a bare value', value: ' abc\t', key: 'abc' },
  {
    row: 'any visible character may be bare',
    value: "!#$%&'()*+-./:;<=>?@[\\]^_`{|}~",
    key: "!#$%&'()*+-./:;<=>?@[\\]^_`{|}~",
  },
  { row: 'case-sensitive', value: 'ABC', key: 'ABC' },
  { row: '255 characters', value: LONGEST, key: LONGEST },
  { row: '255 characters, quoted', value: quote(LONGEST), key: LONGEST },
  { row: 'a key of 255 quotes', value: quote('"'.repeat(255)), key: '"'.repeat(255) },
]

const malformed = [
  { row: 'empty string', value: '""' },
  { row: 'empty value', value: '' },
  { row: 'RFC 9110 §5.6.3: nothing but whitespace', value: ' \t ' },
  { row: 'a quoted key without a visible character', value: '"   "' },
  { row: 'comma in a bare value', value: 'k1,k2' },
  { row: 'comma in a bare value, equal', value: 'k1,k1' },
  { row: 'two quoted values joined', value: '"k1","k2"' },
  { row: 'two equal quoted values joined', value: '"k1", "k1"' },
  { row: 'quoted and bare joined', value: '"k1",k1' },
  { row: 'bare and quoted joined', value: 'k1,"k1"' },
  { row: 'non-ASCII, quoted', value: '"é1"' },
  { row: 'non-ASCII, bare', value: 'é1' },
  { row: 'emoji', value: '🔑' },
  { row: 'a no-break space is not whitespace', value: 'abc\u00a0' },
  { row: 'control character, bare', value: 'a\u0001b' },
  { row: 'tab within', value: 'a\tb' },
  { row: 'control character, quoted', value: '"a\u0000b"' },
  { row: 'tab, quoted', value: '"a\tb"' },
  { row: 'line feed', value: '"abc"\n' },
  { row: 'DEL', value: 'a\u007f' },
  { row: 'DEL, quoted', value: '"a\u007f"' },
  { row: 'unbalanced quote, open', value: '"abc' },
  { row: 'unbalanced quote, close', value: 'abc"' },
  { row: 'unbalanced quote, alone', value: '"' },
  { row: 'quote within a bare value', value: 'a"b"c' },
  { row: 'the closing quote is escaped', value: '"abc\\"' },
  { row: 'unknown escape', value: '"a\\nb"' },
  { row: 'space in a bare value', value: 'a b' },
  { row: 'RFC 9651 §4.2.3: text after the string', value: '"abc"def' },
  { row: 'RFC 9651 §4.2.3: space before the semicolon', value: '"abc" ;v=1' },
  { row: 'RFC 9651 §4.2.3.2: a parameter without name', value: '"abc";' },
  { row: 'RFC 9651 §4.2.3.3: an upper-case name', value: '"abc";V=1' },
  { row: 'RFC 9651 §4.2.3.2: a parameter without value after =', value: '"abc";v=' },
  { row: 'RFC 9651 §4.2.3.2: a space around =', value: '"abc";v = 1' },
  { row: 'RFC 9651 §4.2.4: a number of 16 digits', value: '"abc";v=1234567890123456' },
  { row: 'RFC 9651 §4.2.5: an unclosed string in a parameter', value: '"abc";v="x' },
  { row: 'RFC 9651 §4.2.8: a boolean that is none', value: '"abc";v=?2' },
  { row: '255 bare quotes', value: '"'.repeat(255) },
]

describe.each(eventSources)('the key of a $source event', ({ build }) => {
  it.each(wellFormed)('is read ($row)', ({ value, key }) => {
    expect(accepted(build({ key: value })).key).toBe(key)
  })

  it.each(malformed)('is refused as malformed ($row)', ({ value }) => {
    const { error, echo } = refused(build({ key: value }))
    expect(error).toMatchObject({ name: 'KeyInvalidError', code: 'key-invalid', retryable: false })
    expect(echo).toBeUndefined()
  })

  it.each([
    { row: 'bare', value: 'k'.repeat(256) },
    { row: 'quoted', value: quote('k'.repeat(256)) },
    { row: 'counted after unquoting', value: quote('"'.repeat(256)) },
    { row: 'as long as a header can be', value: 'k'.repeat(10_000) },
    { row: 'as long as a header can be, quoted', value: quote('"'.repeat(10_000)) },
  ])('is refused with the limit if it is too long ($row)', ({ value }) => {
    const { error } = refused(build({ key: value }))
    expect(error).toMatchObject({ name: 'KeyInvalidError', message: expect.stringContaining('at most 255') })
    expect(error.message.length).toBeLessThan(200)
  })

  it.each(['Idempotency-Key', 'idempotency-key', 'IDEMPOTENCY-KEY', 'iDeMpOtEnCy-KeY'])(
    'is found under %s (any case)',
    (name) => {
      expectSame(build({ key: 'k1' }), build({ headers: { [name]: '"k1"' } }))
    },
  )

  it('is missing if no header names it', () => {
    const { error, echo } = refused(build())
    expect(error).toMatchObject({ name: 'KeyMissingError', code: 'key-missing' })
    expect(error.message).toContain('Idempotency-Key')
    expect(echo).toBeUndefined()
  })

  it('is quoted or bare one identity', () => {
    expectSame(build({ key: `"${UUID}"` }), build({ key: UUID }))
  })

  it('is another one in another case', () => {
    expect(accepted(build({ key: 'K1' })).id).not.toBe(accepted(build({ key: 'k1' })).id)
  })
})

describe('a key that came twice', () => {
  const sourcesThatShow = eventSources.filter(({ build }) => build !== albEvent)

  describe.each(sourcesThatShow)('to $source', ({ build }) => {
    it.each([
      { what: 'different', lines: ['k1', 'k2'] },
      { what: 'equal', lines: ['k1', 'k1'] },
      { what: 'quoted', lines: ['"k1"', '"k2"'] },
      { what: 'equal once unquoted', lines: ['"k1"', 'k1'] },
      { what: 'empty and full', lines: ['', 'k1'] },
      { what: 'full and empty', lines: ['k1', ''] },
    ])('is refused: $what (two values)', ({ lines }) => {
      expect(refused(build({ headers: { 'Idempotency-Key': lines } })).error.code).toBe('key-invalid')
    })
  })

  const single = restEvent({ key: 'k1' })
  const contradictions = [
    { what: 'two spellings', headers: { 'Idempotency-Key': 'k1', 'idempotency-key': 'k1' } },
    { what: 'two spellings that differ', headers: { 'Idempotency-Key': 'k1', 'idempotency-key': 'k2' } },
    {
      what: 'one more spelling than multiValueHeaders has',
      headers: { 'Idempotency-Key': 'k1', 'idempotency-key': 'k1' },
      multiValueHeaders: { 'Idempotency-Key': ['k1'] },
    },
    {
      what: 'one more spelling than headers has',
      headers: { 'Idempotency-Key': 'k1' },
      multiValueHeaders: { 'Idempotency-Key': ['k1'], 'idempotency-key': ['k1'] },
    },
    {
      what: 'another value in headers',
      headers: { 'Idempotency-Key': 'k2' },
      multiValueHeaders: { 'Idempotency-Key': ['k1'] },
    },
    { what: 'a list in headers', headers: { 'Idempotency-Key': ['k1', 'k1'] } },
  ]
  it.each(contradictions)('is refused: $what', ({ headers, multiValueHeaders = null }) => {
    expect(refused({ ...single, headers, multiValueHeaders }).error.code).toBe('key-invalid')
  })

  it.each([
    { what: 'only multiValueHeaders', headers: null, multiValueHeaders: { 'idempotency-key': ['k1'] } },
    {
      what: 'both, in two spellings',
      headers: { 'idempotency-key': 'k1' },
      multiValueHeaders: { 'Idempotency-Key': ['k1'] },
    },
    { what: 'only headers', headers: { 'IDEMPOTENCY-KEY': 'k1' }, multiValueHeaders: undefined },
    {
      what: 'an empty list beside',
      headers: { 'Idempotency-Key': 'k1' },
      multiValueHeaders: { 'Idempotency-Key': [] },
    },
  ])('is not what one value in $what is', ({ headers, multiValueHeaders }) => {
    expect(accepted({ ...single, headers, multiValueHeaders }).key).toBe('k1')
  })
})

describe('the message about a malformed key', () => {
  it.each([
    { length: 40, rest: `"é${'k'.repeat(39)}".` },
    { length: 41, rest: `"é${'k'.repeat(39)}"… (41 characters).` },
  ])('shows no more of it than needed: $length characters', ({ length, rest }) => {
    const { message } = refused(httpApiEvent({ key: `é${'k'.repeat(length - 1)}` })).error
    expect(message.endsWith(rest)).toBe(true)
  })
})

describe('the parameters of a key', () => {
  it.each([
    { length: 8192, kind: 'request' },
    { length: 8193, kind: 'refused' },
  ])('have a limit too: a value of $length characters is $kind', ({ length, kind }) => {
    expect(read(httpApiEvent({ key: '"k1";'.padEnd(length, 'a') })).kind).toBe(kind)
  })
})

describe('a header value that no gateway sends', () => {
  const event = httpApiEvent({ key: 'k1' })

  it.each([{ value: 5 }, { value: true }, { value: {} }, { value: [5] }, { value: { length: 1, 0: 'k1' } }])(
    'is malformed, not missing: $value',
    ({ value }) => {
      const reading = refused({ ...event, headers: { 'idempotency-key': value } }, { required: false })
      expect(reading.error.code).toBe('key-invalid')
    },
  )

  it.each([{ value: null }, { value: undefined }, { value: [] }])('is missing: $value', ({ value }) => {
    expect(refused({ ...event, headers: { 'idempotency-key': value } }).error.code).toBe('key-missing')
  })
})

describe('the option syntax: strict', () => {
  it('accepts the quoted form', () => {
    expect(accepted(httpApiEvent({ key: '"k1";v=1' }), { syntax: 'strict' }).key).toBe('k1')
  })

  it.each(['k1', UUID, '', '?1', ':aGk=:', '42'])('refuses anything else: %j', (key) => {
    expect(refused(httpApiEvent({ key }), { syntax: 'strict' }).error.code).toBe('key-invalid')
  })
})

describe('the options minLength and pattern', () => {
  it.each([
    { what: 'minLength', options: { minLength: 16 }, good: 'k'.repeat(16), bad: 'k'.repeat(15) },
    { what: 'pattern', options: { pattern: /^[a-f\d-]{36}$/ }, good: UUID, bad: 'order-1' },
    { what: 'a pattern with state', options: { pattern: /^k\d$/g }, good: 'k1', bad: 'k' },
  ])('hold for the unquoted key: $what', ({ options, good, bad }) => {
    for (const repeat of [1, 2, 3]) {
      expect(accepted(httpApiEvent({ key: `"${good}"` }), options).key, `reading ${repeat}`).toBe(good)
      expect(accepted(httpApiEvent({ key: good }), options).key, `reading ${repeat}`).toBe(good)
    }
    expect(refused(httpApiEvent({ key: bad }), options).error.code).toBe('key-invalid')
    expect(refused(httpApiEvent({ key: `"${bad}"` }), options).error.code).toBe('key-invalid')
  })

  it('say what was expected', () => {
    expect(refused(httpApiEvent({ key: 'short' }), { minLength: 16 }).error.message).toContain('16')
    expect(refused(httpApiEvent({ key: 'short' }), { pattern: /^k\d+$/ }).error.message).toContain(
      '/^k\\d+$/',
    )
  })
})

describe('the option header', () => {
  it('names another header, in any case', () => {
    const options = { header: 'X-Request-Key' }
    expect(accepted(restEvent({ headers: { 'x-request-KEY': 'k1' } }), options).key).toBe('k1')
    expect(refused(restEvent({ key: 'k1' }), options).error.code).toBe('key-missing')
  })

  const options = { header: ['Idempotency-Key', 'X-Idempotency-Key'] }
  it.each([
    { what: 'the first', headers: { 'Idempotency-Key': 'k1' } },
    { what: 'the second', headers: { 'X-Idempotency-Key': '"k1"' } },
    { what: 'both, where they agree', headers: { 'Idempotency-Key': 'k1', 'X-Idempotency-Key': '"k1"' } },
  ])('may list aliases: $what names the key', ({ headers }) => {
    expect(accepted(restEvent({ headers }), options).key).toBe('k1')
  })

  it.each([
    { what: 'they disagree', headers: { 'Idempotency-Key': 'k1', 'X-Idempotency-Key': 'k2' } },
    { what: 'one is malformed', headers: { 'Idempotency-Key': 'k1', 'X-Idempotency-Key': '' } },
    { what: 'one came twice', headers: { 'X-Idempotency-Key': ['k1', 'k1'] } },
  ])('refuses aliases if $what', ({ headers }) => {
    expect(refused(restEvent({ headers }), options).error.code).toBe('key-invalid')
  })

  it('names every alias when all are missing', () => {
    expect(refused(restEvent(), options).error.message).toContain('Idempotency-Key or X-Idempotency-Key')
  })
})

describe('a key from a function', () => {
  it('is used in place of the header, as it is (webhooks)', () => {
    const event = httpApiEvent({ key: 'from-header', body: '{"id":"evt_1"}' })
    const key = (webhook: typeof event): string => JSON.parse(webhook.body ?? '').id
    expect(accepted(event, { key }).key).toBe('evt_1')
    expect(accepted(event, { key: () => '"evt,1"' }).key).toBe('"evt,1"')
    expect(accepted(event, { key: () => 'k'.repeat(255) }).key).toHaveLength(255)
  })

  it('is missing if the function finds none', () => {
    const found: string | undefined = JSON.parse('null')
    expect(refused(httpApiEvent({ key: 'k1' }), { key: () => found }).error.code).toBe('key-missing')
    expect(refused(httpApiEvent(), { key: () => undefined }).error.message).not.toContain('Header')
    expect(refused(httpApiEvent({ key: 'k1' }), { key: () => undefined }).error.code).toBe('key-missing')
    expect(read(httpApiEvent(), { key: () => undefined, required: false })).toEqual({
      kind: 'unprotected',
      outcome: 'missing',
    })
  })

  it.each([
    { what: 'empty', key: '' },
    { what: 'blank', key: '  ' },
    { what: 'too long', key: 'k'.repeat(256) },
    { what: 'not ASCII', key: 'é' },
    { what: 'a control character', key: 'a\nb' },
  ])('obeys the same limits: $what', ({ key }) => {
    expect(refused(httpApiEvent(), { key: () => key }).error.code).toBe('key-invalid')
  })

  it.each([5, {}, ['k1'], Promise.resolve('k1')])('must be a string: %o', (value) => {
    const key: (event: unknown) => string = JSON.parse('null') ?? (() => value)
    expect(refused(httpApiEvent(), { key }).error.message).toContain('expected a string')
  })

  it('is refused with the cause if the function throws', () => {
    const cause = new SyntaxError('no JSON')
    const key = (): string => {
      throw cause
    }
    expect(refused(httpApiEvent(), { key }).error).toMatchObject({ code: 'key-invalid', cause })
  })

  it('obeys minLength and pattern', () => {
    const key = (): string => 'evt'
    expect(refused(httpApiEvent(), { key, minLength: 4 }).error.code).toBe('key-invalid')
    expect(refused(httpApiEvent(), { key, pattern: /^whk_/ }).error.code).toBe('key-invalid')
  })
})
