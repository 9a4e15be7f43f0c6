import { expect, test } from 'vitest'
import { fingerprintContent, fingerprintOf } from '../../packages/oncekey/src/core/fingerprint.ts'
import { digest } from '../../packages/oncekey/src/core/identity.ts'

const nested = (depth: number): unknown => {
  let value: unknown = 1
  for (let n = 0; n < depth; n++) value = [value]
  return value
}

test('the fingerprint of a value is that of its canonical form, and says how it was made', () => {
  expect(fingerprintOf({ b: 1, a: 2 })).toBe(`json:${digest(['{"a":2,"b":1}'])}`)
  expect(fingerprintOf({ b: 1, a: 2 }, 'custom')).toBe(`custom:${digest(['{"a":2,"b":1}'])}`)
})

test('a value that JSON cannot express has none', () => {
  expect(() => fingerprintOf({ a: new Map() })).toThrow(
    new TypeError('fingerprint: expected a JSON value, got one that JSON cannot express.'),
  )
  expect(() => fingerprintContent([], { parsed: { a: new Map() } }, [])).toThrow(
    new TypeError('fingerprint: the body was replaced by something that is not JSON; give it as a function.'),
  )
})

test.each<[string, Parameters<typeof fingerprintContent>[1], readonly string[], string]>([
  ['text that is JSON', '{"b":1,"a":2}', [], `json:${digest(['POST', '{"a":2,"b":1}'])}`],
  ['text that is JSON in part', '{"b":1,"a":2}', ['/b'], `json:${digest(['POST', '{"a":2}'])}`],
  ['a parsed value', { parsed: { b: 1, a: 2 } }, [], `json:${digest(['POST', '{"a":2,"b":1}'])}`],
  ['a parsed value in part', { parsed: { b: 1, a: 2 } }, ['/b'], `json:${digest(['POST', '{"a":2}'])}`],
  ['text that is not JSON', 'a b', ['/b'], `bytes:${digest(['POST', 'a b'])}`],
  ['bytes', Uint8Array.of(1, 2), [], `bytes:${digest(['POST', Uint8Array.of(1, 2)])}`],
])('the fingerprint of %s says how it was compared', (_, content, omit, fingerprint) => {
  expect(fingerprintContent(['POST'], content, omit)).toBe(fingerprint)
})

test('no two texts have one fingerprint, even if they are not well-formed', () => {
  const sent = ['\ud800', '\ud801', '\ufffd', 'x\udfff', 'x\ufffd']
  const once = sent.map((text) => JSON.stringify(text))
  const twice = once.map((text) => JSON.stringify(text))
  const texts = [...sent, ...once, ...twice, ...twice.map((text) => JSON.stringify(text))]
  const fingerprints = texts.map((text) => fingerprintContent([], text, ['/at']))
  expect(new Set(fingerprints).size).toBe(texts.length)
  expect(fingerprints[0]).toMatch(/^bytes:/)
})

test('a parsed value is compared as one, however deep: nothing is lost', () => {
  expect(fingerprintContent([], { parsed: nested(300) }, [])).toMatch(/^json:/)
})
