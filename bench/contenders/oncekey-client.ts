import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { idempotentHandler } from 'oncekey'
import { stubClient } from '../stub-client.ts'
import type { Protect, ProtectStubbed } from './contender.ts'

/** With a client of the SDK, shared with the rest of the function. */
export const protect: Protect = (work, table, client = new DynamoDBClient({})) =>
  idempotentHandler(work, table, { client })

export const protectStubbed: ProtectStubbed = (work) => protect(work, 'bench', stubClient())
