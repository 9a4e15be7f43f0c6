import { expect, test } from 'vitest'
import { removePointers } from '../../packages/oncekey/src/protocol/pointer.ts'

test.each<[string, unknown, string[], unknown]>([
  ['a member', { a: 1, at: 1 }, ['/at'], { a: 1 }],
  ['a nested member', { a: { b: 1, c: 2 } }, ['/a/b'], { a: { c: 2 } }],
  ['escaped names', { 'a/b': 1, 'c~d': 1, '~1': 1 }, ['/a~1b', '/c~0d', '/~01'], {}],
  ['the empty name', { '': 1, a: 1 }, ['/'], { a: 1 }],
  ['nothing that is not there', { a: 1 }, ['/b', '/a/b', '/a/b/c'], { a: 1 }],
  ['nothing within a text', { a: 'text' }, ['/a/length', '/a/length/x', '/a/0'], { a: 'text' }],
  ['nothing within null', { a: null }, ['/a/b', '/a/b/c'], { a: null }],
  ['nothing of a prototype', { a: 1 }, ['/constructor/prototype/toString', '/__proto__/toString'], { a: 1 }],
  ['nothing by a text that is no pointer', { undefined: 1, at: 1 }, ['', 'at'], { undefined: 1, at: 1 }],
])('pointers remove %s', (_, document, pointers, rest) => {
  removePointers(document, pointers)
  expect(document).toEqual(rest)
})

test('an element leaves its place empty', () => {
  const list = [1, 2, 3]
  removePointers({ list }, ['/list/1'])
  expect(list).toHaveLength(3)
  expect(1 in list).toBe(false)
})

test('a document that is a scalar is left alone', () => {
  expect(() => {
    removePointers('text', ['/a', '/length/x'])
    removePointers(null, ['/a'])
  }).not.toThrow()
})
