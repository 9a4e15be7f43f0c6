import type { marshallOptions } from '@aws-sdk/util-dynamodb'
import { StoreUnavailableError } from '../../core/errors.ts'
import type { CallLimits, Commit, Owner, TransactionWrite, WriteReply } from '../../core/store.ts'
import type { Commands } from './commands.ts'
import { complete } from './expressions.ts'
import { member } from './failures.ts'
import { readSnapshot } from './item.ts'
import { marshallWrites } from './transaction.ts'

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
    TransactItems: [...marshallWrites(writes, marshalling), completing],
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
