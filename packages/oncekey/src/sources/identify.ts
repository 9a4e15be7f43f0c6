import { KeyInvalidError, KeyMissingError } from '../core/errors.ts'
import { fingerprintContent, fingerprintOf, NO_FINGERPRINT } from '../core/fingerprint.ts'
import { type Identity, recordId } from '../core/identity.ts'
import { ignoreRejection } from '../core/log.ts'
import { warnOnce } from '../core/outcome.ts'
import type { Hook, Invocation, ProtectedRequest, Responder } from '../core/request.ts'
import { DEFAULTS, type IdempotencyOptions } from '../options.ts'
import type { Compared } from './envelope.ts'
import { findExpiredKey } from './key-age.ts'

/** An event, once it has been identified. */
export type Identified =
  | { readonly kind: 'request'; readonly request: ProtectedRequest }
  /** The handler runs without protection. */
  | { readonly kind: 'unprotected'; readonly outcome: 'skipped' | 'missing' }
  /** The handler does not run. `refuse` returns or throws the answer. */
  | {
      readonly kind: 'refused'
      readonly error: KeyMissingError | KeyInvalidError
      readonly refuse: () => unknown
    }

export const SKIPPED: Identified = { kind: 'unprotected', outcome: 'skipped' }

/** A key that the event's source made itself, equal on every delivery. It needs no rules and no caller. */
export interface NativeKey {
  /** Separates the source's keys from all others. */
  readonly name: string
  readonly key: string
  /** The stream or cluster within which a key is unique, if it is not unique everywhere. */
  readonly principal: string
}

/** Describes the events of one source. One object serves all events; a `Source` is what was read of one. */
export interface EventKind<Source> {
  readonly kind: Identity['kind']
  /** The name of such an event in errors. */
  readonly noun: string
  readonly responder: Responder<Source>
  /** The longest that a caller of this kind can be kept waiting. */
  readonly maxWaitMs: number
  /** The message for an event without a key. */
  readonly missingKey: string
  /** Returns the source's own key, if it gives one. Not called if the user gives the key. */
  nativeKey?(source: Source): NativeKey | undefined
  /** Returns the key that the caller sent, or throws if it is malformed. Not called if the user gives the key. */
  sentKey?(source: Source): string | undefined
  /** Throws if a key that the user gives has a form that this kind cannot carry. */
  checkKey?(key: string, where: string): void
  /** Returns the operation that a caller's key belongs to. Absent: all share one key space. */
  operation?(source: Source): string
  /**
   * Returns the caller that the source names, `undefined` if it names none, or `UNNAMED` if it vouches for one in a form
   * that is not known here. Absent: events of this kind have no caller.
   */
  principal?(source: Source): string | typeof UNNAMED | undefined
  /** Returns what the fingerprint is made of. */
  readContent(source: Source): Compared
  /** Returns what the responder needs to know once the key is keyedSource. Absent: the same. */
  withKey?(source: Source, key: string): Source
}

type EventHook<Result> = Hook<[event: unknown, context: unknown], Result>

export type IdentifyOptions = Pick<
  IdempotencyOptions,
  'required' | 'minLength' | 'pattern' | 'maxKeyAgeMs' | 'requirePrincipal'
> & {
  readonly key?: EventHook<string | undefined> | undefined
  readonly skip?: EventHook<boolean> | undefined
  readonly principal?: EventHook<string | undefined> | undefined
  readonly fingerprint?: EventHook<unknown> | readonly string[] | false | undefined
}

/** A caller that the event's source vouches for and that has no name here. Callers of this kind must never share. */
export const UNNAMED: unique symbol = Symbol('unnamed caller')

/** The principal of every caller that nothing identifies. */
export const ANONYMOUS = 'anonymous'

/** Identifies an event: is it protected, under which key, of which caller, and with which content? */
export function identify<Source>(
  kind: EventKind<Source>,
  source: Source,
  invocation: Invocation,
  options: IdentifyOptions,
): Identified {
  const { service, startedAtMs, offsetMs = 0 } = invocation
  const { noun, responder, maxWaitMs } = kind
  let keyedSource = source
  try {
    const { skip } = options
    if (skip !== undefined && callHook('skip', skip, invocation, noun) === true) return SKIPPED

    const native = options.key === undefined ? kind.nativeKey?.(source) : undefined
    const key = native?.key ?? readCallersKey(kind, source, invocation, options)
    if (key === undefined) {
      if (options.required === false) return { kind: 'unprotected', outcome: 'missing' }
      const error = new KeyMissingError(
        options.key === undefined
          ? kind.missingKey
          : `This ${noun} has no idempotency key: the service's function key returned none.`,
      )
      return { kind: 'refused', error, refuse: () => responder.refuse(error, source, invocation) }
    }
    keyedSource = kind.withKey?.(source, key) ?? source
    const expiredKey = native ? undefined : findExpiredKey(key, options.maxKeyAgeMs, startedAtMs + offsetMs)
    const name = native ? native.name : (kind.operation?.(source) ?? '')
    const principal = native
      ? native.principal
      : withTenant(callerOf(kind, source, invocation, options), invocation)
    const request: ProtectedRequest<Source> = {
      invocation,
      id: recordId({ kind: kind.kind, service, name, principal, key }),
      key,
      fingerprint: computeFingerprint(kind, source, invocation, options.fingerprint),
      expiredKey,
      maxWaitMs,
      responder,
      source: keyedSource,
    }
    return { kind: 'request', request }
  } catch (error) {
    if (!(error instanceof KeyInvalidError)) throw error
    return { kind: 'refused', error, refuse: () => responder.refuse(error, keyedSource, invocation) }
  }
}

/** Returns the key that the user's function gives, or the one that the caller sent. */
function readCallersKey<Source>(
  kind: EventKind<Source>,
  source: Source,
  invocation: Invocation,
  options: IdentifyOptions,
): string | undefined {
  const where = `The key of this ${kind.noun}`
  let key: unknown
  if (options.key === undefined) {
    key = kind.sentKey?.(source)
  } else {
    key = callKeyHook(options.key, invocation, where)
    if (typeof key === 'string') kind.checkKey?.(key, where)
  }
  if (key === undefined || key === null || key === '') return undefined
  if (typeof key !== 'string') {
    throw new KeyInvalidError(`${where} is malformed: expected a string, got ${typeof key}.`)
  }
  const { minLength = DEFAULTS.minLength, pattern } = options
  if (key.length < minLength) throw malformedKey(where, key, `at least ${minLength} characters`)
  // `search` starts at the beginning whatever the pattern's flags, and does not change its state.
  if (pattern !== undefined && key.search(pattern) < 0) {
    throw malformedKey(where, key, `a match of ${String(pattern)}`)
  }
  return key
}

function callerOf<Source>(
  kind: EventKind<Source>,
  source: Source,
  invocation: Invocation,
  { principal, requirePrincipal }: IdentifyOptions,
): string {
  const named: unknown = principal && callHook('principal', principal, invocation, kind.noun)
  if (named !== undefined && named !== null) {
    if (typeof named === 'string' && named.trim() !== '') return customPrincipal(named)
    const got = typeof named === 'string' ? 'an empty one' : typeof named
    throw unidentified(
      `The caller cannot be identified: expected the service's function principal to return a name, got ${got}.`,
    )
  }
  const read = kind.principal?.(source)
  if (read === UNNAMED) {
    throw unidentified(
      `The caller of this ${kind.noun} is authenticated, but has no name that Oncekey can rely on, and such callers must not share their keys. Set the option principal to a function that returns the caller's name, or albAuthentication if a load balancer authenticates every request.`,
    )
  }
  if (read !== undefined) return read
  if (requirePrincipal === true) {
    throw unidentified(
      'The caller is not identified, and this service requires it. Authenticate, or set the option principal.',
    )
  }
  if (kind.principal === undefined) return ''
  warnOnce(
    'ONCEKEY_ANONYMOUS',
    'A protected request came from a caller that nothing identifies. All such callers share their keys and results. ' +
      'Add an authorizer, set the option principal, or set requirePrincipal to refuse such requests.',
  )
  return ANONYMOUS
}

/**
 * Keeps the tenants of one function apart, whoever their callers are.
 * @see https://docs.aws.amazon.com/lambda/latest/dg/tenant-isolation-context.html
 */
function withTenant(principal: string, { context }: Invocation): string {
  const tenant = typeof context === 'object' && context !== null && 'tenantId' in context && context.tenantId
  return typeof tenant === 'string' ? JSON.stringify(['tenant', tenant, principal]) : principal
}

/** Returns the principal of a name that the option gives, different from every one that an event's source gives. */
export function customPrincipal(name: string): string {
  return JSON.stringify(['custom', name])
}

function computeFingerprint<Source>(
  kind: EventKind<Source>,
  source: Source,
  invocation: Invocation,
  option: IdentifyOptions['fingerprint'] = [],
): string {
  if (option === false) return NO_FINGERPRINT
  const isHook = typeof option === 'function'
  const returned: unknown = isHook ? callHook('fingerprint', option, invocation, kind.noun) : undefined
  try {
    if (isHook) return fingerprintOf(returned, 'custom')
    const { about, content } = kind.readContent(source)
    return fingerprintContent(about, content, option)
  } catch (cause) {
    throw unidentified(
      `This ${kind.noun} cannot be compared with others: what is compared is not JSON. Set the option fingerprint to a function that returns JSON.`,
      cause,
    )
  }
}

/** Calls the option `key`. It usually reads what the client sent, so that its failure is the client's. */
function callKeyHook(hook: EventHook<unknown>, { event, context }: Invocation, where: string): unknown {
  try {
    return ignoreRejection(hook(event, context))
  } catch (cause) {
    throw new KeyInvalidError(`${where} cannot be read: the service's function key threw.`, { cause })
  }
}

/** Calls a hook that reads what clients send. If it throws, the request is refused, and nothing runs by accident. */
function callHook<T>(option: string, hook: EventHook<T>, { event, context }: Invocation, noun: string): T {
  try {
    return ignoreRejection(hook(event, context))
  } catch (cause) {
    throw unidentified(`This ${noun} cannot be identified: the service's function ${option} threw.`, cause)
  }
}

function unidentified(message: string, cause?: unknown): KeyInvalidError {
  return new KeyInvalidError(message, { code: 'identity-unknown', cause })
}

const EXCERPT_CHARACTERS = 40

export function malformedKey(where: string, value: string, expected: string): KeyInvalidError {
  const excerpt = JSON.stringify(value.slice(0, EXCERPT_CHARACTERS))
  const rest = value.length > EXCERPT_CHARACTERS ? `… (${value.length} characters)` : ''
  return new KeyInvalidError(`${where} is malformed: expected ${expected}, got ${excerpt}${rest}.`)
}
