import type { Claim } from './claim.ts'
import { deriveUuid } from './identity.ts'
import { lossSignal } from './renew.ts'
import type { Jsonify } from './result.ts'
import type { TransactionWrite } from './store.ts'

/** One run of a request, as its handler sees it: `context.idempotency` on Lambda. */
export interface Attempt {
  /** The caller's key. */
  readonly key: string

  /** The number of this run: 1, 2, 3 … while the record lives. */
  readonly number: number

  /**
   * Aborts once this run should stop: it has lost its claim, so that another run may have begun, or Middy's early timeout
   * has answered for it.
   */
  readonly signal: AbortSignal

  /**
   * Returns a UUID for a downstream call: the same on every attempt of this request, and different for every other
   * request and name. Send it as the idempotency key to a payment provider.
   */
  derive(name: string): string

  /**
   * Runs `fn` once and saves its result in the record: a later attempt gets the result instead of running it again.
   * It resolves to the JSON round trip of the result, the first time too, so that every attempt sees the same value.
   *
   * @param name 1 to 255 characters, used once in this run.
   * @throws TypeError, without running `fn`, if the name is invalid or was used before, or the run has ended.
   * @throws LeaseLostError if the lease was lost: `fn` may have run, and another run may run it again.
   * @throws ResultUnavailableError if the result is not JSON. `fn` will not run again all the same.
   * @throws RecordUnreadableError if the saved result is damaged. `fn` does not run again.
   * @throws StoreUnavailableError if the result could not be saved.
   * @throws whatever `fn` throws; nothing is saved then.
   */
  step<T>(name: string, fn: () => T | Promise<T>): Promise<Jsonify<T>>

  /**
   * Does the handler's own DynamoDB writes and the completion in one transaction: all happen or none.
   * `result` is stored and answered, whatever the handler returns afterwards. It is returned unchanged.
   *
   * @param writes up to 99 writes to tables of the same account and Region, in lib-dynamodb's plain JavaScript form.
   * @throws TypeError, RangeError, before anything is sent, if the store has no transactions, the writes cannot be
   *   sent, the result is one that is not stored, or the run has ended.
   * @throws TransactionCanceledException (the SDK's) if a condition of `writes` fails, with its reasons in their order.
   *   The claim is still held, and the handler may answer otherwise.
   * @throws LeaseLostError if the lease was lost. Nothing was written.
   * @throws StoreUnavailableError if the reply never came. Whether the transaction happened is not known here, but
   *   the record knows, and what it holds is answered.
   * @see https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_TransactWriteItems.html
   */
  commit<R>(result: R, writes: readonly TransactionWrite[]): Promise<R>
}

const claims = new WeakMap<object, Claim>()

/** Returns the claim of an attempt; `undefined` for anything else. */
export function claimOf(attempt: unknown): Claim | undefined {
  return typeof attempt === 'object' && attempt !== null ? claims.get(attempt) : undefined
}

export function createAttempt(claim: Claim): Attempt {
  const { request, record } = claim
  const attempt: Attempt = {
    key: request.key,
    number: record.attempt,
    get signal() {
      return lossSignal(claim)
    },
    derive: (name) => deriveUuid(record.id, name),
    // Most handlers use neither, and load neither.
    async step(name, fn) {
      const { runStep } = await import('../features/step.ts')
      return runStep(claim, name, fn)
    },
    async commit(result, writes) {
      const { commit } = await import('../features/commit.ts')
      return commit(claim, result, writes)
    },
  }
  claims.set(attempt, claim)
  return attempt
}
