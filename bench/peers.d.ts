/**
 * The peers are installed for the bench alone, so that type-checking the project does not need them: this is what the
 * bench uses of them.
 */
declare module '@aws-lambda-powertools/idempotency' {
  export class IdempotencyConfig {
    constructor(config: { eventKeyJmesPath: string; payloadValidationJmesPath: string })
    registerLambdaContext(context: unknown): void
  }
  export function makeIdempotent<E, C, R>(
    fn: (event: E, context: C) => Promise<R>,
    options: { persistenceStore: unknown; config: IdempotencyConfig },
  ): (event: E, context: C) => Promise<R>
}

declare module '@aws-lambda-powertools/idempotency/dynamodb' {
  export class DynamoDBPersistenceLayer {
    constructor(config: { tableName: string; awsSdkV3Client?: unknown })
  }
}

declare module '@aws-lambda-powertools/idempotency/middleware' {
  import type { IdempotencyConfig } from '@aws-lambda-powertools/idempotency'
  import type { MiddlewareObj } from '@middy/core'
  export function makeHandlerIdempotent(options: {
    persistenceStore: unknown
    config: IdempotencyConfig
  }): MiddlewareObj
}
