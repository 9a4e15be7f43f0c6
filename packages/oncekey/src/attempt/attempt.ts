import type { Jsonify } from 'type-fest'
import type { TransactionWrite } from '../protocol/store.ts'

/** One run of an intent, as its handler sees it: `context.idempotency` on Lambda. */
export interface Attempt {
  /** The caller's key. */
  readonly key: string

  /** 1, 2, 3 … while the record lives: which run this is. */
  readonly number: number

  /**
   * A UUID for a downstream call, equal on every attempt of this intent and different for every other intent and
   * name: the idempotency key to send to a payment provider.
   */
  derive(name: string): string

  /**
   * Runs `fn` once and keeps its result in the record: a later attempt gets the result instead of running it again.
   * It resolves to the JSON round trip of the result, the first time too, so that no attempt sees another value.
   *
   * @throws TypeError, without running `fn`, if the name is no text of 1 to 255 characters, was used in this run
   *   before, or came after the run had ended.
   * @throws LeaseLostError if the lease was lost: what `fn` did is done, but a successor may do it again.
   * @throws ResultUnavailableError if the result is not JSON; `fn` will not be run again all the same.
   * @throws RecordUnreadableError if the saved result is damaged; `fn` is not run again.
   * @throws StoreUnavailableError if the result could not be saved.
   * @throws whatever `fn` throws; nothing is saved then.
   */
  step<T>(name: string, fn: () => T | Promise<T>): Promise<Jsonify<T>>

  /**
   * Does the handler's own DynamoDB writes and the completion in one transaction: all happen or none.
   * `result` is what is stored and answered, whatever the handler returns afterwards. It is returned as it came.
   *
   * @param writes up to 99 writes to tables of the same account and Region, in lib-dynamodb's plain JavaScript form.
   * @throws TypeError, RangeError, before anything is sent, if the store has no transactions, the writes cannot be
   *   sent (more than 99, more than 4 MB, a value that DynamoDB does not know), the result is one that is not stored,
   *   or the run has ended.
   * @throws TransactionCanceledException (the SDK's) if a condition of `writes` fails, its reasons in their order;
   *   the claim is still held and the handler may answer otherwise.
   * @throws LeaseLostError if the lease was lost; nothing was written.
   * @throws StoreUnavailableError if the reply never came: whether it happened is not known here, but the record
   *   knows, and what it holds is what is answered.
   * @see https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
   */
  commit<R>(result: R, writes: readonly TransactionWrite[]): Promise<R>
}
