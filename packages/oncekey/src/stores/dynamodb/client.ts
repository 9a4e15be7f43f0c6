import {
  DynamoDBClient,
  type GetItemCommand,
  type GetItemCommandOutput,
  type PutItemCommand,
  type PutItemCommandOutput,
  type TransactWriteItemsCommand,
  type TransactWriteItemsCommandOutput,
  type UpdateItemCommand,
  type UpdateItemCommandOutput,
} from '@aws-sdk/client-dynamodb'
import type { marshallOptions } from '@aws-sdk/util-dynamodb'

export interface SendOptions {
  readonly abortSignal: AbortSignal
  readonly requestTimeout?: number
}

/** A `DynamoDBClient` or `DynamoDBDocumentClient`, of whatever copy of the SDK: only what the store calls of it. */
export interface DynamoDbClient {
  readonly config: {
    readonly region: string | (() => Promise<string>)
    /** Of a `DynamoDBDocumentClient`: how it wants the handler's own writes to be read. */
    readonly translateConfig?: { readonly marshallOptions?: marshallOptions } | undefined
  }
  send(command: PutItemCommand, options: SendOptions): Promise<PutItemCommandOutput>
  send(command: UpdateItemCommand, options: SendOptions): Promise<UpdateItemCommandOutput>
  send(command: GetItemCommand, options: SendOptions): Promise<GetItemCommandOutput>
  send(command: TransactWriteItemsCommand, options: SendOptions): Promise<TransactWriteItemsCommandOutput>
}

let shared: DynamoDBClient | undefined

/**
 * The client of every store that was given none: one per process, so that its connections are shared, and made at
 * the first call, so that a program that never calls needs no Region.
 */
export function sharedClient(): DynamoDBClient {
  shared ??= new DynamoDBClient({
    maxAttempts: 3,
    requestHandler: { connectionTimeout: 1_000, requestTimeout: 2_000, throwOnRequestTimeout: true },
  })
  return shared
}
