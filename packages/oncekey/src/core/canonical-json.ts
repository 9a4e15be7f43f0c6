import { canonicalNumber, SAFE_CHARACTERS } from './canonical-number.ts'
import { quote } from './canonical-value.ts'

/** Deeper JSON is compared as text: no client needs it, and the recursion stays far from the end of the stack. */
const MAX_DEPTH = 200
/** Sorting few members while they are read is faster; with many it would take quadratic time. */
const MAX_INSERTED = 16

const SPACE = 0x20
const QUOTE = 0x22
const PLUS = 0x2b
const COMMA = 0x2c
const MINUS = 0x2d
const POINT = 0x2e
const ZERO = 0x30
const COLON = 0x3a
const OPEN_BRACKET = 0x5b
const BACKSLASH = 0x5c
const CLOSE_BRACKET = 0x5d
const SMALL_E = 0x65
const OPEN_BRACE = 0x7b
const CLOSE_BRACE = 0x7d

interface Reader {
  readonly text: string
  /** The index of the next character to read. */
  at: number
  /** The canonical form of the text before `copied`. From there to `at`, the text itself is canonical. */
  out: string
  copied: number
  /** The number of differences between the text and its canonical form. */
  edits: number
  depth: number
  isOmitting: boolean
}

/** A member of an object. Its canonical form is `out`, followed by the text from `copied` to `end`. */
interface Member {
  readonly name: string
  readonly isOmitted: boolean
  readonly out: string
  readonly copied: number
  readonly end: number
}

/** The targets of JSON pointers, as a tree of member names and element indexes. */
interface Omission {
  isWhole: boolean
  readonly parts: Map<string, Omission>
}

/**
 * Returns whether a text is a JSON pointer to something within a document.
 * @see RFC 6901 §3
 */
export function isPointer(text: string): boolean {
  return /^(?:\/(?:[^~/]|~[01])*)+$/.test(text)
}

/**
 * Returns the canonical form of a JSON text without what the JSON pointers in `omit` name. An omitted array element
 * becomes `null`, so that the others keep their places.
 *
 * Returns `undefined` if the text is not JSON, is nested too deep, or could be mistaken for a different text: if it
 * repeats a member name or, outside what is omitted, has a lone surrogate or a number that a double does not hold.
 * @see RFC 8785 §3; RFC 7493 §2; RFC 6901 §4
 */
export function canonicalText(text: string, omit: readonly string[]): string | undefined {
  const reader: Reader = { text, at: 0, out: '', copied: 0, edits: 0, depth: 0, isOmitting: false }
  try {
    readValue(reader, omit.length === 0 ? undefined : parsePointers(omit))
    cutSpace(reader)
    const canonical = reader.out + text.slice(reader.copied, reader.at)
    // Strings without escapes are not checked before.
    if (reader.at === text.length && canonical.isWellFormed()) return canonical
  } catch {
    // The text was refused.
  }
  return undefined
}

function parsePointers(pointers: readonly string[]): Omission {
  const root: Omission = { isWhole: false, parts: new Map() }
  for (const pointer of pointers) {
    let part = root
    for (const token of pointer.split('/').slice(1)) {
      const name = token.replaceAll('~1', '/').replaceAll('~0', '~')
      const child = part.parts.get(name) ?? { isWhole: false, parts: new Map() }
      part.parts.set(name, child)
      part = child
    }
    part.isWhole = true
  }
  return root
}

function readValue(reader: Reader, omission: Omission | undefined): void {
  cutSpace(reader)
  const { text, at } = reader
  const code = text.charCodeAt(at)
  if (code === QUOTE) respell(reader, at, readString(reader))
  else if (code === OPEN_BRACE) readObject(reader, omission)
  else if (code === OPEN_BRACKET) readArray(reader, omission)
  else if (code === MINUS || isDigit(code)) readNumber(reader)
  else if (text.startsWith('true', at) || text.startsWith('null', at)) reader.at += 4
  else if (text.startsWith('false', at)) reader.at += 5
  else throw new SyntaxError()
}

function readOmitted(reader: Reader): void {
  reader.isOmitting = true
  readValue(reader, undefined)
  reader.isOmitting = false
  reader.edits++
}

function readObject(reader: Reader, omission: Omission | undefined): void {
  const { text, out, copied, edits, at: start } = reader
  const members: Member[] = []
  let isSorted = true
  let previous: string | undefined
  for (let more = open(reader, CLOSE_BRACE); more; more = hasNext(reader, CLOSE_BRACE)) {
    skipSpace(reader)
    const { at } = reader
    reader.out = ''
    reader.copied = at
    if (text.charCodeAt(at) !== QUOTE) throw new SyntaxError()
    const unescaped = readString(reader)
    const name = unescaped ?? text.slice(at + 1, reader.at - 1)
    const part = omission?.parts.get(name)
    const isOmitted = part?.isWhole === true
    if (!isOmitted) respell(reader, at, unescaped)
    cutSpace(reader)
    if (text.charCodeAt(reader.at++) !== COLON) throw new SyntaxError()
    if (isOmitted) readOmitted(reader)
    else readValue(reader, part)
    addMember(members, { name, isOmitted, out: reader.out, copied: reader.copied, end: reader.at })
    isSorted &&= previous === undefined || previous < name
    previous = name
  }
  reader.out = out
  reader.copied = copied
  if (!isSorted) sortMembers(members)
  else if (reader.edits === edits) return
  let canonical = ''
  for (const member of members) {
    if (!member.isOmitted) {
      canonical += (canonical === '' ? '' : ',') + member.out + text.slice(member.copied, member.end)
    }
  }
  replace(reader, start, `{${canonical}}`)
}

function addMember(members: Member[], member: Member): void {
  let at = members.length
  // Stryker disable next-line ConditionalExpression,EqualityOperator: the same, but slower
  if (at < MAX_INSERTED) {
    for (; at > 0; at--) {
      const before = members[at - 1]
      if (before === undefined || before.name < member.name) break
      members[at] = before
    }
  }
  members[at] = member
}

/** @throws SyntaxError if a name is repeated. */
function sortMembers(members: Member[]): void {
  // Stryker disable next-line ConditionalExpression,EqualityOperator: the same, but slower
  if (members.length > MAX_INSERTED) members.sort((a, b) => (a.name < b.name ? -1 : 1))
  let previous: string | undefined
  for (const { name } of members) {
    if (name === previous) throw new SyntaxError()
    previous = name
  }
}

function readArray(reader: Reader, omission: Omission | undefined): void {
  let index = 0
  for (let more = open(reader, CLOSE_BRACKET); more; more = hasNext(reader, CLOSE_BRACKET)) {
    const part = omission?.parts.get(String(index++))
    if (part?.isWhole === true) {
      const { at, out, copied } = reader
      readOmitted(reader)
      reader.out = out
      reader.copied = copied
      replace(reader, at, 'null')
    } else {
      readValue(reader, part)
    }
  }
}

/** Enters an object or array, and returns whether there is anything in it. */
function open(reader: Reader, close: number): boolean {
  if (++reader.depth > MAX_DEPTH) throw new RangeError()
  reader.at++
  cutSpace(reader)
  if (reader.text.charCodeAt(reader.at) !== close) return true
  reader.at++
  reader.depth--
  return false
}

/** Reads what follows a member or element, and returns whether there is another one. */
function hasNext(reader: Reader, close: number): boolean {
  cutSpace(reader)
  const code = reader.text.charCodeAt(reader.at++)
  if (code === COMMA) return true
  if (code !== close) throw new SyntaxError()
  reader.depth--
  return false
}

/** Reads a string. Returns its content if it has escapes; otherwise it is canonical. */
function readString(reader: Reader): string | undefined {
  const { text, at: start } = reader
  let hasEscape = false
  let at = start + 1
  for (let code = text.charCodeAt(at); code !== QUOTE; code = text.charCodeAt(++at)) {
    if (code === BACKSLASH) {
      hasEscape = true
      at++
    } else if (!(code >= SPACE)) {
      // It is a control character or, as NaN, the end of the text.
      throw new SyntaxError()
    }
  }
  reader.at = at + 1
  // Safe for names, too: V8 confuses escaped names only within objects (nodejs/node#63785).
  return hasEscape ? String(JSON.parse(text.slice(start, at + 1))) : undefined
}

function respell(reader: Reader, start: number, unescaped: string | undefined): void {
  if (unescaped !== undefined) replace(reader, start, reader.isOmitting ? '' : quote(unescaped))
}

function readNumber(reader: Reader): void {
  const { text, at: start } = reader
  let at = start
  let code = text.charCodeAt(at)
  let isInteger = code !== ZERO
  while (isDigit(code) || isSignOrPointOrE(code)) {
    isInteger &&= isDigit(code)
    code = text.charCodeAt(++at)
  }
  reader.at = at
  // Stryker disable next-line ConditionalExpression,EqualityOperator,LogicalOperator: the same, but slower
  if (isInteger && at - start <= SAFE_CHARACTERS) return
  const source = text.slice(start, at)
  const canonical = canonicalNumber(source, reader.isOmitting)
  if (canonical !== source) replace(reader, start, canonical)
}

/** Replaces the text from `start` to where the reader is. */
function replace(reader: Reader, start: number, canonical: string): void {
  reader.out += reader.text.slice(reader.copied, start) + canonical
  reader.copied = reader.at
  reader.edits++
}

/** Skips whitespace and leaves it out. */
function cutSpace(reader: Reader): void {
  const { at } = reader
  skipSpace(reader)
  if (reader.at > at) replace(reader, at, '')
}

function skipSpace(reader: Reader): void {
  const { text } = reader
  let { at } = reader
  let code = text.charCodeAt(at)
  // Stryker disable next-line ConditionalExpression,EqualityOperator: the same, but slower
  if (code > SPACE) return
  while (code === SPACE || code === 0x0a || code === 0x0d || code === 0x09) code = text.charCodeAt(++at)
  if (at > reader.at) reader.edits++
  reader.at = at
}

function isDigit(code: number): boolean {
  return code >= 0x30 && code <= 0x39
}

function isSignOrPointOrE(code: number): boolean {
  return code === MINUS || code === PLUS || code === POINT || (code | 0x20) === SMALL_E
}
