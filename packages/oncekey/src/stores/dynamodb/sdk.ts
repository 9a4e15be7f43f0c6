import {
  DynamoDBClient,
  GetItemCommand,
  type GetItemCommandInput,
  PutItemCommand,
  type PutItemCommandInput,
  TransactWriteItemsCommand,
  type TransactWriteItemsCommandInput,
  UpdateItemCommand,
  type UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb'
import type { marshallOptions } from '@aws-sdk/util-dynamodb'
import { member, nameOf } from './failures.ts'
import type { Action, Item, Transport } from './transport.ts'

export interface SendOptions {
  readonly abortSignal: AbortSignal
  readonly requestTimeout?: number
}

type Command = GetItemCommand | PutItemCommand | TransactWriteItemsCommand | UpdateItemCommand

/** A `DynamoDBClient` or `DynamoDBDocumentClient`, of whatever copy of the SDK: only what the store calls of it. */
export interface DynamoDbClient {
  readonly config: {
    readonly region: string | (() => Promise<string>)
    /** How a `DynamoDBDocumentClient` wants the handler's own writes to be marshalled. */
    readonly translateConfig?: { readonly marshallOptions?: marshallOptions } | undefined
  }
  send(command: Command, options: SendOptions): Promise<object>
}

/** A method, so that each action may have the type of its own input. */
interface CommandFactory {
  create(input: object): Command
}

const createCommand: { readonly [A in Action]: CommandFactory['create'] } = {
  PutItem: (input: PutItemCommandInput) => new PutItemCommand(input),
  UpdateItem: (input: UpdateItemCommandInput) => new UpdateItemCommand(input),
  GetItem: (input: GetItemCommandInput) => new GetItemCommand(input),
  TransactWriteItems: (input: TransactWriteItemsCommandInput) => new TransactWriteItemsCommand(input),
}

/** Returns a transport on the AWS SDK's client; on the shared one if none is given, once it is needed. */
export function createSdkTransport(given: DynamoDbClient | undefined): Transport {
  return async (action, input, { timeoutMs, expectedErrors }) => {
    const client: DynamoDbClient = given ?? sharedClient()
    const command = createCommand[action](input)
    const reply = watchReply(command)
    // A transaction may rightly take longer than the client's own limit for a request.
    const requestTimeout = action === 'TransactWriteItems' ? { requestTimeout: timeoutMs } : undefined
    try {
      const output = await withTimeout(timeoutMs, (abortSignal) =>
        client.send(command, { abortSignal, ...requestTimeout }),
      )
      // A client that is a test's stub has no HTTP response.
      if (reply.isSeen() && member(member(output, '$metadata'), 'requestId') === undefined) {
        throw new DOMException('The reply has no request id, so it is not from DynamoDB.', 'DataError')
      }
      return { nowMs: reply.nowMs(), item: itemOf(output), error: undefined }
    } catch (thrown) {
      const name = nameOf(thrown)
      if (!expectedErrors.includes(name)) throw thrown
      const reasons = member(thrown, 'CancellationReasons')
      const error = {
        name,
        item: member(thrown, 'Item'),
        reasons: Array.isArray(reasons) ? reasons : undefined,
        cause: () => thrown,
      }
      return { nowMs: storeTimeMs(member(thrown, '$response')), item: undefined, error }
    }
  }
}

let shared: DynamoDBClient | undefined

/**
 * Returns the client of every store that was given none: one per process, so that its connections are shared, and
 * created on the first call, so that a program that never calls needs no Region.
 */
export function sharedClient(): DynamoDBClient {
  shared ??= new DynamoDBClient({
    maxAttempts: 3,
    requestHandler: { connectionTimeout: 1_000, requestTimeout: 2_000, throwOnRequestTimeout: true },
  })
  return shared
}

/** Returns the client's Region, or `undefined` if none is set. */
export async function regionOf(given: DynamoDbClient | undefined): Promise<string | undefined> {
  try {
    const { region } = (given ?? sharedClient()).config
    return typeof region === 'string' ? region : await region()
  } catch {
    return undefined
  }
}

/**
 * Runs `call` and aborts its pending requests on timeout. It is raced besides: a credential provider, or a client's
 * own handler, may ignore the signal.
 */
async function withTimeout<T>(timeoutMs: number, call: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const controller = new AbortController()
  const timeout = Promise.withResolvers<never>()
  const expire = (): void => {
    const error = new DOMException(`No reply within ${timeoutMs} ms.`, 'TimeoutError')
    timeout.reject(error)
    controller.abort(error)
  }
  // One more turn of the event loop: after a long block, the reply may already lie in the socket.
  const timer = setTimeout(() => setImmediate(expire), timeoutMs)
  try {
    return await Promise.race([call(controller.signal), timeout.promise])
  } finally {
    clearTimeout(timer)
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

/** A command's HTTP response, as far as it has come. */
interface WatchedReply {
  isSeen(): boolean
  /** Returns the store's own time. */
  nowMs(): number
}

/**
 * Watches for the command's response: the command's and not the client's, whose middlewares are its owner's; and next
 * to the network, before anybody unpacks it.
 */
export function watchReply({ middlewareStack }: Watchable): WatchedReply {
  let response: unknown
  middlewareStack.add(
    (next) => async (args) => {
      const result = await next(args)
      response = result.response
      return result
    },
    { step: 'deserialize' },
  )
  return { isSeen: () => response !== undefined, nowMs: () => storeTimeMs(response) }
}

/** Returns the `Date` of this very reply, and the local time only if there is none. */
function storeTimeMs(response: unknown): number {
  const dateMs = Date.parse(String(member(member(response, 'headers'), 'date')))
  return Number.isNaN(dateMs) ? Date.now() : dateMs
}

function itemOf(output: unknown): Item | undefined {
  const item = member(output, 'Item') ?? member(output, 'Attributes')
  return isItem(item) ? item : undefined
}

function isItem(value: unknown): value is Item {
  return typeof value === 'object' && value !== null
}
