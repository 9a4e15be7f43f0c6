import { isUtf8 } from 'node:buffer'
import type { Content } from '../../core/fingerprint.ts'
import { isMembers, type Members, membersOf } from '../request.ts'

/** The shapes of HTTP events that AWS documents, by the shape of the response that they expect. */
export type HttpShape = 'rest' | 'http' | 'alb' | 'alb-multi'

/** An HTTP event in one form, whatever sent it. */
export interface HttpRequest {
  readonly shape: HttpShape
  /** In upper case. */
  readonly method: string
  /** With its values, not the route's template; without the query. */
  readonly path: string
  /** For what only some requests need: see the functions below. */
  readonly event: Members
  /** The event's `requestContext`. */
  readonly context: Members
  /** The key as the response's `Idempotency-Key` header shows it, once it is known. */
  readonly echo?: string
}

/**
 * Reads an HTTP event, or returns `undefined` for any other event. Events may have passed through other middleware, or
 * be made by hand, so that only the method is certain.
 */
export function readRequest(source: unknown): HttpRequest | undefined {
  const event = membersOf(source)
  const context = membersOf(event.requestContext)
  const http = membersOf(context.http)
  const method = http.method ?? event.httpMethod ?? context.httpMethod
  if (typeof method !== 'string') return undefined
  return {
    shape: shapeOf(event, context, http),
    method: method.toUpperCase(),
    path: textOf(event.rawPath) ?? textOf(event.path) ?? textOf(http.path) ?? textOf(context.path) ?? '',
    event,
    context,
  }
}

function shapeOf(event: Members, context: Members, http: Members): HttpShape {
  if ('elb' in context) return isMembers(event.multiValueHeaders) ? 'alb-multi' : 'alb'
  return typeof http.method === 'string' ? 'http' : 'rest'
}

function textOf(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

/**
 * Returns every value of a header, as far as the event shows them apart, or `undefined` if it is absent.
 * `multiValueHeaders` has all values, `headers` the last one; some sources give both.
 * @param name in lower case.
 */
export function headerValues({ event }: HttpRequest, name: string): readonly string[] | undefined {
  const values: string[] = []
  const multi = membersOf(event.multiValueHeaders)
  let last: unknown
  for (const spelling of Object.keys(multi)) {
    if (!isSpellingOf(name, spelling)) continue
    const value = multi[spelling]
    addTexts(values, value)
    if (Array.isArray(value)) last = value.at(-1)
  }
  const single = membersOf(event.headers)
  for (const spelling of Object.keys(single)) {
    if (!isSpellingOf(name, spelling)) continue
    const value = single[spelling]
    // Values that contradict each other are all kept, so that none is taken for the only one.
    if (last === value) last = undefined
    else addTexts(values, value)
  }
  return values.length === 0 ? undefined : values
}

function isSpellingOf(name: string, spelling: string): boolean {
  return spelling.length === name.length && spelling.toLowerCase() === name
}

type Parameter = readonly [name: string, value: string]

/** Returns the names and values of the query, decoded, in the order of the event. */
export function readQuery({ event, shape }: HttpRequest): readonly Parameter[] {
  const raw = event.rawQueryString
  if (typeof raw === 'string' && raw !== '') return raw.split('&').map(readParameter)
  const lists = membersOf(event.multiValueQueryStringParameters)
  const parameters = Object.keys(lists).length > 0 ? lists : membersOf(event.queryStringParameters)
  // A load balancer does not decode parameters.
  const decode = shape.startsWith('alb') ? decodeParameter : (text: string) => text
  return Object.entries(parameters).flatMap(([name, value]) =>
    addTexts([], value).map((text) => [decode(name), decode(text)] as const),
  )
}

function readParameter(text: string): Parameter {
  const equals = text.indexOf('=')
  const end = equals < 0 ? text.length : equals
  return [decodeParameter(text.slice(0, end)), decodeParameter(text.slice(end + 1))]
}

/** No decoded text has one: a lone surrogate. */
const NOT_DECODED = '\ud800'

/**
 * Returns the text that the bytes of a form's name or value are. Bytes that are not UTF-8 stay encoded, and are marked:
 * with replacement characters, two different texts would be the same, and `%FF` is not `%25FF`.
 */
function decodeParameter(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return NOT_DECODED + text
  }
}

/** Adds the texts of a value or a list of values. A value that is not text is added as empty, which is never valid. */
function addTexts(texts: string[], value: unknown): string[] {
  if (Array.isArray(value)) for (const item of value) texts.push(typeof item === 'string' ? item : '')
  else if (value !== null && value !== undefined) texts.push(typeof value === 'string' ? value : '')
  return texts
}

const BASE64 = /^[A-Za-z\d+/]*={0,2}$/

/** Returns the body, decoded from base64 if the event says so, and as text if it is UTF-8. */
export function readBody({ event: { body, isBase64Encoded } }: HttpRequest): Content {
  if (body === null || body === undefined) return ''
  if (typeof body !== 'string') return { parsed: body }
  // Flagged text that is not base64 was decoded by other middleware.
  if (isBase64Encoded !== true || !BASE64.test(body)) return body
  const bytes = Buffer.from(body, 'base64')
  return isUtf8(bytes) ? bytes.toString() : bytes
}
