import type { CallLimits } from '../../core/store.ts'
import { failureOf } from './failures.ts'
import type { Action, Reply, Transport } from './transport.ts'

/**
 * Sends one command within the limits. Resolves if DynamoDB did it, or refused it with one of the expected errors.
 *
 * @throws StoreUnavailableError for every other error
 */
type Send = (input: object, limits: CallLimits, expectedErrors?: readonly string[]) => Promise<Reply>

/** The commands that the store needs, each on its own table. */
export interface Commands {
  readonly table: string
  readonly put: Send
  readonly update: Send
  readonly get: Send
  /** Its input names the tables itself. */
  readonly transact: Send
}

/** @param region for messages: what the transport sends to, or `undefined` if that is not known. */
export function createCommands(
  table: string,
  transport: Transport,
  region: () => Promise<string | undefined>,
): Commands {
  const send = (
    action: Action,
    input: object,
    { timeoutMs }: CallLimits,
    expectedErrors: readonly string[] = [],
  ): Promise<Reply> =>
    transport(action, input, { timeoutMs, expectedErrors }).catch(async (thrown: unknown) => {
      throw await failureOf(thrown, { action, table, timeoutMs, region: await region() })
    })
  return {
    table,
    put: (input, limits, expected) => send('PutItem', { ...input, TableName: table }, limits, expected),
    update: (input, limits, expected) => send('UpdateItem', { ...input, TableName: table }, limits, expected),
    get: (input, limits) => send('GetItem', { ...input, TableName: table, ConsistentRead: true }, limits),
    transact: (input, limits, expected) => send('TransactWriteItems', input, limits, expected),
  }
}
