import type { Members } from '../../protocol/members.ts'
import { MAX_RESULT_BYTES } from '../../protocol/result.ts'
import type { HttpShape } from './request.ts'

/** API Gateway answers 502 to a status that it cannot read. */
const BAD_GATEWAY = 502
/** Made explicit, a shorthand result can grow to twice its length, and must still fit into Lambda's answer. */
const MAX_EXPANDED_LENGTH = MAX_RESULT_BYTES / 2

export function isObject(value: unknown): value is Members {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** The object that JSON will show: one with `toJSON` shows something else than its own members. */
function shown(value: unknown): unknown {
  return isObject(value) && typeof value.toJSON === 'function' ? JSON.parse(JSON.stringify(value)) : value
}

/**
 * The response that a result is, or `undefined` for anything else.
 * HTTP APIs (2.0) take an object without `statusCode` for a body. REST APIs take it for a response; there, and behind
 * a load balancer, any other result is left to what stands around the handler.
 */
export function asResponse(shape: HttpShape, result: unknown): Members | undefined {
  const value = shown(result)
  if (!isObject(value)) return undefined
  const names = shape === 'http' ? ['statusCode'] : ['statusCode', 'headers', 'multiValueHeaders', 'body']
  return names.some((name) => value[name] !== undefined) ? value : undefined
}

/**
 * The response that API Gateway makes of an HTTP API's shorthand result: 200, JSON, the result as the body.
 * `undefined` if it makes none, or if the documentation does not say: of no result, or of `null`.
 * @see https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html, "Lambda function response for format 2.0"
 */
export function expandShorthand(shape: HttpShape, result: unknown): Members | undefined {
  if (shape !== 'http' || isStream(result)) return undefined
  const json: string | undefined = JSON.stringify(result)
  if (json === undefined || json === 'null' || json.length > MAX_EXPANDED_LENGTH) return undefined
  const body: unknown = json.startsWith('"') ? JSON.parse(json) : json
  return { statusCode: 200, headers: { 'content-type': 'application/json' }, body }
}

/** The status that the caller gets. */
export function statusOf(response: Members | undefined): number {
  const status = Number(response?.statusCode ?? 200)
  return Number.isInteger(status) && status >= 100 && status < 600 ? status : BAD_GATEWAY
}

/** Whether a result, or its body, can be read only once, and so cannot be stored. */
export function isStream(result: unknown): boolean {
  return [result, isObject(result) && result.body].some(
    (value) =>
      isObject(value) &&
      (typeof value.pipe === 'function' ||
        typeof value.getReader === 'function' ||
        Symbol.asyncIterator in value),
  )
}

/** One of the two header maps without the headers that `isDropped` names, in lower case. */
function without(map: unknown, isDropped: (name: string) => boolean): Members | undefined {
  const members = shown(map)
  if (!isObject(members)) return undefined
  return Object.fromEntries(Object.entries(members).filter(([name]) => !isDropped(name.toLowerCase())))
}

/** The response without the headers that `isDropped` names. The response itself is left as it is. */
export function dropHeaders(response: Members, isDropped: (name: string) => boolean): Members {
  const headers = without(response.headers, isDropped)
  const multiValueHeaders = without(response.multiValueHeaders, isDropped)
  return { ...response, ...(headers && { headers }), ...(multiValueHeaders && { multiValueHeaders }) }
}

/**
 * The response with these headers, in the map that the event's source reads.
 * A load balancer that is set to multi-value headers reads `multiValueHeaders` only, any other `headers` only; REST
 * APIs merge both.
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
