import type { TransactWriteItem } from '@aws-sdk/client-dynamodb'
import type { marshallOptions } from '@aws-sdk/util-dynamodb'
import { StoreUnavailableError } from '../../protocol/errors.ts'
import type { Store } from '../../protocol/store.ts'
import { member } from './failures.ts'
import { marshallWrites } from './marshall-writes.ts'
import { completing } from './updates.ts'
import { type Wire, within } from './wire.ts'
import { refused } from './writes.ts'

/** Refusals of a transaction. The second is of the handler's own making: it gets the SDK's own error. */
const FORESEEN = ['TransactionCanceledException', 'ValidationException']
/** Reasons that pass. The same request may then be sent again, with its token. */
const PASSING: ReadonlySet<unknown> = new Set([
  'TransactionConflict',
  'ThrottlingError',
  'ProvisionedThroughputExceeded',
])

export function createCommit(
  wire: Wire,
  marshalling: marshallOptions | undefined,
): NonNullable<Store['commit']> {
  return async (claim, completion, writes, { timeoutMs }) => {
    const ours: TransactWriteItem = { Update: { TableName: wire.table, ...completing(claim, completion) } }
    const theirs = marshallWrites(writes, marshalling)
    const { refusal, nowMs } = await within(timeoutMs, (deadline) =>
      wire.transact(
        { TransactItems: [...theirs, ours], ClientRequestToken: completion.commitToken },
        deadline,
        FORESEEN,
      ),
    )
    if (refusal === undefined) return { kind: 'written' }

    const reasons = member(refusal, 'CancellationReasons')
    if (!Array.isArray(reasons)) throw refusal
    const codes = reasons.map((reason) => member(reason, 'Code'))
    const last = codes[writes.length]
    if (last === 'ConditionalCheckFailed') return refused(claim.id, reasons[writes.length], nowMs)
    const isPassing = codes.some((code) => PASSING.has(code))
    if (isPassing || (last !== undefined && last !== 'None')) {
      const message = `DynamoDB cancelled the transaction on table ${JSON.stringify(wire.table)}: ${codes.join(', ')}.`
      throw new StoreUnavailableError(message, { retryable: isPassing, cause: refusal })
    }
    // Only the handler's own conditions failed: it gets their reasons, in the order of its writes.
    Reflect.set(Object(refusal), 'CancellationReasons', reasons.slice(0, writes.length))
    throw refusal
  }
}
