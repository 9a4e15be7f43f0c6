import { randomBytes } from 'node:crypto'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { synthesise } from './assembly.ts'
import { createDemo } from './demo/demo.ts'
import { type DynamoDbLocal, startDynamoDbLocal } from './dynamodb-local.ts'
import { awsEnvironment, lambdaEnvironment } from './lambda-environment.ts'
import { type PaymentProvider, startPaymentProvider } from './payment-provider.ts'
import { createSandboxes } from './sandboxes.ts'
import { listen } from './server.ts'
import { createTeardown, type Teardown } from './teardown.ts'
import { resolveTemplate } from './template.ts'
import { readFunctions } from './template-functions.ts'
import { readRoutes } from './template-routes.ts'
import { createTables, deleteTables } from './template-tables.ts'

export interface LocalOptions {
  /** On loopback; 0 for any free one. */
  readonly port: number
  /**
   * A DynamoDB Local that runs already. It is left running, without the tables made here.
   *
   * @default - the one that `DYNAMODB_ENDPOINT` names, or else one is started
   */
  readonly dynamoDbEndpoint?: string
  /**
   * Told each line that the function writes, its metrics included.
   *
   * @default - nobody is told
   */
  readonly onLog?: (line: string) => void
}

/** The payments stack, running on this machine. */
export interface LocalStack {
  readonly url: string
  readonly dynamoDbEndpoint: string
  readonly tables: readonly string[]
  /** The function's environment: it knows which table is which, for one. */
  readonly environment: Readonly<Record<string, string>>
  readonly provider: PaymentProvider
  /** Ends everything that was started. */
  stop(): Promise<void>
}

/**
 * Runs the payments stack of `npm run synth` on this machine: its tables in DynamoDB Local, its routes over HTTP, its
 * bundled function in threads, with the events and the deadline that AWS would give it.
 *
 * @throws if the port is taken or DynamoDB Local cannot be had; nothing is left running.
 */
export async function startLocal(options: LocalOptions): Promise<LocalStack> {
  const teardown = createTeardown()
  try {
    // First, because it is the likeliest to fail, and at once.
    const server = teardown.add(await listen(options.port), (one) => one.stop())
    const { dynamoDb, template, assembly } = await prepare(options, teardown)

    const aws = awsEnvironment(dynamoDb.endpoint)
    const client = new DynamoDBClient({
      endpoint: dynamoDb.endpoint,
      region: aws.AWS_REGION,
      credentials: { accessKeyId: aws.AWS_ACCESS_KEY_ID, secretAccessKey: aws.AWS_SECRET_ACCESS_KEY },
    })
    teardown.add(client, async (one) => one.destroy())
    const tables = teardown.add(await createTables(template, client), (names) => deleteTables(names, client))
    const provider = teardown.add(await startPaymentProvider(), (one) => one.stop())

    const onLog = options.onLog ?? (() => {})
    const functions = [...readFunctions(template, assembly).values()].map((fn) => {
      const environment = {
        ...fn.environment,
        ...aws,
        ...lambdaEnvironment(fn),
        PAYMENT_PROVIDER_URL: provider.url,
      }
      const sandboxes = createSandboxes(fn, environment, onLog)
      return { fn, environment, sandboxes: teardown.add(sandboxes, (one) => one.stop()) }
    })
    const [payments] = functions
    if (payments === undefined) throw new Error('The stack has no function.')
    const byName = new Map(functions.map(({ fn, sandboxes }) => [fn.name, sandboxes]))
    const demo = createDemo({
      matchRoute: readRoutes(template),
      invoke: async (name, event) => byName.get(name)?.invoke(event),
      ...payments,
      client,
      provider,
      onLog,
    })
    server.open(teardown.add(demo, (one) => one.stop()).answer)

    return {
      url: server.url,
      dynamoDbEndpoint: dynamoDb.endpoint,
      tables,
      environment: payments.environment,
      provider,
      stop: teardown.stop,
    }
  } catch (error) {
    await teardown.stop()
    throw error
  }
}

/** Synthesises the app while DynamoDB Local starts: each takes seconds. */
async function prepare({ dynamoDbEndpoint }: LocalOptions, teardown: Teardown) {
  const given: DynamoDbLocal | undefined =
    dynamoDbEndpoint === undefined ? undefined : { endpoint: dynamoDbEndpoint, stop: async () => {} }
  const [dynamoDb, assembly] = await Promise.allSettled([given ?? startDynamoDbLocal(), synthesise()])
  // Both are waited for, so that one that fails leaves nothing of the other behind.
  if (dynamoDb.status === 'fulfilled') teardown.add(dynamoDb.value, (one) => one.stop())
  if (assembly.status === 'fulfilled') teardown.add(assembly.value, (one) => one.remove())
  if (dynamoDb.status === 'rejected') throw dynamoDb.reason
  if (assembly.status === 'rejected') throw assembly.reason

  const suffix = randomBytes(4).toString('hex')
  const template = resolveTemplate(assembly.value.template, 'OncekeyPayments', suffix)
  return { dynamoDb: dynamoDb.value, assembly: assembly.value, template }
}
