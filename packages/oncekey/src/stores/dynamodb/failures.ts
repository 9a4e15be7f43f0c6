import { StoreUnavailableError } from '../../core/errors.ts'
import type { Action } from './transport.ts'

/** What was asked of DynamoDB, for the message of what went wrong. */
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

/** Errors that may succeed on a retry, although DynamoDB sends them with a 4xx. */
const TRANSIENT: ReadonlySet<string> = new Set([
  'ProvisionedThroughputExceededException',
  'ReplicatedWriteConflictException',
  'RequestLimitExceeded',
  'ThrottlingException',
  'TransactionConflictException',
  'TransactionInProgressException',
])

const CREDENTIALS = 'check that the AWS credentials of the process are valid and that its clock is right'

/** What to do about errors that no retry helps against. */
const HINTS: ReadonlyMap<string, string> = new Map([
  ['CredentialsProviderError', 'set AWS credentials, or pass a client that has them'],
  ['ExpiredTokenException', CREDENTIALS],
  ['IncompleteSignatureException', CREDENTIALS],
  ['InvalidSignatureException', CREDENTIALS],
  ['MissingAuthenticationTokenException', CREDENTIALS],
  ['ResourceNotFoundException', 'create the table, or correct its name, the Region or the account'],
  ['UnrecognizedClientException', CREDENTIALS],
  [
    'ValidationException',
    'expected partition key `id` (S) and no sort key; create such a table if this one has another key',
  ],
])

/** Returns the error to throw for whatever a transport threw. Its message shows neither key nor contents. */
export function failureOf(thrown: unknown, request: Request): StoreUnavailableError {
  const { action, table, timeoutMs, region } = request
  const code = member(thrown, 'code')
  const reason = typeof code === 'string' ? code : nameOf(thrown)
  const tables = action === 'TransactWriteItems' ? ' and the tables of the writes' : ''
  const what = `${action} on table ${JSON.stringify(table)}${tables} in ${region ?? 'no Region'}`
  const hint =
    region === undefined ? 'set AWS_REGION, or pass a client with a Region' : hintFor(thrown, action)
  const message =
    hint === undefined
      ? `DynamoDB ${what} failed within ${timeoutMs} ms (${reason}).`
      : `DynamoDB refused ${what} (${reason}): ${hint}.`
  return new StoreUnavailableError(message, { retryable: hint === undefined, cause: thrown })
}

/** Returns what to do, or `undefined` if a retry may help, which is so for all that is not known to be final. */
function hintFor(thrown: unknown, action: Request['action']): string | undefined {
  const name = nameOf(thrown)
  if (name === 'AccessDeniedException') {
    return action === 'TransactWriteItems'
      ? "grant the function's role dynamodb:UpdateItem on this table, and the action of each write on its table"
      : `grant the function's role dynamodb:${action} on this table`
  }
  const hint = HINTS.get(name)
  if (hint !== undefined || TRANSIENT.has(name)) return hint
  const status = Number(member(member(thrown, '$metadata'), 'httpStatusCode'))
  return status >= 400 && status < 500 && status !== 429 ? 'see its cause' : undefined
}
