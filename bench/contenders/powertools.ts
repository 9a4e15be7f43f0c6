import { makeIdempotent } from '@aws-lambda-powertools/idempotency'
import { DynamoDBPersistenceLayer } from '@aws-lambda-powertools/idempotency/dynamodb'
import type { Protect } from './contender.ts'
import { powertoolsConfig } from './powertools-config.ts'

export const protect: Protect = (work, client, table) => {
  const persistenceStore = new DynamoDBPersistenceLayer({ tableName: table, awsSdkV3Client: client })
  const config = powertoolsConfig()
  const handler = makeIdempotent(work, { persistenceStore, config })
  return (event, context) => {
    config.registerLambdaContext(context)
    return handler(event, context)
  }
}
