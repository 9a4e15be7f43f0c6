import type { GetItemCommand, PutItemCommand, TransactWriteItemsCommand, UpdateItemCommand } from '@aws-sdk/client-dynamodb'
import { type DynamoDbClient, type SendOptions, sharedClient } from './client.ts'
import { failureOf, member, nameOf, type Request } from './failures.ts'

/** What came back, with the store's own time. `refused` is an error that the caller said it can do something with. */
export type Reply<Output> =
  | { readonly kind: 'done'; readonly output: Output; readonly nowMs: number }
  | { readonly kind: 'refused'; readonly error: unknown; readonly nowMs: number }

type Command = PutItemCommand | UpdateItemCommand | GetItemCommand | TransactWriteItemsCommand

export interface Wire {
  readonly table: string
  /** The marshalling options of a `DynamoDBDocumentClient`, for the handler's own writes. */
  marshallOptions(): unknown
  /**
   * Sends one command, and answers within the time of the deadline whatever the client does.
   *
   * @throws StoreUnavailableError for all that is not in `foreseen`.
   */
  send<Output>(
    action: Request['action'],
    command: Command,
    call: (client: DynamoDbClient, options: SendOptions) => Promise<Output>,
    deadline: Deadline,
    foreseen?: readonly string[],
  ): Promise<Reply<Output>>
}

/** The end of one call to the store, however many commands it takes. */
export interface Deadline {
  readonly timeoutMs: number
  readonly signal: AbortSignal
  readonly expired: Promise<never>
}

export function startDeadline(timeoutMs: number): Deadline {
  const signal = AbortSignal.timeout(timeoutMs)
  const expired = new Promise<never>((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
  // Most calls are over before: then nobody listens any more.
  expired.catch(() => undefined)
  return { timeoutMs, signal, expired }
}

export function createWire(table: string, given: DynamoDbClient | undefined): Wire {
  return {
    table,
    marshallOptions: () => member(member(given?.config, 'translateConfig'), 'marshallOptions'),
    async send(action, command, call, { timeoutMs, signal, expired }, foreseen = []) {
      const client = given ?? sharedClient()
      const date = watchDate(command)
      try {
        const sent = call(client, { abortSignal: signal })
        // A provider of credentials, or a client's own handler, may not listen to the signal.
        const output = await Promise.race([sent, expired])
        return { kind: 'done', output, nowMs: storeTime(date()) }
      } catch (thrown) {
        if (foreseen.includes(nameOf(thrown))) {
          return { kind: 'refused', error: thrown, nowMs: storeTime(dateIn(member(thrown, '$response'))) }
        }
        throw await failureOf(thrown, { action, table, client, timeoutMs })
      }
    },
  }
}

/** Reads the `Date` of a command's reply: on the command, because the client's own middlewares are its owner's. */
function watchDate({ middlewareStack }: Command): () => unknown {
  let date: unknown
  middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args)
      date = dateIn(result.response)
      return result
    },
    { step: 'deserialize', priority: 'high', name: 'oncekeyDate' },
  )
  return () => date
}

const dateIn = (response: unknown): unknown => member(member(response, 'headers'), 'date')

/** The store's own time; the local clock's only if the reply came without. */
function storeTime(date: unknown): number {
  const dateMs = typeof date === 'string' ? Date.parse(date) : Number.NaN
  return Number.isNaN(dateMs) ? Date.now() : dateMs
}
