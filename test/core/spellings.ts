import fc from 'fast-check'

/** A JSON value and one of the texts for it. */
export interface Spelling {
  readonly value: unknown
  readonly text: string
}

const SHORT_ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '/': '\\/',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
}

const spaces = fc.string({ unit: fc.constantFrom(' ', '\t', '\n', '\r'), maxLength: 2, size: 'max' })

const characters = fc
  .tuple(
    fc.oneof(
      fc.constantFrom(...'"\\/\b\f\n\r\tab0!~ \u007f'),
      fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }),
    ),
    fc.constantFrom('raw', 'short', 'lower', 'upper'),
  )
  .map(([character, form]) => ({ value: character, text: spellCharacter(character, form) }))

const strings = fc.array(characters, { maxLength: 6 }).map((parts) => ({
  value: parts.map(({ value }) => value).join(''),
  text: `"${parts.map(({ text }) => text).join('')}"`,
}))

const numbers = fc
  .tuple(
    fc.oneof(
      fc.double({ noNaN: true, noDefaultInfinity: true }),
      fc.integer({ min: -1_000, max: 1_000 }),
      fc.integer({ min: -100_000, max: 100_000 }).map((cents) => cents / 100),
    ),
    fc.constantFrom('shortest', 'exponent', 'zeros'),
  )
  .map(([value, form]) => ({ value, text: spellNumber(value, form) }))

const literals = fc.constantFrom(true, false, null).map((value) => ({ value, text: String(value) }))

/** Returns JSON values with texts: any whitespace, escapes, order of members and forms of numbers. */
export function spellings({ maxMembers = 24 } = {}): fc.Arbitrary<Spelling> {
  const { value } = fc.letrec<{ value: Spelling; array: Spelling; object: Spelling }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      literals,
      numbers,
      strings,
      tie('array'),
      tie('object'),
    ),
    array: fc.tuple(fc.array(padded(tie('value')), { maxLength: 4 }), spaces).map(([elements, inner]) => ({
      value: elements.map((element) => element.value),
      text: `[${inner}${elements.map(({ text }) => text).join(',')}]`,
    })),
    object: fc
      .tuple(
        fc.uniqueArray(fc.tuple(padded(strings), padded(tie('value'))), {
          maxLength: maxMembers,
          selector: ([name]) => name.value,
        }),
        spaces,
      )
      .map(([members, inner]) => ({
        value: Object.fromEntries(members.map(([name, member]) => [name.value, member.value])),
        text: `{${inner}${members.map(([name, member]) => `${name.text}:${member.text}`).join(',')}}`,
      })),
  }))
  return padded(value)
}

function padded<T extends Spelling>(part: fc.Arbitrary<T>): fc.Arbitrary<T> {
  return fc.tuple(spaces, part, spaces).map(([before, spelling, after]) => ({
    ...spelling,
    text: `${before}${spelling.text}${after}`,
  }))
}

function spellCharacter(character: string, form: 'raw' | 'short' | 'lower' | 'upper'): string {
  const [needed, short] = [JSON.stringify(character).slice(1, -1), SHORT_ESCAPES[character]]
  if (form === 'raw') return needed
  if (form === 'short' && short !== undefined) return short
  const units = Array.from({ length: character.length }, (_, index) => character.charCodeAt(index))
  const hex = units.map((unit) => unit.toString(16).padStart(4, '0'))
  return hex.map((digits) => `\\u${form === 'upper' ? digits.toUpperCase() : digits}`).join('')
}

function spellNumber(value: number, form: 'shortest' | 'exponent' | 'zeros'): string {
  if (form === 'exponent') return value.toExponential()
  const shortest = String(value)
  if (form === 'shortest' || shortest.includes('e')) return shortest
  return shortest.includes('.') ? `${shortest}0` : `${shortest}.0`
}
