import { IdempotencyConfig } from '@aws-lambda-powertools/idempotency'

/** Key and body fingerprint, as Oncekey has them by default; `body` as it came is the cheapest that there is here. */
export const powertoolsConfig = (): IdempotencyConfig =>
  new IdempotencyConfig({
    eventKeyJmesPath: 'headers."idempotency-key"',
    payloadValidationJmesPath: 'body',
  })
