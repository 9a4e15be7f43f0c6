import {
  type ErrorCode,
  InFlightError,
  type OncekeyError,
  ResultUnavailableError,
} from '../../core/errors.ts'
import type { Problem, ProblemOptions, RefusalResponse } from '../../options.ts'
import type { HttpRequest } from './request.ts'

const OUTSTANDING = 'A request is outstanding for this Idempotency-Key'
const RETRY = 'Retry later with the same key.'
const REPORT = 'The request was not run. Report this error to the operator of the service.'

/** Without a `detail`, the error's own message is sent: it speaks only of the request and its key. */
const PROBLEMS: { readonly [code in ErrorCode]: readonly [status: number, title: string, detail?: string] } =
  {
    'key-missing': [400, 'Idempotency-Key is missing'],
    'key-invalid': [400, 'Idempotency-Key is malformed'],
    'key-expired': [400, 'Idempotency-Key is expired'],
    'identity-unknown': [
      500,
      'The request cannot be identified',
      'The request was not run. Report this error to the operator of the service.',
    ],
    'key-reused': [
      422,
      'Idempotency-Key is already used',
      'This key was used for a different request. Use a new key for a new request.',
    ],
    'in-flight': [409, OUTSTANDING, RETRY],
    'lease-lost': [409, OUTSTANDING, RETRY],
    'replay-unavailable': [
      410,
      'The response was not stored',
      'The request was completed, but its response was not stored. It will not run again.',
    ],
    'outcome-unknown': [
      409,
      'The outcome is unknown',
      'An earlier attempt was interrupted. Check whether it took effect before you send the request again with a new key.',
    ],
    'record-unreadable': [500, 'The idempotency record cannot be read', REPORT],
    'store-unavailable': [503, 'Idempotency is unavailable', RETRY],
  }

/** The store refused for good: no retry helps before somebody corrects the configuration. */
const MISCONFIGURED: (typeof PROBLEMS)[ErrorCode] = [500, 'Idempotency is unavailable', REPORT]

/** Long enough to be worth it, and never so long that a client gives up. */
const MIN_RETRY_AFTER_S = 1
const MAX_RETRY_AFTER_S = 5

const TYPE_BASE = 'urn:oncekey:problem:'
const DOCUMENTATION = 'https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-idempotency-key-header-07'

/**
 * Returns the problem that a refusal reports.
 * It holds nothing of the request but its path and key, and nothing of any other request.
 * @see RFC 9457 §3
 */
export function describeProblem(
  { path }: HttpRequest,
  error: OncekeyError,
  { typeBase, titles, statuses }: ProblemOptions = {},
): Problem {
  const { code, retryable, message } = error
  const isMisconfigured = code === 'store-unavailable' && !retryable
  const [status, title, detail = message] = isMisconfigured ? MISCONFIGURED : PROBLEMS[code]
  return {
    type: typeBase === undefined ? TYPE_BASE + code : join(typeBase, code),
    title: titles?.[code] ?? title,
    status: statuses?.[code] ?? status,
    detail,
    instance: asUriPath(path),
    code,
    retryable,
    ...(error instanceof ResultUnavailableError &&
      error.status !== undefined && { originalStatus: error.status }),
  }
}

/** Returns the default refusal: the problem itself, and where it is documented. */
export function problemResponse(problem: Problem, { typeBase }: ProblemOptions = {}): RefusalResponse {
  return {
    statusCode: problem.status,
    headers: {
      'Content-Type': 'application/problem+json; charset=utf-8',
      'Content-Language': 'en',
      Link: `<${typeBase === undefined ? DOCUMENTATION : problem.type}>; rel="describedby"`,
    },
    body: JSON.stringify(problem),
  }
}

/** Returns the headers of a refusal that caches and retrying clients act on. A body of the user's has no `retryable`. */
export function refusalHeaders(error: OncekeyError, isOfUser: boolean): Readonly<Record<string, string>> {
  const { code, retryable } = error
  return {
    'Cache-Control': 'no-store',
    ...(retryable && { 'Retry-After': retryAfterSeconds(error) }),
    // Clients that follow Stripe's would otherwise retry every 409, and every 5xx.
    ...((code === 'outcome-unknown' || (isOfUser && !retryable)) && { 'Stripe-Should-Retry': 'false' }),
  }
}

function retryAfterSeconds(error: OncekeyError): string {
  const seconds = error instanceof InFlightError ? Math.ceil(error.retryAfterMs / 1000) : MIN_RETRY_AFTER_S
  return String(Math.min(MAX_RETRY_AFTER_S, Math.max(MIN_RETRY_AFTER_S, seconds || MIN_RETRY_AFTER_S)))
}

function join(base: string, code: string): string {
  return /[/#:?=]$/.test(base) ? base + code : `${base}/${code}`
}

/** Returns a path reference (RFC 3986 §3.3) for any path. Two slashes at its start would begin a host. */
function asUriPath(path: string): string {
  return path
    .toWellFormed()
    .replace(/[^\w!$&'()*+,;=:@/.~%-]|%(?![\dA-Fa-f]{2})/gu, encodeURIComponent)
    .replace(/^\/*/, '/')
}
