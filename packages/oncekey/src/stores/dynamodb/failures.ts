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

const CREDENTIALS = 'check that the AWS credentials of the process are valid and that its clock is right'

const SEE_CAUSE = 'see its cause'

/**
 * The errors that no retry helps against, and what to do about each. Every other error is transient: an unknown 4xx, or
 * a reply that a proxy made, says nothing about the next try, and giving up would run finished work again.
 * @see https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/CommonErrors.html
 */
const HINTS: ReadonlyMap<string, string> = new Map([
  ['CredentialsProviderError', 'set AWS credentials, or pass a client that has them'],
  ['ExpiredTokenException', CREDENTIALS],
  ['IncompleteSignatureException', CREDENTIALS],
  ['InvalidSignatureException', CREDENTIALS],
  ['MissingAuthenticationTokenException', CREDENTIALS],
  ['ResourceNotFoundException', 'create the table, or correct its name, the Region or the account'],
  ['UnrecognizedClientException', CREDENTIALS],
  ['ItemCollectionSizeLimitExceededException', SEE_CAUSE],
  ['NotAuthorized', SEE_CAUSE],
  ['OptInRequired', SEE_CAUSE],
  ['SerializationException', SEE_CAUSE],
  ['UnknownOperationException', SEE_CAUSE],
  [
    'ValidationException',
    'expected partition key `id` (S) and no sort key; create such a table if this one has another key',
  ],
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

/** Returns the error to throw for whatever a transport threw. Its message shows neither key nor contents. */
export function failureOf(thrown: unknown, request: Request): StoreUnavailableError {
  const { action, table, timeoutMs, region } = request
  const code = member(thrown, 'code')
  const reason = typeof code === 'string' ? code : nameOf(thrown)
  const tables = action === 'TransactWriteItems' ? ' and the tables of the writes' : ''
  const what = `${action} on table ${JSON.stringify(table)}${tables} in ${region ?? 'no Region'}`
  const hint =
    code === 'ERR_MODULE_NOT_FOUND'
      ? 'install @aws-sdk/client-dynamodb'
      : region === undefined
        ? 'set AWS_REGION, or pass a client with a Region'
        : hintFor(thrown, action)
  const message =
    hint === undefined
      ? `DynamoDB ${what} failed within ${timeoutMs} ms (${reason}).`
      : `DynamoDB refused ${what} (${reason}): ${hint}.`
  return new StoreUnavailableError(message, {
    retryable: hint === undefined,
    isThrottled: isThrottled(thrown),
    cause: thrown,
  })
}

/** Returns what to do, or `undefined` if a retry may help. */
function hintFor(thrown: unknown, action: Request['action']): string | undefined {
  const name = nameOf(thrown)
  if (name === 'AccessDeniedException') {
    return action === 'TransactWriteItems'
      ? "grant the function's role dynamodb:UpdateItem on this table, and the action of each write on its table"
      : `grant the function's role dynamodb:${action} on this table`
  }
  if (name === 'ValidationException' && /item size/i.test(String(member(thrown, 'message')))) {
    return 'the record would exceed 400 KB; save fewer or smaller results in steps'
  }
  return HINTS.get(name)
}
