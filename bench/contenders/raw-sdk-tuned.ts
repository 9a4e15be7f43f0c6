import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { protectByHand } from './by-hand.ts'
import type { Protect } from './contender.ts'
import { writeWith } from './raw-sdk.ts'

/** Spares the SDK what it would find out by itself: credentials, Region and endpoint; and the stack is built once. */
export const protect: Protect = (work, table) => {
  const { env } = process
  const client = new DynamoDBClient({
    region: env.AWS_REGION ?? '',
    endpoint: env.AWS_ENDPOINT_URL_DYNAMODB ?? `https://dynamodb.${env.AWS_REGION}.amazonaws.com`,
    credentials: {
      accessKeyId: env.AWS_ACCESS_KEY_ID ?? '',
      secretAccessKey: env.AWS_SECRET_ACCESS_KEY ?? '',
      ...(env.AWS_SESSION_TOKEN && { sessionToken: env.AWS_SESSION_TOKEN }),
    },
    cacheMiddleware: true,
  })
  return protectByHand(work, table, writeWith(client))
}
