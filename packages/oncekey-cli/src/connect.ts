import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { fromIni } from '@aws-sdk/credential-provider-ini'
import { loadSharedConfigFiles } from '@smithy/core/config'
import { inspectTable, type TableInspector } from 'oncekey/inspect'
import { CommandError, EXIT } from './errors.ts'

export interface ConnectOptions {
  readonly table?: string
  readonly region?: string
  readonly endpoint?: string
  readonly profile?: string
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
  const { table, endpoint, profile } = options
  if (!table) throw usageError('No table: pass --table or set IDEMPOTENCY_TABLE.')
  if (endpoint !== undefined && !/^https?:\/\//.test(endpoint)) {
    throw usageError(
      `--endpoint: expected a URL such as http://127.0.0.1:8000, got ${JSON.stringify(endpoint)}.`,
    )
  }
  // A table of another account is named by its ARN, which has the Region.
  const arnRegion = /^arn:[^:]*:dynamodb:([^:]*):/.exec(table)?.[1]
  const region = options.region ?? arnRegion
  if (arnRegion !== undefined && arnRegion !== region) {
    throw usageError(`--region: table ${table} is in ${arnRegion}, got ${JSON.stringify(region)}.`)
  }
  const client = new DynamoDBClient({
    ...(profile === undefined ? {} : { profile }),
    ...(region === undefined ? {} : { region }),
    ...(endpoint === undefined ? {} : { endpoint }),
    maxAttempts: 3,
    requestHandler: { connectionTimeout: 3_000, requestTimeout: 10_000, throwOnRequestTimeout: true },
  })
  try {
    // First, because a profile that does not exist has no Region either.
    await client.config.credentials().catch(async (cause: unknown) => {
      throw await credentialsError(cause, profile ?? process.env.AWS_PROFILE)
    })
    const actualRegion = await client.config.region().catch((cause: unknown) => {
      throw usageError(
        'No AWS Region: pass --region, or set AWS_REGION or the region of your AWS profile.',
        cause,
      )
    })
    return await use({ table, region: actualRegion, client, records: inspect(table, client) })
  } finally {
    client.destroy()
  }
}

/** Returns what reads the table. @throws CommandError if its name is none that a table can have. */
function inspect(table: string, client: DynamoDBClient): TableInspector {
  try {
    return inspectTable(table, client)
  } catch (cause) {
    const message = cause instanceof Error ? cause.message : String(cause)
    throw usageError(message.replace(/^\w+:/, '--table:'), cause)
  }
}

/** Returns the cause that the SDK's chain of providers hides: what is wrong with the profile. */
async function credentialsError(cause: unknown, profile: string | undefined): Promise<CommandError> {
  const name = profile ?? 'default'
  const { configFile, credentialsFile } = await loadSharedConfigFiles()
  const isProfile = (section: string): boolean => !/^(sso-session|services)\./.test(section)
  const names = [...new Set([...Object.keys(configFile), ...Object.keys(credentialsFile)])].filter(isProfile)
  if (!names.includes(name)) {
    return profile === undefined
      ? usageError(
          'No AWS credentials: sign in, or set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. DynamoDB Local accepts any values.',
          cause,
        )
      : usageError(
          `No AWS profile ${JSON.stringify(name)}: correct --profile or AWS_PROFILE. The profiles of ~/.aws/config and ~/.aws/credentials are: ${names.join(', ') || 'none'}.`,
          cause,
        )
  }
  const reason: unknown = await fromIni({ profile: name })().then(
    () => cause,
    (thrown: unknown) => thrown,
  )
  const message = reason instanceof Error ? reason.message : String(reason)
  const todo = /sso/i.test(message)
    ? `sign in with \`aws sso login --profile ${name}\``
    : 'sign in again, or correct the profile'
  return usageError(`No AWS credentials from profile ${JSON.stringify(name)}: ${todo}. (${message})`, reason)
}

function usageError(message: string, cause?: unknown): CommandError {
  return new CommandError(EXIT.usage, message, { cause })
}
