import { isUtf8 } from 'node:buffer'
import type { Content } from '../../protocol/fingerprint.ts'
import { isMembers, type Members, membersOf } from '../../protocol/members.ts'
import type { HttpRequest, HttpShape } from './request.ts'

type Query = HttpRequest['query']
type Headers = Map<string, string[]>

/**
 * The HTTP request of an event; `undefined` if it is another kind of event. Events may have passed through other
 * middleware, or be made by hand, so that nothing is taken for granted but the method.
 */
export function readRequest(source: unknown): HttpRequest | undefined {
  const event = membersOf(source)
  const context = membersOf(event.requestContext)
  const http = membersOf(context.http)
  const method = http.method ?? event.httpMethod ?? context.httpMethod
  if (typeof method !== 'string') return undefined

  const isAlb = 'elb' in context
  const albShape: HttpShape = isMembers(event.multiValueHeaders) ? 'alb-multi' : 'alb'
  const paths = [event.rawPath, event.path, http.path, context.path]
  return {
    shape: isAlb ? albShape : typeof http.method === 'string' ? 'http' : 'rest',
    method: method.toUpperCase(),
    path: paths.find((path) => typeof path === 'string') ?? '',
    query: readQuery(event, isAlb),
    headers: readHeaders(membersOf(event.headers), membersOf(event.multiValueHeaders)),
    body: readBody(event.body, event.isBase64Encoded === true),
  }
}

function readQuery(event: Members, isAlb: boolean): Query {
  const raw = event.rawQueryString
  if (typeof raw === 'string' && raw !== '') return raw.split('&').map(readParameter)
  const lists = membersOf(event.multiValueQueryStringParameters)
  const parameters = Object.keys(lists).length > 0 ? lists : membersOf(event.queryStringParameters)
  // A load balancer hands parameters on as they came.
  const decode = isAlb ? decodeParameter : (text: string) => text
  return Object.entries(parameters).flatMap(([name, values]) =>
    textsOf(values).map((value) => [decode(name), decode(value)] as const),
  )
}

function readParameter(text: string): Query[number] {
  const equals = text.indexOf('=')
  const end = equals < 0 ? text.length : equals
  return [decodeParameter(text.slice(0, end)), decodeParameter(text.slice(end + 1))]
}

/** What is not UTF-8 stays as it came: decoded with a replacement character, two of them would look alike. */
function decodeParameter(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return text
  }
}

/** `multiValueHeaders` holds all values of each, `headers` the last; both where the source gives both. */
function readHeaders(single: Members, multi: Members): Headers {
  const headers: Headers = new Map()
  const last = new Map<string, unknown>()
  for (const [name, values] of Object.entries(multi)) {
    addHeader(headers, name, values)
    if (Array.isArray(values)) last.set(name.toLowerCase(), values.at(-1))
  }
  for (const [name, value] of Object.entries(single)) {
    const lower = name.toLowerCase()
    // What does not fit together is kept whole, so that nobody takes one of two values for the only one.
    if (last.get(lower) === value) last.delete(lower)
    else addHeader(headers, name, value)
  }
  return headers
}

function addHeader(headers: Headers, name: string, value: unknown): void {
  const values = textsOf(value)
  if (values.length === 0) return
  const lower = name.toLowerCase()
  const known = headers.get(lower)
  if (known === undefined) headers.set(lower, values)
  else for (const another of values) known.push(another)
}

/** What is there but is no text reads as empty, which no reader takes for a value. */
function textsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  if (value === null || value === undefined) return []
  const list: readonly unknown[] = Array.isArray(value) ? value : [value]
  return list.map((item) => (typeof item === 'string' ? item : ''))
}

const BASE64 = /^[A-Za-z\d+/]*={0,2}$/

function readBody(body: unknown, isBase64Encoded: boolean): Content {
  if (body === null || body === undefined) return ''
  if (typeof body !== 'string') return { parsed: body }
  // Text that is flagged but is not base64 was decoded by someone before.
  if (!isBase64Encoded || !BASE64.test(body)) return body
  const bytes = Buffer.from(body, 'base64')
  return isUtf8(bytes) ? bytes.toString() : bytes
}
