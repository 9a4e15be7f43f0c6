import { KeyInvalidError } from '../../core/errors.ts'
import { malformedKey } from '../identify.ts'
import { type HttpRequest, headerValues } from './request.ts'

export const MAX_KEY_CHARACTERS = 255
/** Every character escaped, and room for parameters: limits the work for one value. */
const MAX_RAW_CHARACTERS = 8192

/**
 * An `sf-string`, and parameters that are checked and ignored. Hand-written, because these few lines are all that is
 * needed of RFC 9651's grammar. No part can match what the next one begins with, so that it runs in linear time.
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

/** A header that may hold the key. */
export interface KeyHeader {
  /** As errors show it. */
  readonly name: string
  readonly lowerCaseName: string
}

/**
 * Returns the one key that these headers hold, quoted or bare, or `undefined` if none of them is there.
 * @throws KeyInvalidError if a value is malformed, repeated, or different from that of another name: a key is never
 *   guessed.
 */
export function readSentKey(
  request: HttpRequest,
  headers: readonly KeyHeader[],
  syntax: 'strict' | undefined,
): string | undefined {
  let found: { readonly name: string; readonly key: string } | undefined
  for (const { name, lowerCaseName } of headers) {
    const values = headerValues(request, lowerCaseName)
    if (values === undefined) continue
    const key = parseValues(values, `Header ${name}`, syntax)
    if (found !== undefined && found.key !== key) {
      throw new KeyInvalidError(`Headers ${found.name} and ${name} hold two different keys. Send one.`)
    }
    found = { name, key }
  }
  return found?.key
}

function parseValues(values: readonly string[], where: string, syntax: 'strict' | undefined): string {
  if (values.length !== 1) {
    throw new KeyInvalidError(`${where} was sent ${values.length} times. Send one key in one line.`)
  }
  const value = trimSpace(values[0] ?? '')
  if (value.length > MAX_RAW_CHARACTERS) throw tooLong(where, value.length)
  if (!value.startsWith('"')) {
    if (syntax === 'strict') throw malformedKey(where, value, 'a key in double quotes')
    if (/[", ]/.test(value)) {
      throw malformedKey(where, value, 'one key, in double quotes if it contains a comma or a space')
    }
    checkKey(value, where)
    return value
  }
  const quoted = QUOTED.exec(value)?.[1]
  if (quoted === undefined) throw malformedKey(where, value, 'a string in double quotes (RFC 9651)')
  const key = quoted.replace(/\\(.)/g, '$1')
  checkKey(key, where)
  return key
}

/** Throws if the key is not 1 to 255 visible ASCII characters, and spaces between them. */
export function checkKey(key: string, where: string): void {
  if (key.length > MAX_KEY_CHARACTERS) throw tooLong(where, key.length)
  if (!/^[ -~]*[!-~][ -~]*$/.test(key)) {
    throw malformedKey(where, key, `1 to ${MAX_KEY_CHARACTERS} visible ASCII characters`)
  }
}

function tooLong(where: string, length: number): KeyInvalidError {
  return new KeyInvalidError(
    `${where} is too long: expected at most ${MAX_KEY_CHARACTERS} characters, got ${length}.`,
  )
}

/** Trims spaces and tabs only: HTTP allows no others around a value. @see RFC 9110 §5.6.3 */
function trimSpace(value: string): string {
  let start = 0
  let end = value.length
  while (value[start] === ' ' || value[start] === '\t') start++
  while (end > start && (value[end - 1] === ' ' || value[end - 1] === '\t')) end--
  return value.slice(start, end)
}

/** A key that can stand in the header without quotes: visible characters, without `"`, `,` and `\`. */
const BARE = /^[\x21\x23-\x2b\x2d-\x5b\x5d-\x7e]+$/

/**
 * Returns the key as a value of the response's `Idempotency-Key`: quoted (RFC 9651 §3.3.3) if the request quoted it or
 * if it has to be, otherwise bare, so that a client finds what it sent.
 */
export function echoKey(request: HttpRequest, key: string, headers: readonly KeyHeader[]): string {
  let sent: string | undefined
  for (const { lowerCaseName } of headers) sent ??= headerValues(request, lowerCaseName)?.[0]?.trim()
  const isBare = sent === key || (BARE.test(key) && !sent?.startsWith('"'))
  return isBare ? key : `"${key.replace(/["\\]/g, '\\$&')}"`
}
