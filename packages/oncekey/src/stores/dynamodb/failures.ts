import { StoreUnavailableError } from '../../protocol/errors.ts'
import type { DynamoDbClient } from './client.ts'
import type { Item } from './item.ts'

/** What was asked of DynamoDB, for the message of what went wrong. */
export interface Request {
  readonly action: 'PutItem' | 'UpdateItem' | 'GetItem' | 'TransactWriteItems' | 'DeleteItem' | 'Scan'
  readonly table: string
  readonly client: DynamoDbClient
  readonly timeoutMs: number
}

/** A member of whatever was thrown: the client may come from another copy of the SDK, so `instanceof` says nothing. */
export function member(thrown: unknown, name: string): unknown {
  return typeof thrown === 'object' && thrown !== null ? Reflect.get(thrown, name) : undefined
}

export const nameOf = (thrown: unknown): string => `${member(thrown, 'name')}`

/** The item that a refused write brought back. Its attributes are not to be trusted yet. */
export function itemIn(holder: unknown): Item | undefined {
  const item = member(holder, 'Item')
  const isItem = (value: unknown): value is Item => typeof value === 'object' && value !== null
  return isItem(item) ? item : undefined
}

/** What may work when tried again, although DynamoDB says it with a 4xx. */
const PASSING: ReadonlySet<string> = new Set([
  'ProvisionedThroughputExceededException',
  'ReplicatedWriteConflictException',
  'RequestLimitExceeded',
  'ThrottlingException',
  'TransactionConflictException',
  'TransactionInProgressException',
])

const CREDENTIALS = 'give the process AWS credentials that are valid now, and a clock that is right'

/** How to mend what is refused for good. */
const MENDS: ReadonlyMap<string, string> = new Map([
  ['CredentialsProviderError', 'give the process AWS credentials, or a client that has them'],
  ['ExpiredTokenException', CREDENTIALS],
  ['IncompleteSignatureException', CREDENTIALS],
  ['InvalidSignatureException', CREDENTIALS],
  ['MissingAuthenticationTokenException', CREDENTIALS],
  ['ResourceNotFoundException', 'make the table there, or correct its name, the Region or the account'],
  ['UnrecognizedClientException', CREDENTIALS],
  [
    'ValidationException',
    'expected partition key `id` (S) and no sort key; make a table like that if this one is not',
  ],
])

/** The error to throw for whatever the client threw. Neither key nor contents of the request go into its message. */
export async function failureOf(thrown: unknown, request: Request): Promise<StoreUnavailableError> {
  const { action, table, client, timeoutMs } = request
  const code = member(thrown, 'code')
  const reason = typeof code === 'string' ? code : nameOf(thrown)
  const region = await regionOf(client)
  const tables = action === 'TransactWriteItems' ? ' and the tables of the writes' : ''
  const what = `${action} on table ${JSON.stringify(table)}${tables} in ${region ?? 'no Region'}`
  const mend =
    region === undefined ? 'set AWS_REGION, or give a client that has a region' : mendOf(thrown, action)
  const message =
    mend === undefined
      ? `DynamoDB did not do ${what} within ${timeoutMs} ms (${reason}).`
      : `DynamoDB refused ${what} (${reason}): ${mend}.`
  return new StoreUnavailableError(message, { retryable: mend === undefined, cause: thrown })
}

/** `undefined` if it may work when tried again: then, what is not known to be refused for good. */
function mendOf(thrown: unknown, action: Request['action']): string | undefined {
  const name = nameOf(thrown)
  if (name === 'AccessDeniedException') {
    return action === 'TransactWriteItems'
      ? 'allow the role of the process dynamodb:UpdateItem on this table, and the action of each write on its own'
      : `allow the role of the process dynamodb:${action} on this table`
  }
  const mend = MENDS.get(name)
  if (mend !== undefined || PASSING.has(name)) return mend
  const status = Number(member(member(thrown, '$metadata'), 'httpStatusCode'))
  return status >= 400 && status < 500 && status !== 429 ? 'its cause says why' : undefined
}

async function regionOf({ config }: DynamoDbClient): Promise<string | undefined> {
  try {
    return typeof config.region === 'string' ? config.region : await config.region()
  } catch {
    // Nobody has set one.
  }
  return undefined
}
