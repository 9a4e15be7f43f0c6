/**
 * A `DynamoDBClient` or `DynamoDBDocumentClient`, of whatever copy and version of the SDK: only what the store uses of
 * it. No types of the SDK, which need not be installed.
 */
export interface DynamoDbClient {
  readonly config: {
    readonly region: string | (() => Promise<string>)
    /** The marshalling options of a `DynamoDBDocumentClient`, for the handler's own writes. */
    readonly translateConfig?: { readonly marshallOptions?: object } | undefined
  }
  send(command: object, options: SendOptions): Promise<object>
}

interface SendOptions {
  readonly abortSignal: AbortSignal
  readonly requestTimeout?: number
}

/** A value in the form of the low-level API, as far as records are made of it. */
export interface AttributeValue {
  readonly S?: string | undefined
  readonly N?: string | undefined
  readonly B?: Uint8Array | undefined
  readonly BOOL?: boolean | undefined
  readonly M?: Item | undefined
}

/** An item in the form of the low-level API. */
export type Item = Record<string, AttributeValue>

export type Action = 'PutItem' | 'UpdateItem' | 'GetItem' | 'TransactWriteItems'

/** An error that the caller of a command can act on, in DynamoDB's own words. */
interface ExpectedError {
  /** Without a namespace: `ConditionalCheckFailedException`. */
  readonly name: string
  /** The item that made a condition fail. Its attributes are not to be trusted yet. */
  readonly item: unknown
  /** The reasons of a cancelled transaction, one for each of its items. */
  readonly reasons: readonly unknown[] | undefined
  /** Returns the error that was thrown, or one like the SDK's. */
  readonly cause: () => unknown
}

export interface Reply {
  /** The store's own time, from the reply's `Date` header. Epoch milliseconds. */
  readonly nowMs: number
  /** The item that a read or an `ALL_NEW` update returned. */
  readonly item: Item | undefined
  /** Set if DynamoDB refused the command for a reason that the caller expects. */
  readonly error: ExpectedError | undefined
}

/**
 * Sends one command to DynamoDB and resolves or rejects within `timeoutMs`, whatever happens on the way.
 * Resolves to a reply if DynamoDB did what it was told, or refused with one of `expectedErrors`; else rejects with
 * what was thrown (an SDK error, or an error of the same `name`, `$metadata` and `code`).
 */
export type Transport = (
  action: Action,
  input: object,
  options: { readonly timeoutMs: number; readonly expectedErrors: readonly string[] },
) => Promise<Reply>
