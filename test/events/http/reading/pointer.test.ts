import { describe, expect, it } from 'vitest'
import { isPointer } from '../../../../packages/oncekey/src/protocol/pointer.ts'

describe('a JSON pointer into a document (RFC 6901 §3)', () => {
  it.each(['/', '/a', '/a/b', '/a~0b', '/a~1b', '/0', '/a//b', '/ ', '/é', `/${'a/'.repeat(10_000)}`])(
    'is %s',
    (text) => {
      expect(isPointer(text)).toBe(true)
    },
  )

  it.each(['', 'a', '#/a', '/~', '/a~2', '/~~0', ' /a', `${'/a'.repeat(10_000)}~`])('is not %j', (text) => {
    expect(isPointer(text)).toBe(false)
  })
})
