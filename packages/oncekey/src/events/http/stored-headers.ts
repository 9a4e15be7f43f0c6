/** What belongs to one connection or one moment, and what is written anew on each replay. */
const NEVER_STORED = new Set([
  'date',
  'content-length',
  'connection',
  'keep-alive',
  'transfer-encoding',
  'upgrade',
  'trailer',
  'oncekey-store',
  'idempotency-key',
  'idempotent-replayed',
])

/**
 * What belongs to one request: AWS's own, CORS (they name the request's origin), and the ids of requests and traces,
 * whoever gives them: `X-Request-Id`, `Apigw-Requestid`, `X-Client-Request-Id`. Traces: W3C, B3, Datadog, Google Cloud, Jaeger, Sentry, New Relic.
 */
const OF_ONE_REQUEST =
  /^(x-amzn?-|access-control-|x-b3-|x-datadog-|(.+-)?(request|correlation|trace|span)-?id$|trace(parent|state|response)$|b3$|baggage$|x-cloud-trace-context$|uber-trace-id$|sentry-trace$|newrelic$)/

/** Whether a response header, named in lower case, is kept for replays. */
export function isStoredHeader(name: string, storeCookies: boolean): boolean {
  if (name === 'set-cookie') return storeCookies
  return !NEVER_STORED.has(name) && !OF_ONE_REQUEST.test(name)
}
