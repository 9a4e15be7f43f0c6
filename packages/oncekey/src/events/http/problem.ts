import {
  type ErrorCode,
  InFlightError,
  type OncekeyError,
  ResultUnavailableError,
} from '../../protocol/errors.ts'
import type { ProblemOptions } from './answering-options.ts'
import type { HttpRequest } from './request.ts'
import { addHeaders } from './response.ts'

const OUTSTANDING = 'A request is outstanding for this Idempotency-Key'
const AGAIN = 'Send the request again later, with the same key.'

/** Without a `detail`, the error's own message: it speaks of the key only, which the caller sent. */
const PROBLEMS: { readonly [code in ErrorCode]: readonly [status: number, title: string, detail?: string] } =
  {
    'key-missing': [400, 'Idempotency-Key is missing'],
    'key-invalid': [400, 'Idempotency-Key is malformed'],
    'key-expired': [400, 'Idempotency-Key is expired'],
    'identity-unknown': [400, 'The request cannot be identified'],
    'key-reused': [422, 'Idempotency-Key is already used', 'Send another request under another key.'],
    'in-flight': [409, OUTSTANDING, AGAIN],
    'lease-lost': [409, OUTSTANDING, AGAIN],
    'replay-unavailable': [
      410,
      'The result could not be kept',
      'The request was carried out, and will not be again.',
    ],
    'outcome-unknown': [
      409,
      'The outcome is unknown',
      'Find out whether the request took effect before you send it under another key.',
    ],
    'record-unreadable': [
      500,
      'The idempotency record cannot be read',
      'The request was not carried out this time.',
    ],
    'store-unavailable': [503, 'Idempotency is unavailable', AGAIN],
  }

/** Whoever asks again for these must wait a little: seconds, and never so long that a client gives up. */
const WAITS: readonly string[] = ['in-flight', 'lease-lost', 'store-unavailable']
const MIN_WAIT_S = 1
const MAX_WAIT_S = 5

const TYPE_BASE = 'urn:oncekey:problem:'
const DOCUMENTATION = 'https://datatracker.ietf.org/doc/html/draft-ietf-httpapi-idempotency-key-header-07'

/**
 * The answer that says no, in the shape that the event's source takes, with these headers of its own besides.
 * It holds nothing of the request but its path, and nothing of any other.
 * @see RFC 9457 §3
 */
export function problemResponse(
  { shape, path }: HttpRequest,
  error: OncekeyError,
  { typeBase, titles, statuses }: ProblemOptions = {},
  echo: Readonly<Record<string, string>> = {},
): unknown {
  const { code, retryable, message } = error
  const [usualStatus, usualTitle, detail = message] = PROBLEMS[code]
  const status = statuses?.[code] ?? usualStatus
  const type = typeBase === undefined ? TYPE_BASE + code : join(typeBase, code)
  const problem = {
    type,
    title: titles?.[code] ?? usualTitle,
    status,
    detail,
    instance: asUriPath(path),
    code,
    retryable,
    ...(error instanceof ResultUnavailableError && { originalStatus: error.status }),
  }
  const response = {
    statusCode: status,
    ...(shape.startsWith('alb') && { statusDescription: `${status} ${reasonPhrase(status)}`.trim() }),
    body: JSON.stringify(problem),
    isBase64Encoded: false,
  }
  return addHeaders(shape, response, {
    'Content-Type': 'application/problem+json; charset=utf-8',
    'Content-Language': 'en',
    'Cache-Control': 'no-store',
    Link: `<${typeBase === undefined ? DOCUMENTATION : type}>; rel="describedby"`,
    ...(WAITS.includes(code) && { 'Retry-After': waitSeconds(error) }),
    // Clients that follow Stripe's would otherwise retry every 409.
    ...(code === 'outcome-unknown' && { 'Stripe-Should-Retry': 'false' }),
    ...echo,
  })
}

/** Only load balancers want it; to import `node:http` for it would double the time that this library takes to load. */
function reasonPhrase(status: number): string {
  return process.getBuiltinModule('node:http').STATUS_CODES[status] ?? ''
}

function waitSeconds(error: OncekeyError): string {
  const seconds = error instanceof InFlightError ? Math.ceil(error.retryAfterMs / 1000) : MIN_WAIT_S
  return String(Math.min(MAX_WAIT_S, Math.max(MIN_WAIT_S, seconds || MIN_WAIT_S)))
}

function join(base: string, code: string): string {
  return /[/#:?=]$/.test(base) ? base + code : `${base}/${code}`
}

/** A path reference (RFC 3986 §3.3), whatever bytes the event's path holds. Two slashes would begin a host. */
function asUriPath(path: string): string {
  return path
    .toWellFormed()
    .replace(/[^\w!$&'()*+,;=:@/.~%-]|%(?![\dA-Fa-f]{2})/gu, encodeURIComponent)
    .replace(/^\/*/, '/')
}
