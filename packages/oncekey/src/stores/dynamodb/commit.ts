import type { marshallOptions } from '@aws-sdk/util-dynamodb'
import { StoreUnavailableError } from '../../core/errors.ts'
import type { CallLimits, Commit, Owner, TransactionWrite, WriteReply } from '../../core/store.ts'
import type { Commands } from './commands.ts'
import { complete } from './expressions.ts'
import { failToLoad, member } from './failures.ts'
import { readSnapshot } from './item.ts'
import type { AttributeValue, Item } from './transport.ts'

/** The last two are of the handler's own making: it gets DynamoDB's error. */
const EXPECTED_ERRORS = ['TransactionCanceledException', 'ValidationException', 'SerializationException']
/** The same request may be sent again after these reasons, with its token. */
const TRANSIENT: ReadonlySet<unknown> = new Set([
  'TransactionConflict',
  'ThrottlingError',
  'ProvisionedThroughputExceeded',
])

/** Completes the record and does the writes in one transaction. @see Store.commit */
export async function commit(
  commands: Commands,
  marshalling: marshallOptions | undefined,
  claim: Owner,
  completion: Commit,
  writes: readonly TransactionWrite[],
  limits: CallLimits,
): Promise<WriteReply> {
  const completing = { Update: { TableName: commands.table, ...complete(claim, completion) } }
  const input = {
    TransactItems: [...(await marshallWrites(writes, marshalling)), completing],
    ClientRequestToken: completion.commitToken,
  }
  const { error, nowMs } = await commands.transact(input, limits, EXPECTED_ERRORS)
  if (error === undefined) return { kind: 'written' }

  const cause = error.cause()
  const { reasons } = error
  if (reasons === undefined) throw cause
  const codes = reasons.map((reason) => member(reason, 'Code'))
  const ownCode = codes[writes.length]
  if (ownCode === 'ConditionalCheckFailed') {
    return { kind: 'refused', ...readSnapshot(claim.id, nowMs, member(reasons[writes.length], 'Item')) }
  }
  const isTransient = codes.some((code) => TRANSIENT.has(code))
  if (isTransient || (ownCode !== undefined && ownCode !== 'None')) {
    const message = `DynamoDB canceled the transaction on table ${JSON.stringify(commands.table)}: ${codes.join(', ')}.`
    throw new StoreUnavailableError(message, { retryable: isTransient, cause })
  }
  // Only the handler's own conditions failed: it gets their reasons, in the order of its writes.
  Reflect.set(Object(cause), 'CancellationReasons', reasons.slice(0, writes.length))
  throw cause
}

/** DynamoDB takes 100 in one transaction, and the completion of the record is one. */
const MAX_WRITES = 99
const KINDS = ['Put', 'Update', 'Delete', 'ConditionCheck'] as const
/** The members that hold attributes, of whatever kind of write. */
const MAPS = ['Item', 'Key', 'ExpressionAttributeValues'] as const

/**
 * Returns a handler's own writes in the form of DynamoDB's low-level API. Checks only what could not be sent, or what
 * DynamoDB's own error would not explain: sizes, names and expressions are DynamoDB's to check.
 *
 * @throws TypeError, RangeError
 * @see https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
 */
async function marshallWrites(
  writes: readonly TransactionWrite[],
  options: marshallOptions | undefined,
): Promise<object[]> {
  const { convertToAttr } = await import('@aws-sdk/util-dynamodb').catch(failToLoad)
  const toAttribute: ToAttribute = (value) => convertToAttr(value, options)
  if (writes.length > MAX_WRITES) {
    throw new RangeError(
      `commit: expected at most ${MAX_WRITES} writes, got ${writes.length}. Leave out what need not happen together.`,
    )
  }
  return writes.map((write, n) => {
    const kinds = KINDS.filter((known) => member(write, known) !== undefined)
    const [kind] = kinds
    if (kind === undefined || kinds.length > 1) {
      const got = Object.keys(Object(write)).join(', ') || typeName(write)
      throw new TypeError(`commit: expected writes[${n}] to be one of ${KINDS.join(', ')}, got ${got}.`)
    }
    return { [kind]: marshallWrite(member(write, kind), `writes[${n}].${kind}`, toAttribute) }
  })
}

type ToAttribute = (value: unknown) => AttributeValue

function marshallWrite(write: unknown, path: string, toAttribute: ToAttribute): object {
  const marshalled: Record<string, unknown> = { ...expectObject(write, path) }
  for (const name of MAPS) {
    const map = marshalled[name]
    if (map !== undefined) marshalled[name] = marshallMap(map, `${path}.${name}`, toAttribute)
  }
  return marshalled
}

function marshallMap(map: unknown, path: string, toAttribute: ToAttribute): Item {
  const item: Item = {}
  for (const [name, value] of Object.entries(expectObject(map, path))) {
    // As lib-dynamodb does: at the top, what JSON would leave out is left out.
    if (value === undefined || typeof value === 'function') continue
    try {
      item[name] = toAttribute(value)
    } catch (cause) {
      throw new TypeError(`commit: ${path}.${name} cannot be stored in DynamoDB; see the cause.`, { cause })
    }
  }
  return item
}

function expectObject(value: unknown, path: string): object {
  if (typeof value === 'object' && value !== null) return value
  throw new TypeError(`commit: expected ${path} to be an object, got ${typeName(value)}.`)
}

function typeName(value: unknown): string {
  return value === null ? 'null' : typeof value
}
