import type { ClaimOptions, IdempotencyOptions } from './options.ts'
import { ERROR_CODES } from './protocol/errors.ts'
import { isPointer } from './protocol/pointer.ts'

/** Whether a value will do, and what would. */
export type Rule = readonly [isValid: (value: unknown) => boolean, expected: string]

const isFunction = (value: unknown): boolean => typeof value === 'function'
const isBoolean = (value: unknown): boolean => typeof value === 'boolean'
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const isText = (value: unknown): boolean => typeof value === 'string' && value.trim() !== ''
const isListOf = (isItem: (value: unknown) => boolean, value: unknown): boolean =>
  Array.isArray(value) && value.length > 0 && value.every(isItem)
/** A field name (RFC 9110 §5.1); a method is one word of letters. */
const isHeaderName = (value: unknown): boolean =>
  typeof value === 'string' && /^[\w!#$%&'*+.^`|~-]+$/.test(value)
const isMethod = (value: unknown): boolean =>
  typeof value === 'string' && /^(?!any$)[a-z]+(-[a-z]+)*$/i.test(value)
const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) > 0
/** 100 years: what is added to a date then stays a safe integer, or the record could not be read again. */
export const LONGEST_DURATION_MS: number = 100 * 365 * 24 * 60 * 60 * 1000
const isDuration = (value: unknown): boolean => isCount(value) && Number(value) <= LONGEST_DURATION_MS
const oneOf = (...values: readonly unknown[]): Rule => [
  (value) => values.includes(value),
  `one of ${values.map((value) => JSON.stringify(value)).join(', ')}`,
]

export const aFunction: Rule = [isFunction, 'a function']
export const aBoolean: Rule = [isBoolean, 'true or false']
const aText: Rule = [isText, 'a non-empty string']
const DURATION = 'a whole number of milliseconds above 0, at most 100 years'
export const aDuration: Rule = [isDuration, DURATION]

export const CLAIM_RULES: Readonly<Record<keyof ClaimOptions, Rule>> = {
  service: aText,
  retentionMs: aDuration,
  leaseMs: aDuration,
  onCrash: oneOf('rerun', 'refuse'),
  inFlight: [
    (value) =>
      value === 'reject' ||
      (isObject(value) && Object.keys(value).join() === 'waitMs' && isDuration(value.waitMs)),
    `'reject' or { waitMs: ${DURATION} }`,
  ],
  onStoreError: oneOf('refuse', 'run'),
  cache: [
    (value) => isObject(value) && Object.keys(value).join() === 'maxEntries' && isCount(value.maxEntries),
    '{ maxEntries: a whole number above 0 }',
  ],
  client: [
    (value) => isObject(value) && isFunction(value.send),
    'a DynamoDBClient or DynamoDBDocumentClient',
  ],
  clock: [
    (value) => isObject(value) && isFunction(value.nowMs),
    'an object with nowMs(), epoch milliseconds',
  ],
  onOutcome: aFunction,
}

const isByCode = (value: unknown, isValid: (item: unknown) => boolean): boolean =>
  value === undefined ||
  (isObject(value) &&
    Object.entries(value).every(
      ([code, item]) => ERROR_CODES.some((known) => known === code) && isValid(item),
    ))
const isProblems = (value: unknown): boolean => {
  if (!isObject(value)) return false
  const { typeBase = 'urn:', titles, statuses, ...others } = value
  return (
    Object.keys(others).length === 0 &&
    typeof typeBase === 'string' &&
    /^[!-;=?-~]+$/.test(typeBase) &&
    isByCode(titles, isText) &&
    isByCode(statuses, (status) => Number.isInteger(status) && Number(status) >= 400 && Number(status) <= 599)
  )
}

const isPointerList = (value: unknown): boolean =>
  Array.isArray(value) && value.every((item) => typeof item === 'string' && isPointer(item))

export const EVENT_RULES: Readonly<Record<keyof IdempotencyOptions, Rule>> = {
  ...CLAIM_RULES,
  onReplay: aFunction,
  key: aFunction,
  principal: aFunction,
  requirePrincipal: aBoolean,
  fingerprint: [
    (value) => value === false || isFunction(value) || isPointerList(value),
    "a function, a list of JSON pointers such as '/sentAt', or false",
  ],
  methods: [(value) => isListOf(isMethod, value), "a list of HTTP methods such as ['POST', 'PATCH']"],
  skip: aFunction,
  required: aBoolean,
  scope: oneOf('operation'),
  header: [
    (value) => isHeaderName(value) || isListOf(isHeaderName, value),
    'a header name or a list of them',
  ],
  syntax: oneOf('strict'),
  minLength: [(value) => isCount(value) && Number(value) <= 255, 'a whole number from 1 to 255'],
  pattern: [(value) => value instanceof RegExp, 'a regular expression'],
  maxKeyAgeMs: aDuration,
  archiveReplays: oneOf('run', 'repeat'),
  profile: oneOf('default', 'stripe', 'success-only'),
  shouldStore: aFunction,
  redact: aFunction,
  storeCookies: aBoolean,
  legacyHeaders: aBoolean,
  problems: [
    isProblems,
    'an object with typeBase (a URI), titles (strings by error code) or statuses (400 to 599 by error code)',
  ],
}

/**
 * Fails at cold start on what would otherwise pass in silence.
 * @param where the function that was called, for the message.
 * @throws TypeError that says which option, what was expected and what came.
 */
export function checkOptions(where: string, options: unknown, rules: Readonly<Record<string, Rule>>): void {
  if (options === undefined) return
  if (!isObject(options))
    throw new TypeError(`${where}: expected options to be an object, got ${describe(options)}.`)
  for (const [name, value] of Object.entries(options)) {
    const rule = Object.hasOwn(rules, name) ? rules[name] : undefined
    if (rule === undefined) {
      throw new TypeError(
        `${where}: expected one of the options ${Object.keys(rules).join(', ')}, got ${describe(name)}.`,
      )
    }
    const [isValid, expected] = rule
    if (value !== undefined && !isValid(value)) {
      throw new TypeError(`${where}: expected ${name} to be ${expected}, got ${describe(value)}.`)
    }
  }
}

function describe(value: unknown): string {
  if (typeof value === 'function') return 'a function'
  if (typeof value === 'object' && value !== null)
    return Array.isArray(value) ? JSON.stringify(value) : 'an object'
  return typeof value === 'string' ? JSON.stringify(value) : String(value)
}
