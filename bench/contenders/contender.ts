import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import type { Context } from 'aws-lambda'
import type { HttpApiEvent } from 'oncekey/testing'

export type Work = (event: unknown, context: unknown) => Promise<unknown>
export type Handler = (event: HttpApiEvent, context: Context) => Promise<unknown>

/** Every contender exports it as `protect`: makes a handler idempotent its way, with its usual client if none is given. */
export type Protect = (work: Work, table: string, client?: DynamoDBClient) => Handler

/** Exported as `protectStubbed`: the same, but what it sends is answered in this process, without a transport. */
export type ProtectStubbed = (work: Work) => Handler
