import { KeyInvalidError, KeyMissingError } from '../../protocol/errors.ts'
import { fingerprintContent, fingerprintOf, NO_FINGERPRINT } from '../../protocol/fingerprint.ts'
import { recordId } from '../../protocol/identity.ts'
import type { Intent } from '../../protocol/intent.ts'
import { ask, unidentified } from '../ask.ts'
import { namedPrincipal, refuseAnonymous } from '../caller.ts'
import { findStaleKey } from '../key-age.ts'
import { checkKey, missingHeader, readHeaderKey } from './key.ts'
import { ANONYMOUS, readPrincipal, warnOfAnonymous } from './principal.ts'
import { readRequest } from './read-request.ts'
import { type HttpReadingOptions, headerNames, READING_DEFAULTS } from './reading-options.ts'
import type { HttpRequest } from './request.ts'

type ServiceOptions = HttpReadingOptions & { readonly service: string }

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
 */
export function readHttp(event: unknown, options: ServiceOptions, nowMs: number): HttpReading | undefined {
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
    const staleKey = findStaleKey(key, options.maxKeyAgeMs, nowMs)
    const intent = readIntent(event, request, key, options)
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

function readIntent(event: unknown, request: HttpRequest, key: string, options: ServiceOptions): Intent {
  const { service } = options
  const name = options.scope === 'operation' ? `${request.method} ${request.path}` : ''
  const principal = requirePrincipal(event, request, options)
  return {
    id: recordId({ kind: 'http', service, name, principal, key }),
    key,
    fingerprint: fingerprint(event, request, options),
  }
}

function requirePrincipal(event: unknown, request: HttpRequest, options: HttpReadingOptions): string {
  const principal = namedPrincipal(event, options) ?? readPrincipal(event, request)
  if (principal !== undefined) return principal
  refuseAnonymous(options)
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

function orRefuse<T>(fn: () => T): T {
  try {
    return fn()
  } catch (cause) {
    throw unidentified('This request cannot be told from others: what is compared is not JSON.', cause)
  }
}

export type { HttpReadingOptions } from './reading-options.ts'
