import { MAX_RESULT_BYTES } from '../../core/result.ts'
import type { Members } from '../request.ts'
import type { HttpShape } from './request.ts'

/** API Gateway answers with this status if it cannot read the response's own. */
const BAD_GATEWAY = 502
/** Made explicit, a shorthand result can double its length, and must still fit into a Lambda response. */
const MAX_EXPANDED_LENGTH = MAX_RESULT_BYTES / 2

export function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Returns the object that JSON will show: one with `toJSON` shows other members than its own. */
function shown(value: unknown): unknown {
  return isObject(value) && typeof value.toJSON === 'function' ? JSON.parse(JSON.stringify(value)) : value
}

/**
 * Returns the response that a result is, or `undefined` for any other result.
 * HTTP APIs (2.0) take an object without `statusCode` for a body. REST APIs take it for a response. There, and behind
 * a load balancer or VPC Lattice, any other result is left to the middleware around the handler.
 */
export function asResponse(shape: HttpShape, result: unknown): Members | undefined {
  const value = shown(result)
  if (!isObject(value)) return undefined
  if (value.statusCode !== undefined) return value
  if (shape === 'http') return undefined
  const { headers, multiValueHeaders, body } = value
  return headers !== undefined || multiValueHeaders !== undefined || body !== undefined ? value : undefined
}

/**
 * Returns the response that API Gateway makes of an HTTP API's shorthand result: 200, JSON, the result as the body.
 * Returns `undefined` if it makes none, or if the documentation does not say: for no result, or `null`.
 * @see https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html, "Lambda function response for format 2.0"
 */
export function expandShorthand(shape: HttpShape, result: unknown): Members | undefined {
  if (shape !== 'http' || isStream(result)) return undefined
  const json: string | undefined = JSON.stringify(result)
  if (json === undefined || json === 'null' || json.length > MAX_EXPANDED_LENGTH) return undefined
  const body: unknown = json.startsWith('"') ? JSON.parse(json) : json
  return { statusCode: 200, headers: { 'content-type': 'application/json' }, body }
}

/** Returns the status that the caller gets. */
export function statusOf(response: Members | undefined): number {
  const statusCode = response?.statusCode ?? 200
  const status = typeof statusCode === 'string' ? Number(statusCode) : statusCode
  const isValid = typeof status === 'number' && Number.isInteger(status) && status >= 100 && status < 600
  return isValid ? status : BAD_GATEWAY
}

/** Only load balancers and VPC Lattice want it, and importing `node:http` would double the time that this library takes to load. */
export function reasonPhrase(status: number): string {
  return process.getBuiltinModule('node:http').STATUS_CODES[status] ?? ''
}

/** Returns whether a result, or its body, can be read only once, and so cannot be stored. */
export function isStream(result: unknown): boolean {
  return isObject(result) && (isReadOnce(result) || (isObject(result.body) && isReadOnce(result.body)))
}

function isReadOnce(value: Members): boolean {
  return (
    typeof value.pipe === 'function' || typeof value.getReader === 'function' || Symbol.asyncIterator in value
  )
}

/**
 * Returns the response without the headers that `isDropped` selects by their lower-case names: the same object if it
 * has none of them. The response itself is not changed.
 */
export function dropHeaders(response: Members, isDropped: (name: string) => boolean): Members {
  const headers = without(response.headers, isDropped)
  const multiValueHeaders = without(response.multiValueHeaders, isDropped)
  const isUnchanged = headers === response.headers && multiValueHeaders === response.multiValueHeaders
  if (isUnchanged) return response
  return {
    ...response,
    ...(headers !== undefined && { headers }),
    ...(multiValueHeaders !== undefined && { multiValueHeaders }),
  }
}

function without(map: unknown, isDropped: (name: string) => boolean): unknown {
  const members = shown(map)
  if (!isObject(members)) return map
  const names = Object.keys(members)
  return names.some((name) => isDropped(name.toLowerCase()))
    ? Object.fromEntries(Object.entries(members).filter(([name]) => !isDropped(name.toLowerCase())))
    : members
}

/**
 * Returns the response with these headers, in the map that the event's source reads: a load balancer that is set to
 * multi-value headers reads only `multiValueHeaders`, any other only `headers`; REST APIs merge both.
 */
export function addHeaders(
  shape: HttpShape,
  response: Members,
  added: Readonly<Record<string, string>>,
): Members {
  const { headers, multiValueHeaders } = response
  const isMulti =
    shape === 'alb-multi' || (shape === 'rest' && isObject(multiValueHeaders) && !isObject(headers))
  if (!isMulti) return { ...response, headers: { ...(isObject(headers) && headers), ...added } }
  const own = isObject(multiValueHeaders) ? multiValueHeaders : asLists(isObject(headers) ? headers : {})
  return { ...response, multiValueHeaders: { ...own, ...asLists(added) } }
}

function asLists(headers: Members): Members {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value]]))
}
