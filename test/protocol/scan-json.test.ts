import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { scanJson, survives } from '../../packages/oncekey/src/protocol/scan-json.ts'

describe('a scan', () => {
  test.each([
    ['1', 0],
    ['[]', 1],
    ['{}', 1],
    ['[{"a":[]},[]]', 3],
    ['[[],[],[]]', 2],
    ['[{},{},{}]', 2],
    ['[[1],[2],[3]]', 2],
    ['{"a":{"b":1},"c":{"d":2}}', 2],
    ['{"a":{"b":{}},"c":{}}', 3],
    ['"[[["', 0],
    ['"\\"[["', 0],
    ['["\\\\",[]]', 2],
  ])('of %s finds depth %i', (text, depth) => {
    expect(scanJson(text).depth).toBe(depth)
  })

  test.each([
    ['{"a":1,"b":[{"c":2}]}', 3],
    ['{"a":1,"a":1}', 2],
    ['{":":":"}', 1],
    ['{"\\":":1}', 1],
    ['[1,2]', 0],
  ])('of %s counts %i members', (text, members) => {
    expect(scanJson(text).members).toBe(members)
  })

  test.each([
    '0',
    '-0',
    '123456789012345',
    '9007199254740992',
    '-9007199254740992',
    '0.30000000000000004',
    // Its digits alone would not survive.
    '0.9007199254740993',
    '1e21',
    '1E+2',
    '[1,9007199254740992]',
    '[1e-7,2]',
    '"9007199254740993"',
  ])('of %s finds that its numbers survive', (text) => {
    expect(scanJson(text).hasLossyNumber).toBe(false)
  })

  test.each([
    '9007199254740993',
    '-9007199254740993',
    '[1,9007199254740993]',
    '[9007199254740993,1]',
    '{"a":9007199254740993}',
    '0.1000000000000000001',
    '1e400',
    '1E400',
    '1e+400',
    '1e-400',
    '1E-400',
    '9007199254740993.0e0',
  ])('of %s finds a number that does not survive', (text) => {
    expect(scanJson(text).hasLossyNumber).toBe(true)
  })

  test.each(['"abc', '"abc\\', '"', '{"a', '1', '-', ''])('of %j, which may be cut off, ends', (text) => {
    expect(scanJson(text)).toEqual({ depth: text.startsWith('{') ? 1 : 0, members: 0, hasLossyNumber: false })
  })
})

describe('a number', () => {
  test.each([
    '0e999',
    '0.000000000000000000000000000',
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
  ])('%s survives', (source) => {
    expect(survives(source)).toBe(true)
  })

  test.each([
    '1e400',
    '-1e400',
    '1e-400',
    '4e-324',
    '1.0000000000000000000001',
    '1010000000000000000001',
    '10000000000000001e1',
    'undefined',
    // Longer than anything that is worth a look.
    `1.${'0'.repeat(63)}`,
  ])('%s does not', (source) => {
    expect(survives(source)).toBe(false)
  })

  test('that JavaScript writes survives, in both of its forms', () => {
    fc.assert(
      fc.property(fc.double({ noDefaultInfinity: true, noNaN: true }), (value) => {
        expect(survives(String(value))).toBe(true)
        expect(survives(value.toExponential())).toBe(true)
      }),
      { numRuns: 1_000 },
    )
  })

  test('of too many digits survives if and only if they say the same', () => {
    const integers = fc.bigInt({ min: -(10n ** 25n), max: 10n ** 25n })
    fc.assert(
      fc.property(integers, fc.nat(3), (integer, zeros) => {
        const source = `${integer}${'0'.repeat(zeros)}`
        // As JavaScript would write the double, not all of the digits that it has.
        const shortest = BigInt(Number(source).toLocaleString('en', { useGrouping: false }))
        expect(survives(source)).toBe(shortest === BigInt(source))
      }),
      { numRuns: 1_000 },
    )
  })
})
