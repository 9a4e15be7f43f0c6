import { createAnswering } from '../../../../packages/oncekey/src/events/http/answering.ts'
import type { HttpRequest, HttpShape } from '../../../../packages/oncekey/src/events/http/request.ts'

export const shapes = ['rest', 'http', 'alb', 'alb-multi'] as const

export const KEY = '8e03978e-40d5-43e8-bc93-6894a57f9324'

export function requestOf(shape: HttpShape, changes: Partial<HttpRequest> = {}): HttpRequest {
  return {
    shape,
    method: 'POST',
    path: '/payments/7',
    query: [['secret', 'in-the-query']],
    headers: new Map([['idempotency-key', [KEY]]]),
    body: Buffer.from('{"amount":100}'),
    ...changes,
  }
}

export function answeringOf(
  shape: HttpShape,
  options: Parameters<typeof createAnswering>[2] = {},
  changes: Partial<HttpRequest> = {},
  key = KEY,
): ReturnType<typeof createAnswering> {
  return createAnswering(requestOf(shape, changes), key, options)
}

/** A response in the words of the event's source: its headers in the map that the source reads. */
export function responseIn(
  shape: HttpShape,
  statusCode: number,
  headers: Readonly<Record<string, string>> = {},
): object {
  const lists = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]]))
  return shape === 'alb-multi'
    ? { statusCode, multiValueHeaders: lists, body: '{"id":"p_1"}' }
    : { statusCode, headers, body: '{"id":"p_1"}' }
}

/** What a repeat gets of what the first request left behind: through JSON, as the record keeps it. */
export function replayOf(answering: ReturnType<typeof createAnswering>, result: unknown): unknown {
  const kept = answering.keep(result)
  if (kept === undefined || !('value' in kept)) throw new Error(`nothing was kept: ${JSON.stringify(kept)}`)
  const json: string | undefined = JSON.stringify(kept.value)
  return answering.replay(json === undefined ? undefined : JSON.parse(json))
}

export interface Delivered {
  readonly status: number
  /** `name: value` lines in lower case, sorted by name; the values of one name in their order. */
  readonly headers: readonly string[]
  readonly body: string
}

type Loose = Record<string, unknown>
const isLoose = (value: unknown): value is Loose =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const singles = (map: unknown): string[] =>
  isLoose(map) ? Object.entries(map).map(([name, value]) => `${name.toLowerCase()}: ${String(value)}`) : []
const lists = (map: unknown): string[] =>
  isLoose(map)
    ? Object.entries(map).flatMap(([name, values]) =>
        (Array.isArray(values) ? values : []).map((value) => `${name.toLowerCase()}: ${String(value)}`),
      )
    : []

/**
 * What the client gets, by AWS's documentation: REST APIs merge both maps, without the lines that are in both; HTTP
 * APIs and plain load balancers read `headers`, load balancers with multi-value headers `multiValueHeaders` only;
 * HTTP APIs take anything without a `statusCode` for the body.
 */
export function deliver(shape: HttpShape, answer: unknown): Delivered {
  const value: unknown = JSON.parse(JSON.stringify(answer ?? null))
  if (shape === 'http' && !(isLoose(value) && 'statusCode' in value)) {
    const body = typeof value === 'string' ? value : JSON.stringify(value)
    return { status: 200, headers: ['content-type: application/json'], body }
  }
  if (!isLoose(value)) return { status: 502, headers: [], body: 'malformed' }
  const lines = {
    http: () => [
      ...singles(value.headers),
      ...(Array.isArray(value.cookies) ? value.cookies : []).map((cookie) => `set-cookie: ${cookie}`),
    ],
    alb: () => singles(value.headers),
    'alb-multi': () => lists(value.multiValueHeaders),
    rest: () => [...new Set([...lists(value.multiValueHeaders), ...singles(value.headers)])],
  }[shape]()
  const nameOf = (line: string): string => line.slice(0, line.indexOf(':'))
  const body = typeof value.body === 'string' ? value.body : ''
  return {
    status: Number(value.statusCode ?? 200),
    headers: lines.toSorted((one, other) => nameOf(one).localeCompare(nameOf(other))),
    body: value.isBase64Encoded === true ? Buffer.from(body, 'base64').toString('latin1') : body,
  }
}

/** The values of one header as the client gets them. */
export function headerValues(shape: HttpShape, answer: unknown, name: string): readonly string[] {
  const start = `${name.toLowerCase()}: `
  return deliver(shape, answer)
    .headers.filter((line) => line.startsWith(start))
    .map((line) => line.slice(start.length))
}

/** The lines that this library adds to a first answer and to a replay. */
export const ownLines = /^(idempotency-key|idempotent-replayed|x-idempotency-key|x-idempotency-cache-status):/
