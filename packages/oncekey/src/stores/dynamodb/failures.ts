import { StoreUnavailableError } from '../../protocol/errors.ts'
import type { DynamoDbClient } from './client.ts'
import type { Item } from './item.ts'

/** What was asked of DynamoDB, for the message of what went wrong. */
export interface Request {
  readonly action: 'PutItem' | 'UpdateItem' | 'GetItem' | 'TransactWriteItems'
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

/** What DynamoDB means to be tried again although it says so with a 4xx. */
const RETRYABLE: ReadonlySet<string> = new Set([
  'ProvisionedThroughputExceededException',
  'RequestLimitExceeded',
  'ThrottlingException',
  'Throttling',
  'ReplicatedWriteConflictException',
  'TransactionConflictException',
  'TransactionInProgressException',
])

/** The error to throw for whatever the client threw. Neither keys nor contents of the request go into its message. */
export async function failureOf(thrown: unknown, request: Request): Promise<StoreUnavailableError> {
  const { action, table, client, timeoutMs } = request
  const name = nameOf(thrown)
  const region = await regionOf(client)
  const what = `${action} on table ${JSON.stringify(table)} in ${region ?? 'no Region'}`
  const mend = region === undefined ? NO_REGION : mendOf(thrown, name, action)
  const message =
    mend === undefined
      ? `DynamoDB did not do ${what} within ${timeoutMs} ms (${name}).`
      : `DynamoDB refused ${what} (${name}): ${mend}.`
  return new StoreUnavailableError(message, { retryable: mend === undefined, cause: thrown })
}

const NO_REGION = 'set AWS_REGION, or give a client that has a region'

/** How to mend what was refused for good; `undefined` if it may work when tried again. */
function mendOf(thrown: unknown, name: string, action: Request['action']): string | undefined {
  if (name === 'CredentialsProviderError')
    return 'give the process AWS credentials, or give a client that has them'
  const status = member(member(thrown, '$metadata'), 'httpStatusCode')
  const isRefusal =
    member(thrown, '$fault') === 'client' || (typeof status === 'number' && status >= 400 && status < 500)
  if (!isRefusal || status === 429 || RETRYABLE.has(name)) return undefined
  switch (name) {
    case 'ResourceNotFoundException':
      return 'create the table there, or correct its name, the Region or the account of the credentials'
    case 'AccessDeniedException':
      return action === 'TransactWriteItems'
        ? 'allow dynamodb:UpdateItem on this table, and on the tables of the writes the action of each'
        : `allow dynamodb:${action} on this table to the role of the process`
    case 'ExpiredTokenException':
    case 'UnrecognizedClientException':
    case 'InvalidSignatureException':
    case 'IncompleteSignatureException':
    case 'MissingAuthenticationTokenException':
      return 'give the process AWS credentials that are valid now, and a clock that is right'
    case 'ValidationException':
      return 'expected partition key `id` (S) and no sort key; make a table like that if this one has another key'
    default:
      return 'its cause says why'
  }
}

async function regionOf({ config }: DynamoDbClient): Promise<string | undefined> {
  try {
    return typeof config.region === 'string' ? config.region : await config.region()
  } catch {
    return undefined
  }
}
