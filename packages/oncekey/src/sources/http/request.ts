import { isUtf8 } from 'node:buffer'
import type { Content } from '../../core/fingerprint.ts'
import { isMembers, type Members, membersOf } from '../request.ts'

/** The shapes of the responses that the sources of HTTP events expect. */
export type HttpShape = 'rest' | 'http' | 'alb' | 'alb-multi' | 'lattice'

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
 * Reads an HTTP event, or returns `undefined` for any event that does not have the whole shape of one. A method alone
 * says nothing: authorizers, WebSocket messages, Bedrock agents and payloads of one's own have one too. Other middleware
 * may have replaced the body and the headers, so that only their presence counts.
 * @see docs/triggers.md, "Recognition"
 */
export function readRequest(source: unknown): HttpRequest | undefined {
  const event = membersOf(source)
  const context = membersOf(event.requestContext)
  const isOther = [context.connectionId, event.methodArn, event.routeArn].some((id) => typeof id === 'string')
  if (isOther) return undefined
  return readPayload2(event, context) ?? readPayload1(event, context) ?? readLattice(event, context)
}

/** Reads an event of an HTTP API (2.0) or a function URL. */
function readPayload2(event: Members, context: Members): HttpRequest | undefined {
  const http = membersOf(context.http)
  const path = textOf(event.rawPath) ?? textOf(http.path)
  if (typeof http.method !== 'string' || path === undefined) return undefined
  return { shape: 'http', method: http.method.toUpperCase(), path, event, context }
}

/** Reads an event of a REST API, an HTTP API (1.0) or a load balancer. */
function readPayload1(event: Members, context: Members): HttpRequest | undefined {
  const method = event.httpMethod ?? context.httpMethod
  const path = textOf(event.path) ?? textOf(context.path)
  if (typeof method !== 'string' || path === undefined) return undefined
  const hasHeaders = 'headers' in event || 'multiValueHeaders' in event
  // No payload of one's own says whether its body is base64.
  const isOfGateway = isMembers(event.requestContext) || typeof event.isBase64Encoded === 'boolean'
  if (!hasHeaders || !isOfGateway) return undefined
  const albShape = isMembers(event.multiValueHeaders) ? 'alb-multi' : 'alb'
  return { shape: 'elb' in context ? albShape : 'rest', method: method.toUpperCase(), path, event, context }
}

/** Reads an event of VPC Lattice, version 1 or 2, with the members' names of the other sources. */
function readLattice(event: Members, context: Members): HttpRequest | undefined {
  const target = textOf(event.raw_path) ?? (isMembers(event.requestContext) ? textOf(event.path) : undefined)
  const isLattice = 'raw_path' in event || 'serviceArn' in context || 'serviceNetworkArn' in context
  const { method, headers, body } = event
  if (!isLattice || target === undefined || typeof method !== 'string' || !('headers' in event))
    return undefined
  // VPC Lattice leaves the query on the path.
  const [path = '', ...query] = target.split('?')
  return {
    shape: 'lattice',
    method: method.toUpperCase(),
    path,
    event: {
      headers,
      body,
      rawQueryString: query.join('?'),
      queryStringParameters: event.queryStringParameters ?? event.query_string_parameters,
      isBase64Encoded: event.isBase64Encoded ?? event.is_base64_encoded,
    },
    context,
  }
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
