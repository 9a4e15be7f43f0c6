import {
  DynamoDBClient,
  PutItemCommand,
  type PutItemCommandInput,
  UpdateItemCommand,
  type UpdateItemCommandInput,
} from '@aws-sdk/client-dynamodb'
import { stubClient } from '../stub-client.ts'
import { protectByHand, type Write } from './by-hand.ts'
import type { Protect, ProtectStubbed } from './contender.ts'

export const writeWith = (client: DynamoDBClient): Write => {
  const send = (action: string, input: unknown): Promise<unknown> =>
    action === 'PutItem'
      ? client.send(new PutItemCommand(input as PutItemCommandInput))
      : client.send(new UpdateItemCommand(input as UpdateItemCommandInput))
  return async (action, input) => {
    try {
      await send(action, input)
      return undefined
    } catch (error) {
      if (!(error instanceof Error) || error.name !== 'ConditionalCheckFailedException') throw error
      return Object(error).Item
    }
  }
}

/** Does what most functions do by hand today. */
export const protect: Protect = (work, table, client = new DynamoDBClient({})) =>
  protectByHand(work, table, writeWith(client))

export const protectStubbed: ProtectStubbed = (work) => protect(work, 'bench', stubClient())
