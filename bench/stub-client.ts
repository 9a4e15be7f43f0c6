import {
  type AttributeValue,
  ConditionalCheckFailedException,
  DynamoDBClient,
} from '@aws-sdk/client-dynamodb'

type Item = Record<string, AttributeValue>
interface Command {
  readonly input: {
    readonly Item?: Item
    readonly Key?: Item
    readonly ConditionExpression?: string
    readonly ReturnValues?: string
    readonly ExpressionAttributeNames?: Record<string, string>
    readonly ExpressionAttributeValues?: Item
  }
}

interface Answer {
  readonly refused?: Item
  readonly Attributes?: Item | undefined
  readonly Item?: Item
}

/** Knows as much of DynamoDB as the contenders ask of it, and costs next to nothing: what remains is theirs. */
function createTable(): (command: Command) => Answer {
  const items = new Map<string, Item>()
  return ({ input }) => {
    const id = (input.Item ?? input.Key)?.id?.S ?? ''
    const held = items.get(id)
    if (input.Item !== undefined) {
      if (held !== undefined && input.ConditionExpression !== undefined) return { refused: held }
      items.set(id, input.Item)
      return {}
    }
    if (input.ExpressionAttributeNames === undefined) return held ? { Item: held } : {}
    // Every contender names attributes and values alike (`#status = :status`), so no expression need be read.
    const changed: Item = { ...held }
    for (const [alias, name] of Object.entries(input.ExpressionAttributeNames)) {
      const value = input.ExpressionAttributeValues?.[`:${alias.slice(1)}`]
      if (value !== undefined) changed[name] = value
    }
    items.set(id, changed)
    return { Attributes: input.ReturnValues === 'ALL_NEW' ? changed : undefined }
  }
}

const CREDENTIALS = { accessKeyId: 'local', secretAccessKey: 'local' }
const DATE = new Date().toUTCString()

/** A client whose `send` is stubbed: the CPU that remains is the library's own. */
export function stubSend(): DynamoDBClient {
  const client = new DynamoDBClient({ region: 'us-east-1', credentials: CREDENTIALS })
  const answer = createTable()
  const send = async (command: Command): Promise<unknown> => {
    const output = answer(command)
    if (output.refused === undefined) return output
    const refusal = new ConditionalCheckFailedException({
      $metadata: {},
      message: 'The conditional request failed',
      Item: output.refused,
    })
    throw Object.assign(refusal, { $response: { headers: { date: DATE } } })
  }
  return Object.assign(client, { send })
}

/** A real client whose transport is stubbed: everything that the SDK does for a call counts too. */
export function stubTransport(): DynamoDBClient {
  const answer = createTable()
  const handle = async ({ body }: { body: string | Uint8Array }) => {
    const output = answer({
      input: JSON.parse(typeof body === 'string' ? body : new TextDecoder().decode(body)),
    })
    const { refused } = output
    const content =
      refused === undefined
        ? output
        : {
            __type: 'com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException',
            Item: refused,
            message: 'The conditional request failed',
          }
    return {
      response: {
        statusCode: refused === undefined ? 200 : 400,
        headers: { date: DATE, 'content-type': 'application/x-amz-json-1.0', 'x-amzn-requestid': 'bench' },
        body: Buffer.from(JSON.stringify(content)),
      },
    }
  }
  return new DynamoDBClient({
    region: 'us-east-1',
    credentials: CREDENTIALS,
    requestHandler: Object.assign(Object.create(null), {
      handle,
      destroy() {},
      updateHttpClientConfig() {},
      httpHandlerConfigs: () => ({}),
    }),
  })
}
