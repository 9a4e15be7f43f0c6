import { StoreUnavailableError } from '../../core/errors.ts'
import type { Action } from './transport.ts'

/** A failed command, for the error's message. */
export interface Request {
  readonly action: Action | 'DeleteItem' | 'Scan'
  readonly table: string
  readonly timeoutMs: number
  readonly region: string | undefined
}

/** Returns a member of whatever was thrown. The client may be of another copy of the SDK, so `instanceof` is no help. */
export function member(thrown: unknown, name: string): unknown {
  return typeof thrown === 'object' && thrown !== null ? Reflect.get(thrown, name) : undefined
}

export function nameOf(thrown: unknown): string {
  return `${member(thrown, 'name')}`
}

const SDK_MISSING = 'SdkMissingError'

/**
 * Handles the rejection of an `import` of the SDK, which need not be installed. With a handler, esbuild can bundle the
 * `import` where it is not.
 */
export function failToLoad(cause: unknown): never {
  throw Object.assign(new Error(`Cannot load the AWS SDK: ${cause}`, { cause }), { name: SDK_MISSING })
}

/**
 * The errors that no retry helps against. Every other error is transient: an unknown 4xx, or a reply that a proxy made,
 * says nothing about the next try, and giving up would run finished work again.
 * @see https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/CommonErrors.html
 */
const FINAL: ReadonlySet<string> = new Set([
  SDK_MISSING,
  'AccessDeniedException',
  'CredentialsProviderError',
  'ExpiredTokenException',
  'IncompleteSignatureException',
  'InvalidSignatureException',
  'ItemCollectionSizeLimitExceededException',
  'MissingAuthenticationTokenException',
  'NotAuthorized',
  'OptInRequired',
  'ResourceNotFoundException',
  'SerializationException',
  'UnknownOperationException',
  'UnrecognizedClientException',
  'ValidationException',
])

/** DynamoDB does nothing of a request that it throttles. */
const THROTTLES: ReadonlySet<string> = new Set([
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'ThrottlingException',
])

/** Returns whether the one request of a call was throttled. Of more than one, an earlier one may have been carried out. */
function isThrottled(thrown: unknown): boolean {
  const metadata = member(thrown, '$metadata')
  return (
    THROTTLES.has(nameOf(thrown)) &&
    member(metadata, 'attempts') === 1 &&
    member(metadata, 'requestId') !== undefined
  )
}

/** Returns the error to throw for whatever a transport threw. It shows neither key nor contents. */
export async function failureOf(thrown: unknown, request: Request): Promise<StoreUnavailableError> {
  const { action, table, timeoutMs, region } = request
  // Nothing but a failure needs the hints, and no failure to load them may hide the failure itself.
  const hints = await import('./hints.ts').catch(() => undefined)
  const code = member(thrown, 'code')
  const isFinal = region === undefined || FINAL.has(nameOf(thrown))
  const reason = typeof code === 'string' ? code : nameOf(thrown)
  const tables = action === 'TransactWriteItems' ? ' and the tables of the writes' : ''
  const what = `${action} on table ${JSON.stringify(table)}${tables} in ${region ?? 'no Region'}`
  const hint = hints?.hintFor(thrown, request) ?? (isFinal ? 'see its cause' : undefined)
  const message = isFinal
    ? `DynamoDB refused ${what} (${reason})`
    : `DynamoDB ${what} failed within ${timeoutMs} ms (${reason})`
  return new StoreUnavailableError(`${message}${hint === undefined ? '' : `: ${hint}`}.`, {
    retryable: !isFinal,
    isThrottled: isThrottled(thrown),
    reason: hints?.reasonOf(thrown, action),
    cause: thrown,
  })
}
