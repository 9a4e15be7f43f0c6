import { IdempotencyConfig, makeIdempotent } from '@aws-lambda-powertools/idempotency'
import { DynamoDBPersistenceLayer } from '@aws-lambda-powertools/idempotency/dynamodb'
import { stubClient } from '../stub-client.ts'
import type { Protect, ProtectStubbed } from './contender.ts'

export const protect: Protect = (work, tableName, awsSdkV3Client) => {
  const persistenceStore = new DynamoDBPersistenceLayer({
    tableName,
    ...(awsSdkV3Client && { awsSdkV3Client }),
  })
  // Key and body fingerprint, as Oncekey has them by default; `body` as it came is the cheapest that there is here.
  const config = new IdempotencyConfig({
    eventKeyJmesPath: 'headers."idempotency-key"',
    payloadValidationJmesPath: 'body',
  })
  const handler = makeIdempotent(work, { persistenceStore, config })
  return (event, context) => {
    config.registerLambdaContext(context)
    return handler(event, context)
  }
}

export const protectStubbed: ProtectStubbed = (work) => protect(work, 'bench', stubClient())
