import { RecordUnreadableError } from '../../core/errors.ts'
import type { InFlightRecord } from '../../core/record.ts'
import type { CallLimits, ClaimReply, Store, WriteReply } from '../../core/store.ts'
import { encodeRecord } from '../codec.ts'
import { type Commands, createCommands } from './commands.ts'
import { createDirectTransport } from './direct.ts'
import {
  type Condition,
  complete,
  IF_ABSENT,
  ifUnchanged,
  release,
  renew,
  saveStep,
  takeOver,
  type Update,
} from './expressions.ts'
import { readRecord, readSnapshot, toItem } from './item.ts'
import type { DynamoDbClient, Item, Reply, Transport } from './transport.ts'

export interface DynamoDbStoreOptions {
  /**
   * A `DynamoDBClient` or `DynamoDBDocumentClient`. Each call to it is given up after two seconds. With a
   * `requestTimeout` of its own it also gives up requests whose replies have come while the event loop was blocked.
   *
   * @default none: in the plain environment of a Lambda function (credentials and Region in the environment), the store
   *   signs and sends its requests without the SDK. Elsewhere the process shares one client
   */
  readonly client?: DynamoDbClient
}

/**
 * How much of a result a record holds itself. DynamoDB bills every later write of the record, refused ones included,
 * by the size of the whole item: the cost table is in docs/decisions/041-inline-limit.md.
 */
const INLINE_LIMIT_BYTES = 3_072

const CONFLICT = 'TransactionConflictException'
/** An owner that meets a transaction on its record tries again: it has no other way to learn what became of it. */
const OWNER_ERRORS = ['ConditionalCheckFailedException']
const CLAIM_ERRORS = [...OWNER_ERRORS, CONFLICT]

/**
 * Returns a store in a DynamoDB table with partition key `id` (S), no sort key, and TTL on `expiresAt`.
 *
 * @throws TypeError if no table can have this name, as when an environment variable is not set.
 */
export function dynamoDbStore(table: string, { client }: DynamoDbStoreOptions = {}): Store {
  checkTableName('dynamoDbStore', table)
  return client === undefined
    ? createStore(createCommands(table, directTransport, currentRegion))
    : createStore(
        createCommands(table, sdkTransport(client), () => loadRegion(client)),
        client,
      )
}

/** @see https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_PutItem.html */
const TABLE_NAME = /^(?:arn:[\w-]+:dynamodb:[\w-]+:\d{12}:table\/)?[\w.-]{3,255}$/

/** @throws TypeError if this is neither the name of a table nor its ARN, with what to correct. */
export function checkTableName(
  where: string,
  table: unknown,
  expected = 'the name of a table',
): asserts table is string {
  if (typeof table === 'string' && TABLE_NAME.test(table)) return
  const text = String(table)
  let advice = 'Is the environment variable set?'
  if (text.includes('${Token[')) {
    advice = 'A CDK token has its value only in the template: pass the name in an environment variable.'
  } else if (text.startsWith('arn:')) {
    advice = 'The ARN of a table is arn:aws:dynamodb:REGION:ACCOUNT:table/NAME.'
  } else if (/^["'\s]|["'\s]$/.test(text)) {
    advice = 'Remove the quotes and spaces around it.'
  }
  const got = typeof table === 'string' ? JSON.stringify(table) : text
  throw new TypeError(
    `${where}: expected ${expected}, got ${got}. A name has 3 to 255 of A-Z a-z 0-9 _ - . or is the ARN of a table. ${advice}`,
  )
}

async function loadSdkTransport(client: DynamoDbClient | undefined): Promise<Transport> {
  const { createSdkTransport } = await import('./sdk.ts')
  return createSdkTransport(client)
}

async function loadRegion(client: DynamoDbClient | undefined): Promise<string | undefined> {
  const { regionOf } = await import('./sdk.ts')
  return regionOf(client)
}

/** All stores without a client share it, its connections and what it learns of the clock. */
const directTransport = createDirectTransport(process.env, () => loadSdkTransport(undefined))

async function currentRegion(): Promise<string | undefined> {
  return process.env.AWS_REGION ?? loadRegion(undefined)
}

/** Only those whose own client is used load the code for it. */
function sdkTransport(client: DynamoDbClient): Transport {
  let transport: Transport | undefined
  return async (...command) => {
    transport ??= await loadSdkTransport(client)
    return transport(...command)
  }
}

/** Returns the store that sends these commands. `client` tells how its owner wants values to be marshalled. */
export function createStore(commands: Commands, client?: DynamoDbClient): Store {
  const putClaim = (record: InFlightRecord, condition: Condition, limits: CallLimits): Promise<ClaimReply> =>
    commands
      .put({ ...condition, Item: toItem(encodeRecord(record)) }, limits, CLAIM_ERRORS)
      .then((reply) => refusalOf(record.id, reply) ?? { kind: 'written', nowMs: reply.nowMs, record })
  const write = (id: string, update: Update, limits: CallLimits): Promise<WriteReply> =>
    commands
      .update(update, limits, OWNER_ERRORS)
      .then(({ error, nowMs }) =>
        error ? { kind: 'refused', ...readSnapshot(id, nowMs, error.item) } : { kind: 'written' },
      )

  return {
    insert: (record, limits) => putClaim(record, IF_ABSENT, limits),
    replace: (record, seen, limits) => putClaim(record, ifUnchanged(seen), limits),
    async takeover(record, seen, limits) {
      // Steps may have been saved since it was seen: only the item that comes back has them all.
      const input = { ...takeOver(record, seen), ReturnValues: 'ALL_NEW' }
      const reply = await commands.update(input, limits, CLAIM_ERRORS)
      const { nowMs, item = {} } = reply
      return refusalOf(record.id, reply) ?? { kind: 'written', nowMs, record: readClaim(record.id, item) }
    },
    complete: (claim, completion, limits) => write(claim.id, complete(claim, completion), limits),
    release: (claim, limits) => write(claim.id, release(claim), limits),
    saveStep: (claim, name, result, limits) => write(claim.id, saveStep(claim, name, result), limits),
    renew: (claim, change, limits) => write(claim.id, renew(claim, change), limits),
    async read(id, limits) {
      const { nowMs, item } = await commands.get({ Key: { id: { S: id } } }, limits)
      return readSnapshot(id, nowMs, item)
    },
    // Loaded on use, as most functions have small results and do not commit.
    async offload(claim, request, makeCall) {
      const { result, inlineBytes } = request
      const sizeBytes = result.kind === 'json' ? Buffer.byteLength(result.json) : result.bytes.length
      if (sizeBytes + inlineBytes <= INLINE_LIMIT_BYTES) return result
      const { writeChunks } = await import('./chunks.ts')
      return writeChunks(commands, claim, request, makeCall)
    },
    async load(id, result, limits) {
      const { readChunks } = await import('./chunks.ts')
      return readChunks(commands, id, result, limits)
    },
    async commit(claim, completion, writes, limits) {
      const { commit } = await import('./commit.ts')
      return commit(
        commands,
        client?.config.translateConfig?.marshallOptions,
        claim,
        completion,
        writes,
        limits,
      )
    },
  }
}

function refusalOf(
  id: string,
  { nowMs, error }: Reply,
): Exclude<ClaimReply, { kind: 'written' }> | undefined {
  if (error === undefined) return undefined
  return error.name === CONFLICT
    ? { kind: 'busy' }
    : { kind: 'refused', ...readSnapshot(id, nowMs, error.item) }
}

function readClaim(id: string, item: Item): InFlightRecord {
  const record = readRecord(id, item)
  if (record.status === 'in-flight') return record
  throw new RecordUnreadableError(id, 'expected attribute "status" to be in-flight')
}
