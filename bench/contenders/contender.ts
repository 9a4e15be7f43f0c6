import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import type { Context } from 'aws-lambda'
import type { HttpApiEvent } from '../../test/support/events.ts'

export type Work = (event: unknown, context: unknown) => Promise<unknown>
export type Handler = (event: HttpApiEvent, context: Context) => Promise<unknown>

/** What each contender exports as `protect`: the same work, made idempotent its way. */
export type Protect = (work: Work, client: DynamoDBClient, table: string) => Handler
