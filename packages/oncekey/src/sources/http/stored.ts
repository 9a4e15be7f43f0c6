import { ignoreRejection } from '../../core/log.ts'
import { warnOnce } from '../../core/outcome.ts'
import type { Hook, Invocation } from '../../core/request.ts'
import type { StoredContent } from '../../core/result.ts'
import { DEFAULTS, type HttpResponse, type IdempotencyOptions } from '../../options.ts'
import type { Members } from '../request.ts'
import type { HttpShape } from './request.ts'
import { asResponse, dropHeaders, isObject, isStream, statusOf } from './response.ts'

/** 4xx that may be different next time: the caller's rights, a conflict, a limit. */
const TRANSIENT = new Set([401, 403, 408, 409, 423, 425, 429])

const PROFILES: {
  readonly [name in NonNullable<IdempotencyOptions['profile']>]: (status: number) => boolean
} = {
  default: (status) => status >= 200 && status < 500 && !TRANSIENT.has(status),
  stripe: () => true,
  'success-only': (status) => status >= 200 && status < 300,
}

/** The header by which a response says whether and for how long it is stored. Removed from every answer. */
export const STORE_HEADER = 'oncekey-store'
/** The greatest time of a cache. @see RFC 9111 §1.2.2 */
const MAX_SECONDS = 2 ** 31

export type StoreOptions = Pick<IdempotencyOptions, 'profile' | 'storeCookies'> & {
  readonly shouldStore?: Hook<[response: HttpResponse, event: unknown, context: unknown], boolean> | undefined
  readonly redact?: Hook<[response: HttpResponse, event: unknown, context: unknown], HttpResponse> | undefined
}

/**
 * Returns what to store of the handler's result; `undefined`: nothing, and the key is released.
 * @param shape `undefined` for an event that is not HTTP: hooks get its result as the body of a response with 200.
 */
export function contentToStore(
  shape: HttpShape | undefined,
  result: unknown,
  options: StoreOptions,
  invocation: Invocation,
): StoredContent | undefined {
  const response = shape && asResponse(shape, result)
  const status = statusOf(response)
  const retentionMs = response && askedRetentionMs(response)
  if (retentionMs === 0) return undefined
  if (retentionMs === undefined && !isStored(response, status, result, options, invocation)) return undefined
  const facts = { ...(shape && { status }), ...(retentionMs !== undefined && { retentionMs }) }

  // The result of any other event becomes JSON in Lambda, whatever it is: a repeat gets the same JSON.
  if (shape !== undefined && isStream(result)) return { unavailable: 'its body is a stream', ...facts }
  if (options.redact === undefined)
    return { value: response ? storable(response, options) : result, ...facts }

  let redacted: unknown
  try {
    // A copy: the answer stays the same, even if `redact` writes to its argument.
    const copy: HttpResponse = JSON.parse(JSON.stringify(viewOf(response, status, result)))
    redacted = ignoreRejection(options.redact(copy, invocation.event, invocation.context))
  } catch (error) {
    return { unavailable: `redact threw (${error instanceof Error ? error.name : 'thrown'})`, ...facts }
  }
  if (!isObject(redacted) || typeof redacted.statusCode !== 'number') {
    return { unavailable: 'redact returned no response', ...facts }
  }
  return { value: response ? storable(redacted, options) : redacted.body, ...facts }
}

/** Returns the response as hooks get it. */
function viewOf(response: Members | undefined, statusCode: number, body: unknown): HttpResponse {
  return response ? { ...response, statusCode } : { statusCode, body }
}

function isStored(
  response: Members | undefined,
  status: number,
  result: unknown,
  { profile = DEFAULTS.profile, shouldStore }: StoreOptions,
  { event, context }: Invocation,
): boolean {
  if (shouldStore !== undefined) {
    try {
      const decision: unknown = ignoreRejection(shouldStore(viewOf(response, status, result), event, context))
      if (typeof decision === 'boolean') return decision
      warnOnce('ONCEKEY_SHOULD_STORE', `shouldStore returned ${typeof decision}, so the profile decided.`)
    } catch {
      // The work is done, and storing it must not depend on a rule that fails.
      warnOnce('ONCEKEY_SHOULD_STORE', 'shouldStore threw an error, so the profile decided.')
    }
  }
  return PROFILES[profile](status)
}

/** Returns for how long the response asks to be stored; 0: not at all; `undefined`: it does not say. */
function askedRetentionMs({ headers, multiValueHeaders }: Members): number | undefined {
  let shortestMs: number | undefined
  for (const map of [headers, multiValueHeaders]) {
    if (!isObject(map)) continue
    for (const name of Object.keys(map)) {
      if (name.length !== STORE_HEADER.length || name.toLowerCase() !== STORE_HEADER) continue
      const value = map[name]
      const lines: readonly unknown[] = Array.isArray(value) ? value : [value]
      for (const line of lines) {
        const ms = typeof line === 'string' ? lineMs(line) : undefined
        if (ms !== undefined) shortestMs = Math.min(ms, shortestMs ?? ms)
      }
    }
  }
  return shortestMs
}

function lineMs(line: string): number | undefined {
  let shortestMs: number | undefined
  for (const directive of line.toLowerCase().split(',')) {
    const seconds = directive.trim() === 'no-store' ? 0 : /^max-age="?(\d+)"?$/.exec(directive.trim())?.[1]
    if (seconds === undefined) continue
    const ms = Math.min(Number(seconds), MAX_SECONDS) * 1000
    shortestMs = Math.min(ms, shortestMs ?? ms)
  }
  return shortestMs
}

/** Headers of one connection or one moment, and those that each replay sets anew. */
const NEVER_STORED = new Set([
  'date',
  'content-length',
  'connection',
  'keep-alive',
  'transfer-encoding',
  'upgrade',
  'trailer',
  STORE_HEADER,
  'idempotency-key',
  'idempotent-replayed',
])

/**
 * Headers of one request: AWS's own, CORS (they name the request's origin), and those of traces: W3C, B3, Datadog,
 * Google Cloud, Jaeger, Sentry and New Relic.
 */
const OF_ONE_REQUEST =
  /^(?:x-amzn?-|access-control-|x-b3-|x-datadog-|trace(?:parent|state|response)$|b3$|baggage$|x-cloud-trace-context$|uber-trace-id$|sentry-trace$|newrelic$)/
/** Such as `X-Request-Id`, `Apigw-Requestid` and `X-Client-Request-Id`. */
const REQUEST_ID = /(?:^|-)(?:request|correlation|trace|span)-?id$/

const isDropped = (name: string): boolean =>
  NEVER_STORED.has(name) || OF_ONE_REQUEST.test(name) || (name.endsWith('id') && REQUEST_ID.test(name))
const isDroppedOrCookie = (name: string): boolean => name === 'set-cookie' || isDropped(name)

/** Returns the response without what is never stored. */
function storable(response: Members, { storeCookies = false }: StoreOptions): Members {
  if (storeCookies) return dropHeaders(response, isDropped)
  const rest = dropHeaders(response, isDroppedOrCookie)
  if (rest.cookies === undefined) return rest
  const { cookies, ...others } = rest
  return others
}
