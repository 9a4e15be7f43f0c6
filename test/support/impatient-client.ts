import { DynamoDBClient } from '@aws-sdk/client-dynamodb'

/** A client that gives a call up soon, so that a test of lost replies does not last the SDK's usual minutes. */
export function createImpatientClient(endpoint: string): DynamoDBClient {
  return new DynamoDBClient({
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    maxAttempts: 2,
    requestHandler: { connectionTimeout: 400, requestTimeout: 400, throwOnRequestTimeout: true },
  })
}
