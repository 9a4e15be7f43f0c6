import { ConditionalCheckFailedException, DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { createStubTable, type Input } from './stub-table.ts'

/** Returns a client of the SDK whose `send` is stubbed: the CPU that remains is the library's own. */
export function stubClient(): DynamoDBClient {
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' }
  const client = new DynamoDBClient({ region: 'us-east-1', credentials })
  const answer = createStubTable()
  const date = new Date().toUTCString()
  const send = async ({ input }: { readonly input: Input }): Promise<unknown> => {
    const output = answer(input)
    if (output.refused === undefined) return output
    const refusal = new ConditionalCheckFailedException({
      $metadata: {},
      message: 'The conditional request failed',
      Item: output.refused,
    })
    throw Object.assign(refusal, { $response: { headers: { date } } })
  }
  return Object.assign(client, { send })
}
