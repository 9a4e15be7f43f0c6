import canonicalize from 'canonicalize'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { canonicalText, isPointer } from '../../packages/oncekey/src/core/canonical-json.ts'
import { type Spelling, spellings } from './spellings.ts'

const nested = (depth: number): string => `${'['.repeat(depth)}${']'.repeat(depth)}`
const names = Array.from({ length: 40 }, (_, n) => `name${n}`)
const objectOf = (members: readonly string[]): string => `{${members.map((name) => `"${name}":1`).join(',')}}`

describe('the canonical form of a text', () => {
  test.each([
    ['{"b":1.0,"a":[ 1e2 ]}', '{"a":[100],"b":1}'],
    ['{"b":[true,false,null],"a":{}}', '{"a":{},"b":[true,false,null]}'],
    ['""', '""'],
    ['\t\r\n [ ]\t\r\n ', '[]'],
    ['{ }', '{}'],
    ['[1 , 2]', '[1,2]'],
    ['{ "a" : 1 }', '{"a":1}'],
    ['{"a":-0,"b":-1,"c":0,"d":10}', '{"a":0,"b":-1,"c":0,"d":10}'],
    ['{"toJSON":1,"__proto__":{"a":1}}', '{"__proto__":{"a":1},"toJSON":1}'],
    ['{"10":1,"9":2,"":3}', '{"":3,"10":1,"9":2}'],
    // By UTF-16 units; the quotes and escapes around and in names do not count.
    ['{"\\ufb33":1,"\ud83d\ude00":2}', '{"\ud83d\ude00":2,"\ufb33":1}'],
    ['{"a!":1,"a":2," ":3,"\\n":4}', '{"\\n":4," ":3,"a":2,"a!":1}'],
    ['"\\u00e9\\/\\u001F\\b\u2028\u007f"', '"é/\\u001f\\b\u2028\u007f"'],
    // One half as it is, the other as an escape.
    ['"\ud83d\\ude00"', '"\ud83d\ude00"'],
    [objectOf(names.toReversed()), objectOf(names.toSorted())],
  ])('of %s is %s', (text, canonical) => {
    expect(canonicalText(text, [])).toBe(canonical)
  })

  test.each([
    '{ }',
    '[ ]',
    '{ "a":1}',
    '{"a" :1}',
    '{"a": 1}',
    '{"a":1 }',
    '{"a":1 ,"b":2}',
    '{"a":1, "b":2}',
    '[ 1]',
    '[1 ]',
    '[1 ,2]',
    '[1, 2]',
    ' 1',
    '1 ',
  ])('of %j, with whitespace at one place only, has none', (text) => {
    for (const space of [' ', '\t', '\r\n', '   ']) {
      expect(canonicalText(text.replace(' ', space), [])).toBe(text.replace(' ', ''))
    }
  })

  test('has up to 200 levels, of any width', () => {
    expect(canonicalText(nested(200), [])).toBe(nested(200))
    expect(canonicalText(nested(201), [])).toBeUndefined()
    expect(canonicalText(`${'{"a":'.repeat(201)}1${'}'.repeat(201)}`, [])).toBeUndefined()
    for (const part of ['[]', '{}', '[1]', '{"a":1}']) {
      const wide = `[${Array(300).fill(part)}]`
      expect(canonicalText(wide, [])).toBe(wide)
    }
  })

  test.each([
    '',
    'text',
    '\ufeff1',
    '\u00a01',
    '"\\ud800"',
    '"\udc00"',
    '{"\\ud800":1}',
    '{"a":1,"a":1}',
    '{"a":1,"\\u0061":2}',
    '{"a":1,"b":2,"a":3}',
    '[{"__proto__":1,"__proto__":1}]',
    objectOf([...names, 'name0']),
  ])('does not exist for %s', (text) => {
    expect(canonicalText(text, [])).toBeUndefined()
    expect(canonicalText(text, ['/at'])).toBeUndefined()
  })

  test('has the names of the text, even where JSON.parse confuses them', () => {
    // V8 takes the second name for the one that it saw after another "h" (nodejs/node#63785).
    JSON.parse('{"h":[],"\\\\":0}')
    expect(canonicalText('{"h":1,"\\"":2}', [])).toBe('{"\\"":2,"h":1}')
  })

  test('is that of its value, however it is spelled', () => {
    fc.assert(
      fc.property(spellings(), ({ text, value }) => {
        expect(canonicalText(text, [])).toBe(canonicalize(value))
      }),
      { numRuns: 2_000 },
    )
  })

  test('does not change when it is made canonical again', () => {
    fc.assert(
      fc.property(spellings(), ({ text }) => {
        const canonical = String(canonicalText(text, []))
        expect(canonicalText(canonical, [])).toBe(canonical)
      }),
    )
  })

  test('exists for what JSON.parse accepts, and for nothing else', () => {
    // Without repeated names: objects have one member. Within what is omitted, nothing else is refused.
    const edited = fc
      .tuple(
        spellings({ maxMembers: 1 }),
        fc.nat(),
        fc.nat(1),
        fc.constantFrom('', ...' \t\0\u00a0\ufeff,:"\\/[]{}019-+.eEutn'),
      )
      .map(([{ text }, position, removed, inserted]) => {
        const at = position % (text.length + 1)
        return text.slice(0, at) + inserted + text.slice(at + removed)
      })
    fc.assert(
      fc.property(edited, (text) => {
        expect(canonicalText(`[${text}]`, ['/0']) === '[null]').toBe(isJson(text))
      }),
      { numRuns: 10_000 },
    )
  })
})

describe('a number in a text', () => {
  test.each([
    '0',
    '-0',
    '0.0',
    '0e999',
    '0.000000000000000000000000000',
    '123456789012345',
    '9007199254740992',
    '-9007199254740992',
    '0.30000000000000004',
    // Its digits alone would not survive.
    '0.9007199254740993',
    '0.000001',
    '0.0000001',
    '1e21',
    '1E+2',
    '12.50',
    '1.500000000000000000',
    '1000000000000000e6',
    '1010000000000000e6',
    '0.15000000000000000e2',
    '0.00000000000000000001',
    '100000000000000000000e-2',
    '5e-324',
    '1.7976931348623157e308',
    '-1.7976931348623157E+308',
    `1.${'0'.repeat(62)}`,
  ])('is written as JavaScript writes it: %s', (source) => {
    expect(canonicalText(source, [])).toBe(String(Number(source)))
    expect(canonicalText(`[1,${source},2]`, [])).toBe(`[1,${Number(source)},2]`)
  })

  test.each([
    '9007199254740993',
    '-9007199254740993',
    '9007199254740993.0e0',
    '0.1000000000000000001',
    '1.0000000000000000000001',
    '1010000000000000000001',
    '10000000000000001e1',
    '1e400',
    '-1E400',
    '1e+400',
    '1e-400',
    '1E-400',
    '4e-324',
    // Longer than anything that is worth a look.
    `1.${'0'.repeat(63)}`,
  ])('is refused if a double does not hold it: %s', (source) => {
    expect(canonicalText(source, [])).toBeUndefined()
    expect(canonicalText(`{"a":[1,${source}]}`, [])).toBeUndefined()
    expect(canonicalText(`["${source}"]`, [])).toBe(`["${source}"]`)
  })

  test('of too many digits is refused unless they say the same', () => {
    const integers = fc.bigInt({ min: -(10n ** 25n), max: 10n ** 25n })
    fc.assert(
      fc.property(integers, fc.nat(3), (integer, zeros) => {
        const source = String(integer * 10n ** BigInt(zeros))
        // As JavaScript would write the double, not all of the digits that it has.
        const shortest = BigInt(Number(source).toLocaleString('en', { useGrouping: false }))
        expect(canonicalText(source, []) !== undefined).toBe(shortest === BigInt(source))
      }),
      { numRuns: 1_000 },
    )
  })
})

describe('JSON pointers', () => {
  test.each<[string, string, string[], string]>([
    ['a member', '{"a":1,"at":1}', ['/at'], '{"a":1}'],
    ['a nested member', '{"a":{"b":1,"c":2}}', ['/a/b'], '{"a":{"c":2}}'],
    ['a member and what is in it', '{"a":{"b":1},"c":2}', ['/a/b', '/a', '/a/b'], '{"c":2}'],
    ['all members', '{"a":1,"b":1}', ['/b', '/a'], '{}'],
    ['an element, but not its place', '[1, 2 ,3]', ['/1'], '[1,null,3]'],
    ['a member of an element', '{"a":[{"t":1,"x":1}]}', ['/a/0/t'], '{"a":[{"x":1}]}'],
    ['escaped names', '{"a/b":1,"c~d":1,"~1":1}', ['/a~1b', '/c~0d', '/~01'], '{}'],
    ['a name that the text escapes', '{"\\u0061":1,"b":1}', ['/a'], '{"b":1}'],
    ['the empty name', '{"":1,"a":1}', ['/'], '{"a":1}'],
    ['__proto__ as a member', '{"__proto__":1,"a":1}', ['/__proto__'], '{"a":1}'],
    ['nothing that is not there', '{"a":1}', ['/b', '/a/b', '/a/b/c'], '{"a":1}'],
    ['nothing that is no element', '[1,2]', ['/01', '/-', '/length', '/2'], '[1,2]'],
    ['nothing in a string', '{"a":"text"}', ['/a/length', '/a/0'], '{"a":"text"}'],
    ['nothing of a scalar', '1', ['/a', '/toJSON'], '1'],
    ['nothing without a pointer', '{"undefined":1,"at":1}', ['', 'at'], '{"at":1,"undefined":1}'],
    ['a number that a double does not hold', '{"a":1,"at":[1e400]}', ['/at'], '{"a":1}'],
    ['a lone surrogate', '{"a":1,"at":["\\ud800","\udc00"],"\\ud800":1}', ['/at', '/\ud800'], '{"a":1}'],
  ])('omit %s', (_, text, pointers, canonical) => {
    expect(canonicalText(text, pointers)).toBe(canonical)
  })

  test.each([
    ['a number beside it', '{"at":9007199254740993,"a":9007199254740993}'],
    ['a lone surrogate beside it', '{"at":"\\ud800","a":"\\ud800"}'],
    ['repeated names in it', '{"a":1,"at":{"b":1,"b":2}}'],
    ['its own name repeated', '{"at":1,"a":1,"at":1}'],
    ['what is not JSON in it', '{"a":1,"at":01}'],
    ['an escape in it that JSON does not have', '{"a":1,"at":"\\x"}'],
    ['too many levels in it', `{"at":${nested(200)}}`],
  ])('do not prevent the refusal of %s', (_, text) => {
    expect(canonicalText(text, ['/at'])).toBeUndefined()
  })

  test('omit the same as from the value', () => {
    const steps = fc.array(fc.array(fc.nat(), { minLength: 1, maxLength: 4 }), { minLength: 1, maxLength: 4 })
    fc.assert(
      fc.property(spellings(), steps, ({ text, value }, walks) => {
        const paths = walks.map((walk) => pathIn(value, walk)).filter((path) => path.length > 0)
        const pointers = paths.map((path) => path.map((name) => `/${escapeToken(name)}`).join(''))
        const kept = structuredClone(value)
        for (const path of paths) remove(kept, path)
        expect(canonicalText(text, pointers)).toBe(canonicalize(kept))
      }),
      { numRuns: 2_000 },
    )
  })

  test.each(['/', '/a', '/a/b', '/a~0b', '/a~1b', '/0', '/a//b', '/ ', '/é'])('include %j', (text) => {
    expect(isPointer(text)).toBe(true)
    expect(isPointer(text.repeat(10_000))).toBe(true)
  })

  test.each(['', 'a', '#/a', '/~', '/a~2', '/~~0', ' /a'])('do not include %j', (text) => {
    expect(isPointer(text)).toBe(false)
    expect(isPointer(`${'/a'.repeat(10_000)}~${text}`)).toBe(false)
  })
})

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

function isObject(value: unknown): value is object {
  return typeof value === 'object' && value !== null
}

function pathIn(value: Spelling['value'], walk: readonly number[]): string[] {
  const path: string[] = []
  let part: unknown = value
  for (const step of walk) {
    const children = isObject(part) ? Object.entries(part) : []
    const child: [string, unknown] | undefined = children[step % children.length]
    if (child === undefined) break
    path.push(child[0])
    part = child[1]
  }
  return path
}

function escapeToken(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1')
}

function remove(value: unknown, path: readonly string[]): void {
  const [name, ...rest] = path
  if (name === undefined || !isObject(value) || !Object.hasOwn(value, name)) return
  if (rest.length === 0) Reflect.deleteProperty(value, name)
  else remove(Reflect.get(value, name), rest)
}
