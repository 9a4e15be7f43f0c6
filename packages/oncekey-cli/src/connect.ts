import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { inspectTable, type TableInspector } from 'oncekey/inspect'
import { CommandError, EXIT } from './errors.ts'

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

/**
 * Calls `use` with a connection to the table, and closes it afterwards.
 *
 * @throws CommandError, before anything is sent, if the table, the Region or the credentials are missing.
 */
export async function withConnection<Result>(
  options: ConnectOptions,
  use: (connection: Connection) => Promise<Result>,
): Promise<Result> {
  const { table, region, endpoint } = options
  if (!table) throw usageError('No table: pass --table or set IDEMPOTENCY_TABLE.')
  if (endpoint !== undefined && !/^https?:\/\//.test(endpoint)) {
    throw usageError(
      `--endpoint: expected a URL such as http://127.0.0.1:8000, got ${JSON.stringify(endpoint)}.`,
    )
  }
  const client = new DynamoDBClient({
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint }),
    maxAttempts: 3,
    requestHandler: { connectionTimeout: 3_000, requestTimeout: 10_000, throwOnRequestTimeout: true },
  })
  try {
    const actualRegion = await client.config.region().catch((cause: unknown) => {
      throw usageError(
        'No AWS Region: pass --region, or set AWS_REGION or the region of your AWS profile.',
        cause,
      )
    })
    await client.config.credentials().catch((cause: unknown) => {
      const detail = cause instanceof Error ? ` (${cause.message})` : ''
      throw usageError(
        `No AWS credentials${detail}: sign in, or set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. DynamoDB Local accepts any values.`,
        cause,
      )
    })
    return await use({ table, region: actualRegion, client, records: inspectTable(table, client) })
  } finally {
    client.destroy()
  }
}

function usageError(message: string, cause?: unknown): CommandError {
  return new CommandError(EXIT.usage, message, { cause })
}
