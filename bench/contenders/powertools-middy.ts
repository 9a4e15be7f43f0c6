import { DynamoDBPersistenceLayer } from '@aws-lambda-powertools/idempotency/dynamodb'
import { makeHandlerIdempotent } from '@aws-lambda-powertools/idempotency/middleware'
import middy from '@middy/core'
import type { Protect } from './contender.ts'
import { powertoolsConfig } from './powertools-config.ts'

export const protect: Protect = (work, client, table) => {
  const persistenceStore = new DynamoDBPersistenceLayer({ tableName: table, awsSdkV3Client: client })
  const handler = middy(work).use(makeHandlerIdempotent({ persistenceStore, config: powertoolsConfig() }))
  return async (event, context) => handler(event, context)
}
