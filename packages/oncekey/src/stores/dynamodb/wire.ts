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

/**
 * Runs what belongs to one call, and breaks off what is left of it when its time is over or part of it has failed.
 * The timer goes with the call: one of `AbortSignal.timeout` would live on for seconds after each.
 */
export async function within<T>(timeoutMs: number, run: (deadline: Deadline) => Promise<T>): Promise<T> {
  const controller = new AbortController()
  let timer: NodeJS.Timeout | undefined
  const expired = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () => reject(new DOMException('The time for this call is over.', 'TimeoutError')),
      timeoutMs,
    )
  })
  // It may come between two requests of the call, when nobody listens: the next one finds it.
  expired.catch(() => undefined)
  try {
    return await run({ timeoutMs, signal: controller.signal, expired })
  } catch (error) {
    controller.abort(error)
    throw error
  } finally {
    clearTimeout(timer)
  }
}

/** @param given the shared client if left out, made when it is first needed. */
export function createWire(table: string, given: DynamoDbClient | undefined): Wire {
  async function ask<Output>(
    action: Request['action'],
    command: Watchable,
    call: (client: DynamoDbClient, options: SendOptions) => Promise<Output>,
    { timeoutMs, signal, expired }: Deadline,
    // Stryker disable next-line ArrayDeclaration: no error has the name that it would hold
    foreseen: readonly string[] = [],
  ): Promise<Reply<Output>> {
    const client = given ?? sharedClient()
    const nowMs = watchReply(command)
    try {
      // Raced: a provider of credentials, or a client's own handler, may not listen to the signal.
      const output = await Promise.race([call(client, { abortSignal: signal }), expired])
      return { nowMs: nowMs(), output, refusal: undefined }
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
      return ask('PutItem', command, (client, options) => client.send(command, options), deadline, foreseen)
    },
    update(input, deadline, foreseen) {
      const command = new UpdateItemCommand({ ...input, TableName: table })
      return ask(
        'UpdateItem',
        command,
        (client, options) => client.send(command, options),
        deadline,
        foreseen,
      )
    },
    get(input, deadline, foreseen) {
      const command = new GetItemCommand({ ...input, TableName: table })
      return ask('GetItem', command, (client, options) => client.send(command, options), deadline, foreseen)
    },
    transact(input, deadline, foreseen) {
      const command = new TransactWriteItemsCommand(input)
      // A transaction may rightly take longer than the client's own limit for a request.
      const call = (client: DynamoDbClient, options: SendOptions): Promise<TransactWriteItemsCommandOutput> =>
        client.send(command, { ...options, requestTimeout: deadline.timeoutMs })
      return ask('TransactWriteItems', command, call, deadline, foreseen)
    },
  }
}

/** A command of whatever kind, as far as its reply can be seen on the way. */
interface Watchable {
  readonly middlewareStack: {
    add(
      middleware: <Result extends { response: unknown }>(
        next: (args: never) => Promise<Result>,
      ) => (args: never) => Promise<Result>,
      options: { readonly step: 'deserialize' },
    ): void
  }
}

/**
 * What gives the store's own time of the command's reply, once it has come.
 * It is put on the command, because the client's middlewares are its owner's; and next to the wire, before anybody
 * unpacks the reply.
 */
export function watchReply({ middlewareStack }: Watchable): () => number {
  let response: unknown
  middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args)
      response = result.response
      return result
    },
    { step: 'deserialize' },
  )
  return () => storeTime(response)
}

/** The store's own time: the `Date` of this very reply, and the local clock's only if there is none. */
function storeTime(response: unknown): number {
  const dateMs = Date.parse(String(member(member(response, 'headers'), 'date')))
  return Number.isNaN(dateMs) ? Date.now() : dateMs
}
