import { randomBytes, randomUUID } from 'node:crypto'
import type { APIGatewayProxyEventV2 } from 'aws-lambda'
import type { MatchRoute, RouteMatch } from './routes.ts'
import type { Sandboxes } from './sandboxes.ts'

/** An HTTP request as the server received it. */
export interface HttpRequest {
  readonly method: string
  /** The path and query as sent. */
  readonly target: string
  readonly httpVersion: string
  /** The values by lower-case name, with each line of a repeated header as a value of its own. */
  readonly headers: Readonly<Record<string, readonly string[] | undefined>>
  readonly body: Buffer
  readonly sourceIp: string
}

/** An HTTP response to send. */
export interface HttpResponse {
  readonly status: number
  /** In order. `set-cookie` may occur more than once. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: Buffer
  /** Set to close the connection before the whole body has been sent. */
  readonly isCutOff?: boolean
}

/** Invokes the function with this name. Resolves to `undefined` if there is none. */
export type Invoke = (
  functionName: string,
  event: APIGatewayProxyEventV2,
) => Promise<Awaited<ReturnType<Sandboxes['invoke']>> | undefined>

/** Responds to a request as an HTTP API does: finds its route, invokes the function and converts the result. */
export async function handleAsHttpApi(
  request: HttpRequest,
  matchRoute: MatchRoute,
  invoke: Invoke,
): Promise<HttpResponse> {
  const match = matchRoute(request.method, splitTarget(request.target).rawPath)
  const report = match && (await invoke(match.functionName, createHttpApiEvent(request, match, Date.now())))
  if (!report) return gatewayResponse(404, 'Not Found')
  return 'error' in report ? gatewayResponse(500, 'Internal Server Error') : readHttpApiResult(report.payload)
}

const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade'])

/**
 * The content types whose bodies are passed on as text, as measured on AWS. Every other body is Base64.
 *
 * @see https://github.com/ministackorg/ministack/pull/766
 */
const TEXT_TYPE = /^(?:text\/.*|application\/(?:json|javascript|xml))$/i

/**
 * Returns the event that an HTTP API passes to a function, in payload format 2.0.
 *
 * @see https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
 */
export function createHttpApiEvent(
  { method, target, httpVersion, headers, body, sourceIp }: HttpRequest,
  { routeKey, pathParameters }: RouteMatch,
  nowMs: number,
): APIGatewayProxyEventV2 {
  const { rawPath, rawQueryString } = splitTarget(target)
  const host = headers.host?.[0] ?? 'localhost'
  const [domainName = '', port = '80'] = host.split(':')
  const cookies = headers.cookie?.flatMap((line) => line.split(/;\s*/)).filter(Boolean)
  const isText = TEXT_TYPE.test(headers['content-type']?.[0]?.split(';')[0]?.trim() ?? '')

  return {
    version: '2.0',
    routeKey,
    rawPath,
    rawQueryString,
    ...(cookies && { cookies }),
    headers: {
      ...joinHeaders(headers),
      'x-amzn-trace-id': `Root=1-${Math.floor(nowMs / 1000).toString(16)}-${randomBytes(12).toString('hex')}`,
      'x-forwarded-for': sourceIp,
      'x-forwarded-port': port,
      'x-forwarded-proto': 'http',
    },
    ...(rawQueryString !== '' && { queryStringParameters: joinQuery(rawQueryString) }),
    requestContext: {
      accountId: '000000000000',
      apiId: 'local',
      domainName,
      domainPrefix: domainName.split('.')[0] ?? '',
      http: {
        method,
        path: rawPath,
        protocol: `HTTP/${httpVersion}`,
        sourceIp,
        userAgent: headers['user-agent']?.[0] ?? '',
      },
      requestId: randomUUID(),
      routeKey,
      stage: '$default',
      time: formatLogTime(nowMs),
      timeEpoch: nowMs,
    },
    ...(Object.keys(pathParameters).length > 0 && { pathParameters }),
    ...(body.length > 0 && { body: body.toString(isText ? 'utf8' : 'base64') }),
    isBase64Encoded: body.length > 0 && !isText,
  }
}

export function splitTarget(target: string): { readonly rawPath: string; readonly rawQueryString: string } {
  const at = target.indexOf('?')
  return at < 0
    ? { rawPath: target, rawQueryString: '' }
    : { rawPath: target.slice(0, at), rawQueryString: target.slice(at + 1) }
}

/** Joins repeated headers with commas. Cookies have a separate field in the event. */
function joinHeaders(headers: HttpRequest['headers']): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, values]) =>
      values === undefined || name === 'cookie' || HOP_BY_HOP.has(name) ? [] : [[name, values.join(',')]],
    ),
  )
}

/** Joins repeated parameters with commas. */
function joinQuery(rawQueryString: string): Record<string, string> {
  const parameters: Record<string, string> = {}
  for (const [name, value] of new URLSearchParams(rawQueryString)) {
    parameters[name] = name in parameters ? `${parameters[name]},${value}` : value
  }
  return parameters
}

/** Formats a time as in the Common Log Format, such as `12/Mar/2020:19:03:58 +0000`. */
function formatLogTime(epochMs: number): string {
  const [, day, month, year, time] = new Date(epochMs).toUTCString().split(' ')
  return `${day}/${month}/${year}:${time} +0000`
}

const NOT_FORWARDED = new Set(['connection', 'content-length', 'keep-alive', 'transfer-encoding', 'upgrade'])

/** Returns a response of the API itself, such as 404 for an unknown route. */
export function gatewayResponse(status: number, message: string): HttpResponse {
  return {
    status,
    headers: [['content-type', 'application/json']],
    body: Buffer.from(JSON.stringify({ message })),
  }
}

/**
 * Returns the response that an HTTP API makes of a function's result in payload format 2.0: a result with a
 * `statusCode` is the response, and any other result is its JSON body.
 *
 * @param payload the JSON of the result, or `undefined` if it has none.
 * @see https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html#http-api-develop-integrations-lambda.v2
 */
export function readHttpApiResult(payload: string | undefined): HttpResponse {
  const result: unknown = payload === undefined ? null : JSON.parse(payload)
  if (typeof result !== 'object' || result === null || !('statusCode' in result)) {
    const body = typeof result === 'string' ? result : JSON.stringify(result)
    return { status: 200, headers: [['content-type', 'application/json']], body: Buffer.from(body) }
  }

  const status = Number(result.statusCode)
  const body = 'body' in result ? (result.body ?? '') : ''
  if (!Number.isInteger(status) || status < 200 || status > 599 || typeof body !== 'string') {
    return gatewayResponse(500, 'Internal Server Error')
  }
  const entries = 'headers' in result ? Object.entries(Object(result.headers)) : []
  const headers = entries
    .map(([name, value]) => [name.toLowerCase(), String(value)] as const)
    .filter(([name]) => !NOT_FORWARDED.has(name))
  if (!headers.some(([name]) => name === 'content-type')) {
    headers.push(['content-type', 'text/plain;charset=UTF-8'])
  }
  const cookies = 'cookies' in result && Array.isArray(result.cookies) ? result.cookies : []
  return {
    status,
    headers: [...headers, ...cookies.map((cookie) => ['set-cookie', String(cookie)] as const)],
    body: Buffer.from(
      body,
      'isBase64Encoded' in result && result.isBase64Encoded === true ? 'base64' : 'utf8',
    ),
  }
}
