import {
  GetItemCommand,
  type GetItemCommandInput,
  type GetItemCommandOutput,
  PutItemCommand,
  type PutItemCommandInput,
  type PutItemCommandOutput,
  TransactWriteItemsCommand,
  type TransactWriteItemsCommandInput,
  type TransactWriteItemsCommandOutput,
  UpdateItemCommand,
  type UpdateItemCommandInput,
  type UpdateItemCommandOutput,
} from '@aws-sdk/client-dynamodb'
import { type DynamoDbClient, type SendOptions, sharedClient } from './client.ts'
import { failureOf, member, nameOf, type Request } from './failures.ts'

/** What came back, with the store's own time. */
export interface Reply<Output> {
  readonly nowMs: number
  /** `undefined` if the command was refused. */
  readonly output: Output | undefined
  /** Why it was refused: an error that the caller said it can do something with. */
  readonly refusal: unknown
}

/** The end of one call to the store, however many commands it takes. */
export interface Deadline {
  readonly timeoutMs: number
  readonly signal: AbortSignal
  readonly expired: Promise<never>
}

type Send<Input, Output> = (
  input: Input,
  deadline: Deadline,
  foreseen?: readonly string[],
) => Promise<Reply<Output>>

/**
 * The four commands, each answering before the deadline whatever the client does.
 * They throw StoreUnavailableError for all errors but those `foreseen`, by name.
 */
export interface Wire {
  readonly table: string
  readonly put: Send<Omit<PutItemCommandInput, 'TableName'>, PutItemCommandOutput>
  readonly update: Send<Omit<UpdateItemCommandInput, 'TableName'>, UpdateItemCommandOutput>
  readonly get: Send<Omit<GetItemCommandInput, 'TableName'>, GetItemCommandOutput>
  readonly transact: Send<TransactWriteItemsCommandInput, TransactWriteItemsCommandOutput>
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

/** @param given the shared client if left out, made when it is first needed. */
export function createWire(table: string, given: DynamoDbClient | undefined): Wire {
  async function ask<Output>(
    action: Request['action'],
    call: (client: DynamoDbClient, options: SendOptions) => Promise<Output>,
    sight: Sight,
    { timeoutMs, signal, expired }: Deadline,
    foreseen: readonly string[] = [],
  ): Promise<Reply<Output>> {
    const client = given ?? sharedClient()
    try {
      // Raced: a provider of credentials, or a client's own handler, may not listen to the signal.
      const output = await Promise.race([call(client, { abortSignal: signal }), expired])
      return { nowMs: storeTime(sight.response), output, refusal: undefined }
    } catch (thrown) {
      if (foreseen.includes(nameOf(thrown))) {
        return { nowMs: storeTime(member(thrown, '$response')), output: undefined, refusal: thrown }
      }
      throw await failureOf(thrown, { action, table, client, timeoutMs })
    }
  }

  return {
    table,
    put(input, deadline, foreseen) {
      const command = new PutItemCommand({ ...input, TableName: table })
      const sight: Sight = {}
      command.middlewareStack.add((next) => async (args) => keep(sight, await next(args)), KEEP)
      return ask('PutItem', (client, options) => client.send(command, options), sight, deadline, foreseen)
    },
    update(input, deadline, foreseen) {
      const command = new UpdateItemCommand({ ...input, TableName: table })
      const sight: Sight = {}
      command.middlewareStack.add((next) => async (args) => keep(sight, await next(args)), KEEP)
      return ask('UpdateItem', (client, options) => client.send(command, options), sight, deadline, foreseen)
    },
    get(input, deadline, foreseen) {
      const command = new GetItemCommand({ ...input, TableName: table })
      const sight: Sight = {}
      command.middlewareStack.add((next) => async (args) => keep(sight, await next(args)), KEEP)
      return ask('GetItem', (client, options) => client.send(command, options), sight, deadline, foreseen)
    },
    transact(input, deadline, foreseen) {
      const command = new TransactWriteItemsCommand(input)
      const sight: Sight = {}
      command.middlewareStack.add((next) => async (args) => keep(sight, await next(args)), KEEP)
      // A transaction may rightly take longer than the client's own limit for a request.
      const call = (client: DynamoDbClient, options: SendOptions): Promise<TransactWriteItemsCommandOutput> =>
        client.send(command, { ...options, requestTimeout: deadline.timeoutMs })
      return ask('TransactWriteItems', call, sight, deadline, foreseen)
    },
  }
}

/** The reply as it came over the wire. */
export interface Sight {
  response?: unknown
}

/** On the command, because the client's middlewares are its owner's; next to the wire, before anybody unpacks it. */
export const KEEP = { step: 'deserialize', priority: 'high', name: 'oncekeyReply' } as const

export function keep<Result extends { response: unknown }>(sight: Sight, result: Result): Result {
  sight.response = result.response
  return result
}

/** The store's own time: the `Date` of this very reply, and the local clock's only if there is none. */
export function storeTime(response: unknown): number {
  const date = member(member(response, 'headers'), 'date')
  const dateMs = typeof date === 'string' ? Date.parse(date) : Number.NaN
  return Number.isNaN(dateMs) ? Date.now() : dateMs
}
