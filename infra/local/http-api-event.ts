import { randomBytes, randomUUID } from 'node:crypto'
import type { APIGatewayProxyEventV2 } from 'aws-lambda'
import type { RouteMatch } from './template-routes.ts'

/** An HTTP request as it came over the wire. */
export interface WireRequest {
  readonly method: string
  /** Path and query as sent. */
  readonly target: string
  readonly httpVersion: string
  /** By lower-case name, each line of a repeated header by itself. */
  readonly headers: Readonly<Record<string, readonly string[] | undefined>>
  readonly body: Buffer
  readonly sourceIp: string
}

const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade'])

/**
 * Only these come as text, as was measured on AWS; any other body, one without a type included, comes as Base64.
 * @see https://github.com/ministackorg/ministack/pull/766
 */
const TEXT_TYPE = /^(?:text\/.*|application\/(?:json|javascript|xml))$/i

/**
 * The event that an HTTP API gives to a function, payload format 2.0.
 * @see https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
 */
export function createHttpApiEvent(
  { method, target, httpVersion, headers, body, sourceIp }: WireRequest,
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
      time: writeTime(nowMs),
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

/** A repeated header is one string, joined by commas. Cookies have a field of their own. */
function joinHeaders(headers: WireRequest['headers']): Record<string, string> {
  return Object.fromEntries(
    Object.entries(headers).flatMap(([name, values]) =>
      values === undefined || name === 'cookie' || HOP_BY_HOP.has(name) ? [] : [[name, values.join(',')]],
    ),
  )
}

/** A repeated parameter is one string, joined by commas. */
function joinQuery(rawQueryString: string): Record<string, string> {
  const parameters: Record<string, string> = {}
  for (const [name, value] of new URLSearchParams(rawQueryString)) {
    parameters[name] = name in parameters ? `${parameters[name]},${value}` : value
  }
  return parameters
}

/** Common Log Format, such as `12/Mar/2020:19:03:58 +0000`. */
function writeTime(epochMs: number): string {
  const [, day, month, year, time] = new Date(epochMs).toUTCString().split(' ')
  return `${day}/${month}/${year}:${time} +0000`
}
