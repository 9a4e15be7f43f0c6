import { KeyInvalidError, KeyMissingError } from '../../protocol/errors.ts'
import { fingerprintContent, fingerprintOf, NO_FINGERPRINT } from '../../protocol/fingerprint.ts'
import { recordId } from '../../protocol/identity.ts'
import type { Intent } from '../../protocol/intent.ts'
import { checkKey, missingHeader, readHeaderKey } from './key.ts'
import { findStaleKey } from './key-age.ts'
import { membersOf } from './members.ts'
import { ANONYMOUS, customPrincipal, readPrincipal, warnOfAnonymous } from './principal.ts'
import { readRequest } from './read-request.ts'
import { type HttpReadingOptions, READING_DEFAULTS } from './reading-options.ts'
import type { HttpRequest } from './request.ts'

/** What an HTTP event asks for. */
export type HttpReading =
  /** The handler runs without protection. */
  | { readonly kind: 'unprotected'; readonly outcome: 'skipped' | 'missing' }
  /** The handler does not run. `key` is set if a well-formed one was read before. */
  | {
      readonly kind: 'refused'
      readonly request: HttpRequest
      readonly error: KeyMissingError | KeyInvalidError
      readonly key?: string
    }
  /** `staleKey` is the answer, unless the key's record still replays. */
  | {
      readonly kind: 'asked'
      readonly request: HttpRequest
      readonly intent: Intent
      readonly staleKey?: KeyInvalidError
    }

/**
 * Reads everything that Oncekey needs of an HTTP event, at once, before a handler can change it; `undefined` if it is
 * no HTTP event.
 * @throws TypeError if no service is known.
 */
export function readHttp(
  event: unknown,
  context: unknown,
  options: HttpReadingOptions,
  nowMs: number,
): HttpReading | undefined {
  const request = readRequest(event)
  if (request === undefined) return undefined
  const methods = options.methods ?? READING_DEFAULTS.methods
  if (!methods.some((method) => method.toUpperCase() === request.method)) return SKIPPED

  let key: string | undefined
  try {
    if (options.skip !== undefined && ask('skip', options.skip, event) === true) return SKIPPED
    key = readKey(event, request, options)
    if (key === undefined) {
      return options.required === false
        ? { kind: 'unprotected', outcome: 'missing' }
        : { kind: 'refused', request, error: missingKey(options) }
    }
    const { maxKeyAgeMs } = options
    const staleKey = maxKeyAgeMs === undefined ? undefined : findStaleKey(key, maxKeyAgeMs, nowMs)
    const intent = readIntent(event, context, request, key, options)
    return { kind: 'asked', request, intent, ...(staleKey && { staleKey }) }
  } catch (error) {
    if (!(error instanceof KeyInvalidError)) throw error
    return { kind: 'refused', request, error, ...(key !== undefined && { key }) }
  }
}

const SKIPPED: HttpReading = { kind: 'unprotected', outcome: 'skipped' }

function readKey(event: unknown, request: HttpRequest, options: HttpReadingOptions): string | undefined {
  if (options.key === undefined) return readHeaderKey(request.headers, headerNames(options), options)
  const key: unknown = ask('key', options.key, event)
  return key === undefined || key === null ? undefined : checkKey(key, options, 'The idempotency key')
}

function missingKey(options: HttpReadingOptions): KeyMissingError {
  return options.key === undefined
    ? missingHeader(headerNames(options))
    : new KeyMissingError('This request holds nothing that could be its idempotency key.')
}

function headerNames({ header = READING_DEFAULTS.header }: HttpReadingOptions): readonly string[] {
  return typeof header === 'string' ? [header] : header
}

function readIntent(
  event: unknown,
  context: unknown,
  request: HttpRequest,
  key: string,
  options: HttpReadingOptions,
): Intent {
  const service = options.service ?? membersOf(context).functionName
  if (typeof service !== 'string' || service === '') {
    throw new TypeError('Expected the option service where the context tells no functionName, got none.')
  }
  const name = options.scope === 'operation' ? `${request.method} ${request.path}` : ''
  const principal = requirePrincipal(event, request, options)
  return {
    id: recordId({ kind: 'http', service, name, principal, key }),
    key,
    fingerprint: fingerprint(event, request, options),
  }
}

function requirePrincipal(event: unknown, request: HttpRequest, options: HttpReadingOptions): string {
  const named: unknown = options.principal && ask('principal', options.principal, event)
  if (named !== undefined && named !== null) {
    if (typeof named === 'string' && named.trim() !== '') return customPrincipal(named)
    const got = typeof named === 'string' ? 'an empty one' : typeof named
    throw new KeyInvalidError(
      `The caller cannot be identified: expected principal to give a name, got ${got}.`,
    )
  }
  const principal = readPrincipal(event, request)
  if (principal !== undefined) return principal
  if (options.requirePrincipal === true) {
    throw new KeyInvalidError(
      'The caller is not identified, and an idempotency key must belong to someone here.',
    )
  }
  warnOfAnonymous()
  return ANONYMOUS
}

function fingerprint(event: unknown, request: HttpRequest, options: HttpReadingOptions): string {
  const { fingerprint: how = [] } = options
  if (how === false) return NO_FINGERPRINT
  if (typeof how === 'function') {
    const compared = ask('fingerprint', how, event)
    return orRefuse(() => fingerprintOf(compared, 'custom'))
  }
  // Parameters may come in any order, the values of a repeated one may not: the sort is stable.
  const query = request.query.toSorted(([one], [other]) => (one < other ? -1 : one > other ? 1 : 0))
  const about = [request.method, request.path, JSON.stringify(query)]
  return orRefuse(() => fingerprintContent(about, request.body, how))
}

/** Options' functions read what clients send: if one fails, the request is refused, and nothing is run. */
function ask<T>(option: string, fn: (event: unknown) => T, event: unknown): T {
  try {
    return fn(event)
  } catch (cause) {
    throw new KeyInvalidError(`The service's own function ${option} failed on this request.`, { cause })
  }
}

function orRefuse<T>(fn: () => T): T {
  try {
    return fn()
  } catch (cause) {
    throw new KeyInvalidError('This request cannot be told from others: what is compared is not JSON.', {
      cause,
    })
  }
}

export type { HttpReadingOptions } from './reading-options.ts'
