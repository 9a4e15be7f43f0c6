import { type Endpoint, type Environment, findCredentials, findEndpoint } from './endpoint.ts'
import { exchange, type HttpReply, type NoReply } from './exchange.ts'
import { isObject, toItem, toJson } from './json.ts'
import { createSigner, type Sign } from './signature.ts'
import type { Reply, Transport } from './transport.ts'

/** As in the SDK's client that the process shares. */
const LIMITS = { maxTries: 3, responseMs: 2_000 }
/** The longest pause before the first retry; twice as long before the second. As in the SDK. */
const PAUSE_MS = { 'at once': 0, soon: 25, later: 1_000 } as const
/** A clock that is wrong by more is corrected. As in the SDK; DynamoDB itself tolerates a little more. */
const CLOCK_TOLERANCE_MS = 240_000

const THROTTLED: ReadonlySet<string> = new Set([
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'ThrottlingException',
  'TransactionInProgressException',
])

/** Refused with a 4xx, and yet another try may succeed. */
const TRANSIENT = 'ReplicatedWriteConflictException'

const CREDENTIALS_REFUSED: ReadonlySet<string> = new Set([
  'ExpiredTokenException',
  'IncompleteSignatureException',
  'InvalidSignatureException',
  'MissingAuthenticationTokenException',
  'UnrecognizedClientException',
])

type Verdict =
  | { readonly kind: 'reply'; readonly reply: Reply }
  | { readonly kind: 'failed'; readonly error: Error; readonly retry: keyof typeof PAUSE_MS | 'never' }

/**
 * Returns a transport that signs and sends commands by itself, with the credentials that the environment holds at
 * each call. It loads the SDK and stays with it if only the SDK knows where to send to, or if DynamoDB refuses these
 * credentials: the SDK may find others.
 */
export function createDirectTransport(
  environment: Environment,
  loadSdk: () => Promise<Transport>,
  limits: { readonly maxTries: number; readonly responseMs: number } = LIMITS,
): Transport {
  let sdk: Promise<Transport> | undefined
  let route: { readonly endpoint: Endpoint; readonly sign: Sign } | undefined
  let clockOffsetMs = 0

  return async (action, input, options) => {
    const deadlineMs = performance.now() + options.timeoutMs
    // A transaction may rightly take longer than one write.
    const responseMs = action === 'TransactWriteItems' ? options.timeoutMs : limits.responseMs
    const body = sdk === undefined ? toJson(input) : ''
    for (let tries = 1; sdk === undefined; tries += 1) {
      route ??= findRoute(environment)
      const credentials = findCredentials(environment)
      if (route === undefined || credentials === undefined) break

      const offsetMs = clockOffsetMs
      const headers = route.sign(action, body, credentials, Date.now() + offsetMs)
      const outcome = await exchange(route.endpoint, headers, body, { deadlineMs, responseMs })
      const verdict = judge(outcome, options.expectedErrors, tries)
      if (verdict.kind === 'reply') return verdict.reply

      let { retry } = verdict
      if (retry === 'never') {
        // Compared with the offset of this try: a concurrent call may have corrected the clock since.
        const storeMs = dateOf(outcome) ?? Date.now() + offsetMs
        if (Math.abs(storeMs - offsetMs - Date.now()) >= CLOCK_TOLERANCE_MS) {
          clockOffsetMs = storeMs - Date.now()
          retry = 'at once'
        } else if (CREDENTIALS_REFUSED.has(verdict.error.name)) {
          break
        }
      }
      if (retry === 'never' || tries === limits.maxTries) throw verdict.error
      const pauseMs = Math.random() * PAUSE_MS[retry] * 2 ** (tries - 1)
      if (performance.now() + pauseMs >= deadlineMs) throw verdict.error
      if (pauseMs > 0) await new Promise((resolve) => setTimeout(resolve, pauseMs))
    }
    sdk ??= loadSdk()
    const send = await sdk
    return send(action, input, { ...options, timeoutMs: Math.max(1, deadlineMs - performance.now()) })
  }
}

function findRoute(environment: Environment): { endpoint: Endpoint; sign: Sign } | undefined {
  const endpoint = findEndpoint(environment)
  return endpoint && { endpoint, sign: createSigner(endpoint) }
}

/** Tells a reply of DynamoDB from its errors, and both from what something else on the way may have answered. */
function judge(outcome: HttpReply | NoReply, expectedErrors: readonly string[], attempts: number): Verdict {
  if ('error' in outcome) {
    return { kind: 'failed', error: outcome.error, retry: outcome.isReused ? 'at once' : 'soon' }
  }
  const { statusCode, headers } = outcome
  const requestId = headers['x-amzn-requestid']
  const nowMs = dateOf(outcome)
  const content = readContent(outcome)
  if (statusCode === 200 && requestId !== undefined && content !== undefined && nowMs !== undefined) {
    const item = toItem(content.Item ?? content.Attributes)
    return { kind: 'reply', reply: { nowMs, item, error: undefined } }
  }

  const $metadata = { httpStatusCode: statusCode, requestId, attempts }
  const incomplete = (): Verdict => {
    const error = new Error(`Received no complete reply of DynamoDB, but status ${statusCode}.`)
    return {
      kind: 'failed',
      error: Object.assign(error, { name: 'IncompleteReplyError', $metadata }),
      retry: 'soon',
    }
  }
  if (statusCode < 300 || typeof content?.__type !== 'string') return incomplete()

  const name = content.__type.slice(content.__type.indexOf('#') + 1)
  const item = toItem(content.Item)
  const reasons = readReasons(content.CancellationReasons)
  const throttling = content.ThrottlingReasons ?? content.throttlingReasons
  const message = content.message ?? content.Message ?? 'UnknownError'
  const cause = (): Error => {
    const facts = { name, $fault: statusCode < 500 ? 'client' : 'server', $metadata }
    return Object.assign(
      new Error(`${message}`),
      facts,
      item && { Item: item },
      reasons && { CancellationReasons: reasons },
      throttling !== undefined && { ThrottlingReasons: throttling },
    )
  }
  if (expectedErrors.includes(name)) {
    // Leases are judged by the store's time, never by the local clock.
    if (nowMs === undefined) return incomplete()
    return { kind: 'reply', reply: { nowMs, item: undefined, error: { name, item, reasons, cause } } }
  }
  if (THROTTLED.has(name)) return { kind: 'failed', error: cause(), retry: 'later' }
  return { kind: 'failed', error: cause(), retry: statusCode < 500 && name !== TRANSIENT ? 'never' : 'soon' }
}

/** Returns the JSON object in the body, or `undefined` if the body is damaged or none of DynamoDB's. */
function readContent({ headers, body }: HttpReply): Record<string, unknown> | undefined {
  const checksum = headers['x-amz-crc32']
  try {
    if (checksum !== undefined && Number(checksum) !== process.getBuiltinModule('node:zlib').crc32(body))
      return
    const content: unknown = JSON.parse(body.toString())
    return isObject(content) ? content : undefined
  } catch {
    return undefined
  }
}

function readReasons(reasons: unknown): readonly unknown[] | undefined {
  if (!Array.isArray(reasons)) return undefined
  for (const reason of reasons) if (isObject(reason)) toItem(reason.Item)
  return reasons
}

/** Returns the time of the `Date` header, or `undefined` if there is none. Epoch milliseconds. */
function dateOf(outcome: HttpReply | NoReply): number | undefined {
  const dateMs = 'headers' in outcome ? Date.parse(`${outcome.headers.date}`) : Number.NaN
  return Number.isNaN(dateMs) ? undefined : dateMs
}
