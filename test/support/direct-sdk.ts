import { createDirectTransport } from '../../packages/oncekey/src/stores/dynamodb/direct.ts'
import type { DynamoDbClient, Transport } from '../../packages/oncekey/src/stores/dynamodb/transport.ts'

// Stands in for stores/dynamodb/sdk.ts in `npm run test:direct`: every suite that passes a client of the SDK sends
// directly instead, to where that client would send.

export * from '../../packages/oncekey/src/stores/dynamodb/sdk.ts'

interface Configured {
  readonly config: {
    readonly endpoint?: () => Promise<{ protocol: string; hostname: string; port?: number }>
    readonly region: () => Promise<string>
    readonly credentials: () => Promise<{ accessKeyId: string; secretAccessKey: string }>
    readonly maxAttempts: () => Promise<number>
    readonly requestHandler: { readonly configProvider?: Promise<{ readonly requestTimeout?: number }> }
  }
}

export function createSdkTransport(client: DynamoDbClient & Configured): Transport {
  let transport: Promise<Transport> | undefined
  return async (...command) => {
    transport ??= createTransport(client)
    return (await transport)(...command)
  }
}

async function createTransport({ config }: Configured): Promise<Transport> {
  const endpoint = await config.endpoint?.()
  const { accessKeyId, secretAccessKey } = await config.credentials()
  const environment = {
    AWS_REGION: await config.region(),
    AWS_ACCESS_KEY_ID: accessKeyId,
    AWS_SECRET_ACCESS_KEY: secretAccessKey,
    ...(endpoint && {
      AWS_ENDPOINT_URL_DYNAMODB: `${endpoint.protocol}//${endpoint.hostname}:${endpoint.port}`,
    }),
  }
  const noSdk = () => Promise.reject(new Error('expected the direct transport to need no SDK'))
  const { requestTimeout = 2_000 } = (await config.requestHandler.configProvider) ?? {}
  return createDirectTransport(environment, noSdk, {
    maxTries: await config.maxAttempts(),
    responseMs: requestTimeout,
  })
}
