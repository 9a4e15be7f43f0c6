import type {
  DynamoDBClient,
  GetItemCommand,
  GetItemCommandInput,
  PutItemCommand,
  PutItemCommandInput,
  TransactWriteItemsCommand,
  TransactWriteItemsCommandInput,
  UpdateItemCommand,
  UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb'
import { failToLoad, member, nameOf } from './failures.ts'
import type { Action, DynamoDbClient, Item, Transport } from './transport.ts'

type Command = GetItemCommand | PutItemCommand | TransactWriteItemsCommand | UpdateItemCommand

type Sdk = typeof import('@aws-sdk/client-dynamodb')

/** A method, so that each action may have the type of its own input. */
interface CommandFactory {
  create(sdk: Sdk, input: object): Command
}

const createCommand: { readonly [A in Action]: CommandFactory['create'] } = {
  PutItem: (sdk, input: PutItemCommandInput) => new sdk.PutItemCommand(input),
  UpdateItem: (sdk, input: UpdateItemCommandInput) => new sdk.UpdateItemCommand(input),
  GetItem: (sdk, input: GetItemCommandInput) => new sdk.GetItemCommand(input),
  TransactWriteItems: (sdk, input: TransactWriteItemsCommandInput) =>
    new sdk.TransactWriteItemsCommand(input),
}

let loaded: Sdk | undefined

/** A static import would be hoisted in a bundle of one file, and cost every function the SDK's 60 ms. */
async function loadSdk(): Promise<Sdk> {
  loaded ??= await import('@aws-sdk/client-dynamodb').catch(failToLoad)
  return loaded
}

/** Returns a transport on the AWS SDK's client; on the shared one if none is given, once it is needed. */
export function createSdkTransport(given: DynamoDbClient | undefined): Transport {
  return async (action, input, { timeoutMs, expectedErrors }) => {
    const sdk = loaded ?? (await loadSdk())
    const client: DynamoDbClient = given ?? sharedClient(sdk)
    const command = createCommand[action](sdk, input)
    const reply = watchReply(command)
    // A transaction may rightly take longer than a given client's own limit for a request.
    const isGivenTransaction = given !== undefined && action === 'TransactWriteItems'
    const requestTimeout = isGivenTransaction ? { requestTimeout: timeoutMs } : undefined
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
      const response = member(thrown, '$response')
      // Leases are judged by the store's time, never by the local clock.
      if (response !== undefined && dateOf(response) === undefined) {
        throw new DOMException('The reply has no date, so it is not from DynamoDB.', 'DataError')
      }
      const reasons = member(thrown, 'CancellationReasons')
      const error = {
        name,
        item: member(thrown, 'Item'),
        reasons: Array.isArray(reasons) ? reasons : undefined,
        cause: () => thrown,
      }
      return { nowMs: storeTimeMs(response), item: undefined, error }
    }
  }
}

let shared: DynamoDBClient | undefined

/**
 * Returns the client of every store that was given none: one per process, so that its connections are shared, and
 * created on the first call, so that a program that never calls needs no Region.
 */
export function sharedClient(sdk: Sdk): DynamoDBClient {
  shared ??= new sdk.DynamoDBClient({
    // Every call is tried again by its caller, who has to know what became of each request.
    maxAttempts: 1,
    // No requestTimeout: after a long block of the event loop its timer fires before the sockets are read, and kills
    // requests whose replies have come. Each call has a timeout of its own.
    requestHandler: { connectionTimeout: 1_000 },
  })
  return shared
}

/** Returns the client's Region, or `undefined` if none is set. */
export async function regionOf(given: DynamoDbClient | undefined): Promise<string | undefined> {
  try {
    const { region } = (given ?? sharedClient(await loadSdk())).config
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

/** Returns the time of a reply, and the local time only for a test's stub of the client, which has no response. */
function storeTimeMs(response: unknown): number {
  return dateOf(response) ?? Date.now()
}

function dateOf(response: unknown): number | undefined {
  const dateMs = Date.parse(String(member(member(response, 'headers'), 'date')))
  return Number.isNaN(dateMs) ? undefined : dateMs
}

function itemOf(output: unknown): Item | undefined {
  const item = member(output, 'Item') ?? member(output, 'Attributes')
  return isItem(item) ? item : undefined
}

function isItem(value: unknown): value is Item {
  return typeof value === 'object' && value !== null
}
