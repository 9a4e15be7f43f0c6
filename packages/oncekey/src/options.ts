import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import type { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb'
import type { HttpAnsweringOptions } from './events/http/answering.ts'
import type { HttpReadingOptions } from './events/http/reading.ts'
import type { OutcomeEvent } from './outcome.ts'
import type { CrashMode } from './protocol/record.ts'

/** What every entry takes: how long things last, and what happens when they go wrong. */
export interface ClaimOptions {
  /**
   * The service that keys belong to: two services that share a table never meet.
   * @default the Lambda function's name; required outside Lambda
   */
  readonly service?: string
  /** How long a completed answer is kept, in milliseconds from completion. @default 24 hours */
  readonly retentionMs?: number
  /**
   * How long a claim is believed alive where no deadline is known, in milliseconds. On Lambda the lease ends with
   * the invocation's own deadline and this is not used.
   * @default 60 seconds
   */
  readonly leaseMs?: number
  /**
   * After a lapsed lease without completion: run again (at least once), or answer `outcome-unknown` until the record
   * expires (at most once). @default 'rerun'
   */
  readonly onCrash?: CrashMode
  /** While another run is in flight: say so at once, or wait up to `waitMs` for its result. @default 'reject' */
  readonly inFlight?: 'reject' | { readonly waitMs: number }
  /**
   * When the store cannot be reached to claim: answer 503 without running, or run without protection (`step` and
   * `commit` then reject). @default 'refuse'
   */
  readonly onStoreError?: 'refuse' | 'run'
  /** Keeps up to this many completed results in this process, to replay them without the store. @default none */
  readonly cache?: { readonly maxEntries: number }
  /** The client for a table given by name. @default one of its own, with short time-outs, shared by the process */
  readonly client?: DynamoDBClient | DynamoDBDocumentClient
  /** Where time comes from, epoch milliseconds: for tests. @default the system's clock */
  readonly clock?: { nowMs(): number; sleep?(durationMs: number, signal?: AbortSignal): Promise<void> }
  /** Told once for every request. What it throws is ignored. */
  readonly onOutcome?: (event: OutcomeEvent) => unknown
}

/** What `idempotent` and `idempotentHandler` take. */
export interface IdempotencyOptions extends ClaimOptions, HttpReadingOptions, HttpAnsweringOptions {
  /** Changes a stored answer on replay only. What it returns is answered; if it throws, the stored answer is. */
  readonly onReplay?: (answer: unknown, event: unknown) => unknown
}

/** Whether a value will do, and what would. */
type Rule = readonly [isValid: (value: unknown) => boolean, expected: string]

const isFunction = (value: unknown): boolean => typeof value === 'function'
const isBoolean = (value: unknown): boolean => typeof value === 'boolean'
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const isText = (value: unknown): boolean => typeof value === 'string' && value.trim() !== ''
const isTextList = (value: unknown): boolean =>
  Array.isArray(value) && value.length > 0 && value.every(isText)
const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) > 0
const oneOf = (...values: readonly unknown[]): Rule => [
  (value) => values.includes(value),
  `one of ${values.map((value) => JSON.stringify(value)).join(', ')}`,
]

const aFunction: Rule = [isFunction, 'a function']
const aBoolean: Rule = [isBoolean, 'true or false']
const aText: Rule = [isText, 'a non-empty string']
const aDuration: Rule = [isCount, 'a whole number of milliseconds above 0']

export const CLAIM_RULES: Readonly<Record<keyof ClaimOptions, Rule>> = {
  service: aText,
  retentionMs: aDuration,
  leaseMs: aDuration,
  onCrash: oneOf('rerun', 'refuse'),
  inFlight: [
    (value) =>
      value === 'reject' ||
      (isObject(value) && Object.keys(value).join() === 'waitMs' && isCount(value.waitMs)),
    "'reject' or { waitMs: a whole number of milliseconds above 0 }",
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

const isPointerList = (value: unknown): boolean =>
  Array.isArray(value) && value.every((item) => typeof item === 'string' && item.startsWith('/'))

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
  methods: [isTextList, "a list of HTTP methods such as ['POST', 'PATCH']"],
  skip: aFunction,
  required: aBoolean,
  scope: oneOf('operation'),
  header: [(value) => isText(value) || isTextList(value), 'a header name or a list of them'],
  syntax: oneOf('strict'),
  minLength: [(value) => isCount(value) && Number(value) <= 255, 'a whole number from 1 to 255'],
  pattern: [(value) => value instanceof RegExp, 'a regular expression'],
  maxKeyAgeMs: aDuration,
  profile: oneOf('default', 'stripe', 'success-only'),
  shouldStore: aFunction,
  redact: aFunction,
  storeCookies: aBoolean,
  legacyHeaders: aBoolean,
  problems: [isObject, 'an object with typeBase, titles or statuses'],
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
