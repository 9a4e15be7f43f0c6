import { KeyInvalidError, KeyMissingError } from '../../protocol/errors.ts'
import { checkRules, type KeyRules, malformed } from '../key-rules.ts'

/** What a header's key must be like, beyond what every key must be like. */
export interface HeaderRules extends KeyRules {
  readonly syntax?: 'strict' | undefined
}

const MAX_CHARACTERS = 255
/** As quoted and escaped as can be, with parameters to spare: a bound on the work for one. */
const MAX_RAW_CHARACTERS = 8192

/**
 * An `sf-string` with parameters, which are checked and not read: it is hand-written because the grammar that is
 * needed of RFC 9651 is these few lines. No part can match what the next one begins with, so it runs in linear time.
 * @see RFC 9651 §3.1.2 parameters, §3.3 bare items
 */
const STRING = String.raw`"((?:[ !#-[\]-~]|\\["\\])*)"`
const BARE_ITEM = [
  String.raw`-?(?:\d{1,12}\.\d{1,3}|\d{1,15})`,
  String.raw`"(?:[ !#-[\]-~]|\\["\\])*"`,
  String.raw`[A-Za-z*][\w!#$%&'*+.^${'`'}|~:/-]*`,
  String.raw`:[A-Za-z\d+/]*={0,2}:`,
  String.raw`\?[01]`,
  String.raw`@-?\d{1,15}`,
  String.raw`%"(?:[ !#$&-~]|%[\da-f]{2})*"`,
].join('|')
const QUOTED = new RegExp(String.raw`^${STRING}(?:; *[a-z*][a-z\d_.*-]*(?:=(?:${BARE_ITEM}))?)*$`)

/**
 * The one key that these headers name, quoted or bare; `undefined` if none is there.
 * Nothing that could stand for another key is ever taken for one.
 * @throws KeyInvalidError if a value is malformed, repeated, or at odds with another name's.
 */
export function readHeaderKey(
  headers: ReadonlyMap<string, readonly string[]>,
  names: readonly string[],
  rules: HeaderRules,
): string | undefined {
  let found: { readonly name: string; readonly key: string } | undefined
  for (const name of names) {
    const values = headers.get(name.toLowerCase())
    if (values === undefined) continue
    const key = parseHeader(name, values, rules)
    if (found !== undefined && found.key !== key) {
      throw new KeyInvalidError(`Headers ${found.name} and ${name} name two different keys: send one.`)
    }
    found = { name, key }
  }
  return found?.key
}

function parseHeader(name: string, values: readonly string[], rules: HeaderRules): string {
  const where = `Header ${name}`
  if (values.length !== 1) {
    throw new KeyInvalidError(`${where} came ${values.length} times: send one key in one line.`)
  }
  const value = trimSpace(values[0] ?? '')
  if (value.length > MAX_RAW_CHARACTERS) throw tooLong(where, value.length)
  if (!value.startsWith('"')) {
    if (rules.syntax === 'strict') throw malformed(where, value, 'a key in double quotes')
    if (/[", ]/.test(value)) throw malformed(where, value, 'one key; quote it if it holds a comma or a space')
    return checkKey(value, rules, where)
  }
  const quoted = QUOTED.exec(value)?.[1]
  if (quoted === undefined) throw malformed(where, value, 'a quoted string as RFC 9651 defines it')
  return checkKey(quoted.replace(/\\(.)/g, '$1'), rules, where)
}

/**
 * The key itself, if it is one: 1 to 255 characters of visible ASCII, and spaces between them.
 * @throws KeyInvalidError
 */
export function checkKey(key: unknown, rules: KeyRules, where: string): string {
  if (typeof key !== 'string') {
    throw new KeyInvalidError(`${where}: expected the key as a string, got ${typeof key}.`)
  }
  if (key.length > MAX_CHARACTERS) throw tooLong(where, key.length)
  if (!/^[ -~]*[!-~][ -~]*$/.test(key)) {
    throw malformed(where, key, `1 to ${MAX_CHARACTERS} visible ASCII characters`)
  }
  checkRules(key, rules, where)
  return key
}

export function missingHeader(names: readonly string[]): KeyMissingError {
  const header = names.join(' or ')
  return new KeyMissingError(
    `Header ${header} is missing: send 1 to ${MAX_CHARACTERS} visible ASCII characters, the same ones on every retry.`,
  )
}

/** Of spaces and tabs alone, which is what HTTP allows around a value. @see RFC 9110 §5.6.3 */
function trimSpace(value: string): string {
  let start = 0
  let end = value.length
  while (value[start] === ' ' || value[start] === '\t') start++
  while (end > start && (value[end - 1] === ' ' || value[end - 1] === '\t')) end--
  return value.slice(start, end)
}

function tooLong(where: string, length: number): KeyInvalidError {
  return new KeyInvalidError(
    `${where} is too long: expected at most ${MAX_CHARACTERS} characters, got ${length}.`,
  )
}
