import { describe, expect, test } from 'vitest'
import { canonicalText, canonicalValue } from '../../packages/oncekey/src/protocol/canonical.ts'

describe('the canonical form of a text', () => {
  test.each([
    ['{"b":1.0,"a":[ 1e2 ]}', '{"a":[100],"b":1}'],
    ['""', '""'],
    ['null', 'null'],
    [`${'['.repeat(200)}${']'.repeat(200)}`, `${'['.repeat(200)}${']'.repeat(200)}`],
  ])('of %s is %s', (text, canonical) => {
    expect(canonicalText(text, [])).toBe(canonical)
  })

  test.each([
    '',
    'text',
    '{"a":1,"a":1}',
    '"\\ud800"',
    '9007199254740993',
    '1e400',
    `${'['.repeat(201)}${']'.repeat(201)}`,
  ])('is none for %s', (text) => {
    expect(canonicalText(text, [])).toBeUndefined()
    expect(canonicalText(text, ['/at'])).toBeUndefined()
  })

  test('is without what is left out, be it a number that a double does not hold', () => {
    expect(canonicalText('{"a":1,"at":9007199254740993}', ['/at'])).toBe('{"a":1}')
    expect(canonicalText('{"a":1,"at":1}', ['/at', '/b'])).toBe('{"a":1}')
  })

  test('is none if a number stays that a double does not hold', () => {
    expect(canonicalText('{"a":9007199254740993,"at":1}', ['/at'])).toBeUndefined()
    expect(canonicalText('{"a":[1,9007199254740993],"at":9007199254740993}', ['/at'])).toBeUndefined()
  })

  test('keeps what stands beside a number that is left out, and texts that look like one', () => {
    const text = '{"a":1.50,"b":"9007199254740993","c":[null,true,{}],"at":9007199254740993}'
    expect(canonicalText(text, ['/at'])).toBe('{"a":1.5,"b":"9007199254740993","c":[null,true,{}]}')
  })
})

describe('the canonical form of a value', () => {
  test.each<[string, unknown, string]>([
    ['members in any order', { b: 1, a: [true, null, 'x'] }, '{"a":[true,null,"x"],"b":1}'],
    ['what is undefined, as JSON has it', { a: undefined, b: 1 }, '{"b":1}'],
    ['a member that is called like a method', { toJSON: 1 }, '{"toJSON":1}'],
    ['what says itself what it is', { at: new Date(0) }, '{"at":"1970-01-01T00:00:00.000Z"}'],
    ['an object without a prototype', Object.assign(Object.create(null), { a: 1 }), '{"a":1}'],
  ])('has %s', (_, value, canonical) => {
    expect(canonicalValue(value)).toBe(canonical)
  })

  const cycle: unknown[] = []
  cycle.push(cycle)
  test.each<[string, unknown]>([
    ['undefined', undefined],
    ['a Map', { a: new Map() }],
    ['what says that it is a Map', { toJSON: () => new Map() }],
    ['NaN', [Number.NaN]],
    ['a function', [() => 1]],
    ['a big integer', 1n],
    ['a cycle', cycle],
    ['an instance', new (class Payment {})()],
  ])('is none for %s', (_, value) => {
    expect(canonicalValue(value)).toBeUndefined()
  })
})
