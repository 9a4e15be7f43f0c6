import type { OncekeyError } from '../../../packages/oncekey/src/core/errors.ts'
import type { StoredContent } from '../../../packages/oncekey/src/core/result.ts'
import type { IdempotencyOptions } from '../../../packages/oncekey/src/options.ts'
import type { HttpRequest, HttpShape } from '../../../packages/oncekey/src/sources/http/request.ts'
import { createHttpResponder } from '../../../packages/oncekey/src/sources/http/responder.ts'

export const shapes = ['rest', 'http', 'alb', 'alb-multi', 'lattice'] as const

export const KEY = '8e03978e-40d5-43e8-bc93-6894a57f9324'

const INVOCATION = { event: {}, context: {}, service: 'payments', startedAtMs: 0, deadlineMs: undefined }

/** What a responder does for one request. */
export interface Answers {
  toStore(result: unknown): StoredContent | undefined
  errorToStore(error: unknown): StoredContent | undefined
  respond(result: unknown): unknown
  replay(value: unknown): unknown
  refuse(error: OncekeyError): unknown
}

export function answersOf(
  shape: HttpShape,
  options: IdempotencyOptions = {},
  changes: Partial<HttpRequest> = {},
): Answers {
  const responder = createHttpResponder(options)
  const event = { body: '{"amount":100}', queryStringParameters: { secret: 'in-the-query' } }
  const request = { shape, method: 'POST', path: '/payments/7', event, context: {}, echo: KEY, ...changes }
  return {
    toStore: (result) => responder.toStore(result, request, INVOCATION),
    errorToStore: (error) => responder.errorToStore(error, request, INVOCATION),
    respond: (result) => responder.respond(result, request),
    replay: (value) => responder.replay(value, request),
    refuse: (error) => responder.refuse(error, request, { ...INVOCATION, event }),
  }
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

/** Returns the answer to a repeat, from the stored content: through JSON, as in the record. */
export function replayOf(answers: Answers, result: unknown): unknown {
  const stored = answers.toStore(result)
  if (stored === undefined || !('value' in stored)) {
    throw new Error(`nothing was stored: ${JSON.stringify(stored)}`)
  }
  const json: string | undefined = JSON.stringify(stored.value)
  return answers.replay(json === undefined ? undefined : JSON.parse(json))
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
 * APIs, VPC Lattice and plain load balancers read `headers`, load balancers with multi-value headers `multiValueHeaders` only;
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
    lattice: () => singles(value.headers),
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
