import type { TestProject } from 'vitest/node'
import { startDynamoDbLocal } from '../../infra/local/dynamodb-local.ts'

declare module 'vitest' {
  interface ProvidedContext {
    readonly dynamoDbEndpoint: string
  }
}

/** One DynamoDB for the whole run: tests are kept apart by their tables. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { endpoint, stop } = await startDynamoDbLocal()
  project.provide('dynamoDbEndpoint', endpoint)
  return stop
}
