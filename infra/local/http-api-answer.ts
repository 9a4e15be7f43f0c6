/** What goes back over the wire. */
export interface WireAnswer {
  readonly status: number
  /** In order; `set-cookie` may come more than once. */
  readonly headers: readonly (readonly [name: string, value: string])[]
  readonly body: Buffer
  /** The connection is lost before the body has arrived. */
  readonly isCutOff?: boolean
}

const NOT_FORWARDED = new Set(['connection', 'content-length', 'keep-alive', 'transfer-encoding', 'upgrade'])

/** One of the API's own answers, such as 404 for a route that it does not have. */
export function gatewayAnswer(status: number, message: string): WireAnswer {
  return {
    status,
    headers: [['content-type', 'application/json']],
    body: Buffer.from(JSON.stringify({ message })),
  }
}

/**
 * What an HTTP API makes of a function's result, payload format 2.0: a result with a `statusCode` is an answer, any
 * other result is the body of one.
 *
 * @param payload the JSON that Lambda passes on; `undefined` for a result that JSON cannot say.
 * @see https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html#http-api-develop-integrations-lambda.v2
 */
export function readHttpApiResult(payload: string | undefined): WireAnswer {
  const result: unknown = payload === undefined ? null : JSON.parse(payload)
  if (typeof result !== 'object' || result === null || !('statusCode' in result)) {
    const body = typeof result === 'string' ? result : JSON.stringify(result)
    return { status: 200, headers: [['content-type', 'application/json']], body: Buffer.from(body) }
  }

  const status = Number(result.statusCode)
  const body = 'body' in result ? (result.body ?? '') : ''
  if (!Number.isInteger(status) || status < 200 || status > 599 || typeof body !== 'string') {
    return gatewayAnswer(500, 'Internal Server Error')
  }
  const given = 'headers' in result ? Object.entries(Object(result.headers)) : []
  const headers = given
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
