import type { Context } from 'aws-lambda'
import { isPointer } from './core/canonical-json.ts'
import type { Clock } from './core/clock.ts'
import { ERROR_CODES, type ErrorCode, type OncekeyError } from './core/errors.ts'
import type { Logger } from './core/log.ts'
import type { OutcomeEvent } from './core/outcome.ts'
import type { CrashMode, ReplayedRecord } from './core/record.ts'
import type { Hook } from './core/request.ts'
import type { DynamoDbClient } from './stores/dynamodb/transport.ts'

/** Tests a value of an option, and says what is expected of it. */
export type Rule = readonly [isValid: (value: unknown) => boolean, expected: string]

/** The values of the options that are not given. */
export const DEFAULTS = {
  /** 24 hours. */
  retentionMs: 86_400_000,
  leaseMs: 60_000,
  onCrash: 'rerun',
  inFlight: 'reject',
  onStoreError: 'refuse',
  required: true,
  minLength: 1,
  methods: ['POST', 'PATCH'],
  header: 'Idempotency-Key',
  profile: 'default',
  archiveReplays: 'run',
  concurrency: 8,
  minRemainingMs: 1_000,
} as const

/** The options of every entry: how long things last, and what happens when they go wrong. */
export interface ClaimOptions {
  /**
   * The service that keys belong to. Services that share a table never see each other's records.
   * @default the Lambda function's name. Outside Lambda `local`, with a warning; `runOnce` and `once` require it there
   */
  readonly service?: string
  /** How long a completed result is kept, in milliseconds from completion. @default 24 hours */
  readonly retentionMs?: number
  /**
   * How long a claim is believed alive without a renewal, in milliseconds: so long a key stays blocked after a crash.
   * On Lambda, which ends a run at its deadline, the lease ends then instead, and is not renewed. In a durable execution
   * it is renewed by each invocation: set it to the execution's timeout.
   * @default 60 seconds; 366 days in a durable execution
   */
  readonly leaseMs?: number
  /** How often the lease is renewed while the run lasts, in milliseconds. @default a third of `leaseMs` */
  readonly renewEveryMs?: number
  /**
   * With less time than this left in the invocation, in milliseconds, a request that has waited for another run does
   * not start its own, and a batch starts no further record: it is reported as failed, to be delivered again. Set it to
   * what one run takes.
   * @default 1 second
   */
  readonly minRemainingMs?: number
  /**
   * What to do if a run was interrupted: run again (at least once), or answer `outcome-unknown` until the record
   * expires (at most once). @default 'rerun'
   */
  readonly onCrash?: CrashMode
  /** What to do while another run is in progress: refuse, or wait up to `waitMs` for its result. @default 'reject' */
  readonly inFlight?: 'reject' | { readonly waitMs: number }
  /**
   * What to do if the store is unavailable when a key is claimed: answer 503 (500 if no retry helps) without running, or
   * run without protection (`step` and `commit` then reject). @default 'refuse'
   */
  readonly onStoreError?: 'refuse' | 'run'
  /** Keeps up to this many completed results in this process, to replay them without the store. @default none */
  readonly cache?: { readonly maxEntries: number }
  /**
   * The `DynamoDBClient` or `DynamoDBDocumentClient` for a table given by name.
   * @default one with short timeouts, shared by the process
   */
  readonly client?: DynamoDbClient
  /** The source of time in epoch milliseconds, for tests. What it leaves out is real. @default the system clock */
  readonly clock?: Pick<Clock, 'nowMs'> & Partial<Clock>
  /** Called once for every request, with its outcome. What it throws is logged, and changes nothing. */
  readonly onOutcome?: (event: OutcomeEvent) => unknown
  /**
   * Gets what somebody has to look at, such as a result that was not stored: Powertools' Logger, pino, `console`, or any
   * object with `warn` and `error`, called with a message and its fields. `false` logs nothing.
   * @default one line of JSON for each on standard error
   */
  readonly logger?: Logger | false
}

/** 100 years. An expiry computed with more would not be a safe integer, and its record could not be read. */
export const MAX_DURATION_MS: number = 100 * 365 * 24 * 60 * 60 * 1000

const isFunction = (value: unknown): boolean => typeof value === 'function'
const isBoolean = (value: unknown): boolean => typeof value === 'boolean'
const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
const isText = (value: unknown): boolean => typeof value === 'string' && value.trim() !== ''
const isCount = (value: unknown): boolean => Number.isSafeInteger(value) && Number(value) > 0
const isDuration = (value: unknown): boolean => isCount(value) && Number(value) <= MAX_DURATION_MS
const isListOf = (isItem: (value: unknown) => boolean, value: unknown): boolean =>
  Array.isArray(value) && value.length > 0 && value.every(isItem)
const hasOnly = (value: unknown, name: string, isValid: (value: unknown) => boolean): boolean =>
  isObject(value) && Object.keys(value).join() === name && isValid(value[name])

const isLogger = (value: unknown): boolean => {
  if (value === false) return true
  const methods = typeof value === 'function' ? { ...value } : value
  return isObject(methods) && isFunction(methods.warn) && isFunction(methods.error)
}

/** The cache reserves its memory when it is made. */
const MAX_CACHE_ENTRIES = 100_000
/** A lease has to outlast a round trip to the store, or no step could ever begin. */
const MIN_LEASE_MS = 100

const DURATION = 'a whole number of milliseconds above 0, at most 100 years'
const aDuration: Rule = [isDuration, DURATION]
const aCount: Rule = [isCount, 'a whole number above 0']
const aFunction: Rule = [isFunction, 'a function']
const aBoolean: Rule = [isBoolean, 'true or false']
const aText: Rule = [isText, 'a non-empty string']
const anything: Rule = [() => true, 'any value']
const oneOf = (...values: readonly unknown[]): Rule => [
  (value) => values.includes(value),
  `one of ${values.map((value) => JSON.stringify(value)).join(', ')}`,
]

export const CLAIM_RULES: Readonly<Record<keyof ClaimOptions, Rule>> = {
  service: aText,
  retentionMs: aDuration,
  leaseMs: [
    (value) => isDuration(value) && Number(value) >= MIN_LEASE_MS,
    `a whole number of milliseconds from ${MIN_LEASE_MS}, at most 100 years`,
  ],
  renewEveryMs: aDuration,
  minRemainingMs: aDuration,
  onCrash: oneOf('rerun', 'refuse'),
  inFlight: [
    (value) => value === 'reject' || hasOnly(value, 'waitMs', isDuration),
    `'reject' or { waitMs: ${DURATION} }`,
  ],
  onStoreError: oneOf('refuse', 'run'),
  cache: [
    (value) =>
      hasOnly(value, 'maxEntries', (entries) => isCount(entries) && Number(entries) <= MAX_CACHE_ENTRIES),
    `{ maxEntries: a whole number from 1 to ${MAX_CACHE_ENTRIES} }`,
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
  logger: [isLogger, "a logger with the methods warn and error, such as Powertools' Logger, or false"],
}

/** A response as `shouldStore` and `redact` receive it, whatever the event's source. */
export interface HttpResponse {
  /** Always a number: 200 if the handler set none, 502 if API Gateway cannot read the one that it set. */
  readonly statusCode: number
  readonly headers?: { readonly [name: string]: string | number | boolean }
  readonly multiValueHeaders?: { readonly [name: string]: readonly (string | number | boolean)[] }
  readonly cookies?: readonly string[]
  /** As the handler returned it. A result that is not a response (a bare object or string) is itself the body. */
  readonly body?: unknown
  readonly isBase64Encoded?: boolean
}

/** The wording of problem details (RFC 9457). */
export interface ProblemOptions {
  /**
   * The base of the URIs that document your API's problems: `type` and `Link` are the base and the error's code.
   * @default `urn:oncekey:problem:`, with a `Link` to the Idempotency-Key draft
   */
  readonly typeBase?: string
  readonly titles?: { readonly [code in ErrorCode]?: string }
  /** For example `{ 'key-reused': 400 }`, as Stripe answers. */
  readonly statuses?: { readonly [code in ErrorCode]?: number }
}

/** The content of a refusal: problem details (RFC 9457), which are its body by default. */
export interface Problem {
  /** The URI of the problem's type. */
  readonly type: string
  readonly title: string
  /** The HTTP status. */
  readonly status: number
  /** Safe to show to the caller: it never says anything about the store or another request. */
  readonly detail: string
  /** The request's path. */
  readonly instance: string
  readonly code: ErrorCode
  /** Whether the same request may be sent again. */
  readonly retryable: boolean
  /** The status of the response that was not stored, for `replay-unavailable`. */
  readonly originalStatus?: number
}

/** A response in place of a refusal, in one form for every source of HTTP events. */
export interface RefusalResponse {
  /** From 200: some protocols report errors with 200. */
  readonly statusCode: number
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: string
}

/**
 * The options of `idempotent` and `idempotentHandler`. What concerns headers and responses holds for HTTP events.
 * Functions receive the handler's event, of type `TEvent`, and Lambda's context. Those that are called after the run
 * (`shouldStore`, `redact`) see what the handler may have changed in the event.
 */
export interface IdempotencyOptions<TEvent = unknown> extends ClaimOptions {
  /**
   * Returns the key, in place of the header or of the key that the event's source gives; `undefined` if the event has
   * none. Sources that give no key need it: WebSocket APIs, AppSync, Bedrock agents, Cognito triggers, direct and
   * asynchronous invocations. If it throws, the request is refused.
   */
  readonly key?: Hook<[event: TEvent, context: Context], string | undefined>
  /**
   * Whether an event without a key is refused. With `false`, the handler runs without protection. @default true
   */
  readonly required?: boolean
  /** The header that holds the key, or several names of it. Two that differ are refused. @default Idempotency-Key */
  readonly header?: string | readonly string[]
  /** Accepts only the quoted form of the header, as the draft defines it. @default bare keys too */
  readonly syntax?: 'strict'
  /** The least number of characters of a key. @default 1 */
  readonly minLength?: number
  /** Must match somewhere in the key. Anchor it to match the whole key. */
  readonly pattern?: RegExp
  /**
   * The greatest age of a UUIDv7 or ULID key, in milliseconds. Set it to the retention, and a late retry cannot run
   * again after its record is gone. A key from more than a minute ahead is refused too. @default no limit
   */
  readonly maxKeyAgeMs?: number
  /** The methods that are protected, in any case. @default POST and PATCH */
  readonly methods?: readonly string[]
  /** Returns `true` for an event that needs no protection. If it throws, the request is refused. */
  readonly skip?: Hook<[event: TEvent, context: Context], boolean>
  /**
   * Returns the caller's name; `undefined` leaves it to the event. Choose a name that stays the same when tokens are
   * renewed. If it throws or returns an empty string, the request is refused.
   */
  readonly principal?: Hook<[event: TEvent, context: Context], string | undefined>
  /**
   * How the Application Load Balancer in front authenticates **every** request that reaches the function: by OpenID
   * Connect or Cognito (the caller is `x-amzn-oidc-identity`), or by mutual TLS in verify mode (the certificate's issuer
   * and subject). A rule that lets a request pass without authentication makes these headers the client's word.
   * @default such headers are not believed: a request that has one is refused, unless `principal` names its caller
   */
  readonly albAuthentication?: 'oidc' | 'mtls'
  /** Whether a request is refused if nothing identifies its caller. @default false: such callers share their keys */
  readonly requirePrincipal?: boolean
  /** Gives each method and path its own key space. @default one key space for the service */
  readonly scope?: 'operation'
  /**
   * What distinguishes two requests with the same key: only what the function returns (a JSON value); or everything
   * but the members of the body that the JSON pointers name; or, with `false`, nothing.
   * @default method, path, query and body; of other events, what they carry
   */
  readonly fingerprint?: Hook<[event: TEvent, context: Context], unknown> | readonly string[] | false
  /**
   * Which responses are stored. A response that is not stored releases its key: the retry runs.
   * - `default`: 2xx, 3xx and 4xx except 401, 403, 408, 409, 423, 425, 429
   * - `stripe`: all, and a thrown error as a bare 500. Refusals have Stripe's bodies and statuses
   * - `success-only`: 2xx (RFC 9110 §15.3), and so no redirect
   *
   * The response header `Oncekey-Store: no-store` or `Oncekey-Store: max-age=SECONDS` takes precedence.
   * @default 'default'
   */
  readonly profile?: 'default' | 'stripe' | 'success-only'
  /** Replaces the profile's rule. If it throws or returns no boolean, the profile decides. */
  readonly shouldStore?: Hook<[response: HttpResponse, event: TEvent, context: Context], boolean>
  /**
   * Changes what is stored, not what is answered. It receives a copy. If it throws or returns no response, nothing is
   * stored, and repeats are answered with 410.
   */
  readonly redact?: Hook<[response: HttpResponse, event: TEvent, context: Context], HttpResponse>
  /** Whether `Set-Cookie` and `cookies` are stored and replayed. @default false */
  readonly storeCookies?: boolean
  /** Changes a stored response on replay only. If it throws, the stored response is returned unchanged. */
  readonly onReplay?: Hook<
    [response: unknown, event: TEvent, context: Context, record: ReplayedRecord],
    unknown
  >
  readonly problems?: ProblemOptions
  /**
   * Returns a response in place of a refusal, or `undefined` for the default one, which is also returned if it throws
   * or returns anything else. Called for HTTP events only: for other events a refusal is an error, which is thrown.
   * `Idempotency-Key` is added to the response, and `Cache-Control`, `Retry-After` and `Stripe-Should-Retry` unless it
   * has them.
   */
  readonly onRefusal?: Hook<
    [problem: Problem, error: OncekeyError, event: TEvent, context: Context],
    RefusalResponse | undefined | Promise<RefusalResponse | undefined>
  >
  /** Also sends `X-Idempotency-Key` and `X-Idempotency-Cache-Status: HIT` or `MISS`. @default false */
  readonly legacyHeaders?: boolean
  /**
   * What to do with an event that EventBridge replays from an archive: run once more for each replay, or treat it as
   * a repeat of the first delivery. @default 'run'
   */
  readonly archiveReplays?: 'run' | 'repeat'
  /**
   * Whether to prepare the first invocation during the initialization of a Lambda function: it opens the connection to
   * DynamoDB and compiles the code. Only for a table given by name, without `client`. @default true
   */
  readonly warmUp?: boolean
}

/** @see RFC 9110 §5.1 */
const isHeaderName = (value: unknown): boolean =>
  typeof value === 'string' && /^[\w!#$%&'*+.^`|~-]+$/.test(value)
const isMethod = (value: unknown): boolean =>
  typeof value === 'string' && /^(?!any$)[a-z]+(-[a-z]+)*$/i.test(value)
const isByCode = (value: unknown, isValid: (item: unknown) => boolean): boolean =>
  value === undefined ||
  (isObject(value) &&
    Object.entries(value).every(
      ([code, item]) => ERROR_CODES.some((known) => known === code) && isValid(item),
    ))
const isErrorStatus = (value: unknown): boolean =>
  Number.isInteger(value) && Number(value) >= 400 && Number(value) <= 599
const isProblems = (value: unknown): boolean => {
  if (!isObject(value)) return false
  const { typeBase = 'urn:', titles, statuses, ...others } = value
  return (
    Object.keys(others).length === 0 &&
    typeof typeBase === 'string' &&
    /^[!-;=?-~]+$/.test(typeBase) &&
    isByCode(titles, isText) &&
    isByCode(statuses, isErrorStatus)
  )
}

const isPointers = (value: unknown): boolean =>
  Array.isArray(value) && value.every((item) => typeof item === 'string' && isPointer(item))

const aFingerprint: Rule = [
  (value) => value === false || isFunction(value) || isPointers(value),
  "a function, a list of JSON pointers such as '/sentAt', or false",
]

export const EVENT_RULES: Readonly<Record<keyof IdempotencyOptions, Rule>> = {
  ...CLAIM_RULES,
  key: aFunction,
  required: aBoolean,
  header: [
    (value) => isHeaderName(value) || isListOf(isHeaderName, value),
    'a header name or a list of them',
  ],
  syntax: oneOf('strict'),
  minLength: [(value) => isCount(value) && Number(value) <= 255, 'a whole number from 1 to 255'],
  pattern: [(value) => value instanceof RegExp, 'a regular expression'],
  maxKeyAgeMs: aDuration,
  methods: [(value) => isListOf(isMethod, value), "a list of HTTP methods such as ['POST', 'PATCH']"],
  skip: aFunction,
  principal: aFunction,
  albAuthentication: oneOf('oidc', 'mtls'),
  requirePrincipal: aBoolean,
  scope: oneOf('operation'),
  fingerprint: aFingerprint,
  profile: oneOf('default', 'stripe', 'success-only'),
  shouldStore: aFunction,
  redact: aFunction,
  storeCookies: aBoolean,
  onReplay: aFunction,
  problems: [
    isProblems,
    'an object with typeBase (a URI), titles (strings by error code) or statuses (400 to 599 by error code)',
  ],
  onRefusal: aFunction,
  legacyHeaders: aBoolean,
  archiveReplays: oneOf('run', 'repeat'),
  warmUp: aBoolean,
}

/** The options of `idempotentBatch`. */
export interface BatchOptions<TRecord = unknown> extends ClaimOptions {
  /**
   * Returns the key of a record, in place of the one that its source gives. A producer that sends an order twice makes
   * two messages, and only the order's own id shows that they are the same.
   * @default the source's own identifier of the record
   */
  readonly key?: Hook<[record: TRecord, context: Context], string | undefined>
  /** Whether a record without a key is reported as failed. With `false`, it runs without protection. @default true */
  readonly required?: boolean
  /**
   * What distinguishes two records with the same key: only what the function returns (a JSON value); or everything but
   * the members that the JSON pointers name; or, with `false`, nothing.
   * @default what was sent
   */
  readonly fingerprint?: Hook<[record: TRecord, context: Context], unknown> | readonly string[] | false
  /**
   * Returns the record's group. Records of one group run in order, and a group stops at its first failure; a record
   * without a group may run beside any other. If it throws or returns anything else, that record is reported as failed.
   * @default a FIFO queue's message group; a stream's partition key or item; a Kafka partition; none for other queues
   */
  readonly group?: Hook<[record: TRecord, context: Context], string | undefined>
  /** How many records run at the same time. @default 8 */
  readonly concurrency?: number
  /**
   * Called with the error of every record that failed: Lambda does not log it. Whatever it throws is ignored.
   * @default console.error
   */
  readonly onRecordError?: Hook<[error: unknown, record: TRecord, context: Context], unknown>
}

export const BATCH_RULES: Readonly<Record<keyof BatchOptions, Rule>> = {
  ...CLAIM_RULES,
  key: aFunction,
  required: aBoolean,
  fingerprint: aFingerprint,
  group: aFunction,
  concurrency: aCount,
  onRecordError: aFunction,
}

/** The options of `runOnce`. It has no cache, which would be made anew on each call. */
export interface RunOnceOptions extends Omit<ClaimOptions, 'cache'> {
  /** The name of the operation. Two operations on one order never share a record. */
  readonly name: string
  /** The key within the operation, such as an order's id: 1 to 255 characters. */
  readonly key: string
  /** What the operation works on, as JSON. The same key with another input is refused. @default not compared */
  readonly input?: unknown
}

const { cache: _, ...UNCACHED_RULES } = CLAIM_RULES

export const RUN_ONCE_RULES: Readonly<Record<keyof RunOnceOptions, Rule>> = {
  ...UNCACHED_RULES,
  name: [(value) => typeof value === 'string' && value !== '', 'a non-empty string'],
  // The key and the input come from a caller: `runOnce` checks them on each call, with errors of their own.
  key: anything,
  input: anything,
}

/** The options of `once`: those of `runOnce`, with the key and the input taken from the method's arguments. */
export interface OnceOptions<Args extends unknown[]> extends Omit<RunOnceOptions, 'name' | 'key' | 'input'> {
  /** Returns the key within the method, such as an order's id: 1 to 255 characters. */
  readonly key: (...args: Args) => string
  /** Returns what the call works on, as JSON. The same key with another input is refused. @default not compared */
  readonly input?: (...args: Args) => unknown
  /**
   * The name of the operation. Required where the class cannot be determined: for a private method, or one that is
   * called without its object or has another decorator around this one. Set it too if a bundler renames classes, or
   * every build has a key space of its own.
   * @default `Class.method`, with the class that has the method
   */
  readonly name?: string
}

/**
 * Checks options at cold start, so that none is ignored silently.
 * @param where the function that received them, for the message.
 * @throws TypeError if an option is unknown or its value is invalid; the message names what was expected and received.
 */
export function checkOptions(where: string, options: unknown, rules: Readonly<Record<string, Rule>>): void {
  if (options === undefined) return
  if (!isObject(options))
    throw new TypeError(
      `${where}: expected options to be an object, got ${describe(options)}. Leave it out for the defaults.`,
    )
  for (const [name, value] of Object.entries(options)) {
    const rule = Object.hasOwn(rules, name) ? rules[name] : undefined
    if (rule === undefined) {
      throw new TypeError(
        `${where}: expected one of the options ${Object.keys(rules).join(', ')}, got ${describe(name)}. Rename or remove it.`,
      )
    }
    const [isValid, expected] = rule
    if (value !== undefined && !isValid(value)) {
      throw new TypeError(
        `${where}: expected ${name} to be ${expected}, got ${describe(value)}. Change it, or remove it for the default.`,
      )
    }
  }
}

function describe(value: unknown): string {
  if (typeof value === 'function') return 'a function'
  if (typeof value === 'object' && value !== null)
    return Array.isArray(value) ? JSON.stringify(value) : 'an object'
  return typeof value === 'string' ? JSON.stringify(value) : String(value)
}
