import canonicalize from 'canonicalize'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonicalValue } from '../../packages/oncekey/src/core/canonical-value.ts'
import { spellings } from './spellings.ts'

const nestedIn = (innermost: unknown): unknown => {
  let value = innermost
  for (let depth = 0; depth < 20_000; depth++) value = depth % 2 === 0 ? [value] : { a: value }
  return value
}

const shared = { a: 1 }
const list: unknown[] = []
list.push([list])
const object: Record<string, unknown> = {}
object.self = object
const wrapper = { toJSON: () => [wrapper] }

describe('the canonical form of a value', () => {
  test('is that of its text', () => {
    fc.assert(
      fc.property(spellings(), ({ value }) => {
        expect(canonicalValue(value)).toBe(canonicalize(value))
      }),
      { numRuns: 1_000 },
    )
  })

  test.each<[string, unknown, string]>([
    ['members in any order', { b: 1, a: [true, null, 'x'] }, '{"a":[true,null,"x"],"b":1}'],
    ['no members that are undefined', { a: undefined, b: 1, c: { toJSON: () => undefined } }, '{"b":1}'],
    [
      'null for elements that are undefined',
      Object.assign(new Array(3), { 1: undefined, 2: 1 }),
      '[null,null,1]',
    ],
    ['a member that is called like a method', { toJSON: 1 }, '{"toJSON":1}'],
    ['what toJSON returns', { at: new Date(0) }, '{"at":"1970-01-01T00:00:00.000Z"}'],
    ['an object without a prototype', Object.assign(Object.create(null), { a: 1 }), '{"a":1}'],
    ['an object of which there are two', [shared, [shared]], '[{"a":1},[{"a":1}]]'],
    ['a minus zero', -0, '0'],
  ])('has %s', (_, value, canonical) => {
    expect(canonicalValue(value)).toBe(canonical)
  })

  test('has any depth', () => {
    expect(canonicalValue(nestedIn(1))).toBe(`${'{"a":['.repeat(10_000)}1${']}'.repeat(10_000)}`)
  })

  test('does not exist for undefined', () => {
    expect(canonicalValue(undefined)).toBeUndefined()
    expect(canonicalValue({ toJSON: () => undefined })).toBeUndefined()
  })

  test.each<[string, unknown]>([
    ['a Map', new Map()],
    ['what says that it is a Map', { toJSON: () => new Map() }],
    ['what says twice what it is', { toJSON: () => new Date(0) }],
    ['NaN', Number.NaN],
    ['infinity', Number.NEGATIVE_INFINITY],
    ['a function', () => 1],
    ['a symbol', Symbol.iterator],
    ['a big integer', 1n],
    ['a boxed number', Object(1)],
    ['a lone surrogate', '\ud800'],
    ['a lone surrogate in a name', { '\ud800': 1 }],
    ['a list in itself', list],
    ['an object in itself', object],
    ['what says that it is in itself', wrapper],
    ['an instance', new (class Payment {})()],
    [
      'what throws',
      {
        get a() {
          throw new Error('gone')
        },
      },
    ],
  ])('does not exist for %s, however deep', (_, value) => {
    expect(canonicalValue(value)).toBeUndefined()
    expect(canonicalValue(nestedIn([value, 1]))).toBeUndefined()
  })
})
