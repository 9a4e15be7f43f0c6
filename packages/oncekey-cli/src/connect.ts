import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { inspectTable, type TableInspector } from 'oncekey/inspect'
import { CommandError, EXIT } from './exit.ts'

export interface ConnectOptions {
  readonly table?: string
  readonly region?: string
  readonly endpoint?: string
}

export interface Connection {
  readonly table: string
  readonly region: string
  readonly client: DynamoDBClient
  readonly records: TableInspector
}

/** Does something with the table that the options name. What the command line lacks is said before anything is sent. */
export async function connected<Result>(
  options: ConnectOptions,
  use: (connection: Connection) => Promise<Result>,
): Promise<Result> {
  const { table, region, endpoint } = options
  if (!table) throw lacks('no table: give --table, or set IDEMPOTENCY_TABLE.')
  if (endpoint !== undefined && !/^https?:\/\//.test(endpoint)) {
    throw lacks(`--endpoint: expected a URL such as http://127.0.0.1:8000, got ${JSON.stringify(endpoint)}.`)
  }
  const client = new DynamoDBClient({
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint }),
    maxAttempts: 3,
    requestHandler: { connectionTimeout: 3_000, requestTimeout: 10_000, throwOnRequestTimeout: true },
  })
  try {
    const actualRegion = await client.config.region().catch((cause: unknown) => {
      throw lacks('no AWS Region: give --region, or set AWS_REGION or the region of your AWS profile.', cause)
    })
    await client.config.credentials().catch((cause: unknown) => {
      const more = cause instanceof Error ? ` (${cause.message})` : ''
      throw lacks(
        `no AWS credentials${more}: sign in, or set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. DynamoDB Local takes any.`,
        cause,
      )
    })
    return await use({ table, region: actualRegion, client, records: inspectTable(table, client) })
  } finally {
    client.destroy()
  }
}

function lacks(message: string, cause?: unknown): CommandError {
  return new CommandError(EXIT.usage, message, { cause })
}
