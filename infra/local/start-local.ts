import { randomBytes } from 'node:crypto'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { synthesise } from './assembly.ts'
import { createDemo } from './demo/demo.ts'
import { type DynamoDbLocal, startDynamoDbLocal } from './dynamodb-local.ts'
import { readFunctions } from './functions.ts'
import { awsEnvironment, lambdaEnvironment } from './lambda-environment.ts'
import { type PaymentProvider, startPaymentProvider } from './payment-provider.ts'
import { readRoutes } from './routes.ts'
import { createSandboxes } from './sandboxes.ts'
import { listen } from './server.ts'
import { createTables, deleteTables } from './tables.ts'
import { resolveTemplate } from './template.ts'

export interface LocalOptions {
  /** On the loopback interface; 0 for any free port. */
  readonly port: number
  /**
   * The endpoint of a running DynamoDB Local. It is not stopped, but the tables created here are deleted.
   *
   * @default - the one at `DYNAMODB_ENDPOINT`, or else one is started
   */
  readonly dynamoDbEndpoint?: string
  /**
   * Called with each line that the function writes, including its metrics.
   *
   * @default - the lines are discarded
   */
  readonly onLog?: (line: string) => void
}

/** The payments stack, running on this machine. */
export interface LocalStack {
  readonly url: string
  readonly dynamoDbEndpoint: string
  readonly tables: readonly string[]
  /** The function's environment variables. They include the names of the tables. */
  readonly environment: Readonly<Record<string, string>>
  readonly provider: PaymentProvider
  /** Stops everything that was started. */
  stop(): Promise<void>
}

/**
 * Runs the payments stack of `npm run synth` on this machine: its tables in DynamoDB Local, its routes over HTTP, and
 * its bundled function in threads, with the events and the deadline that it would have on AWS.
 *
 * @throws Error if the port is in use or DynamoDB Local does not start; nothing is left running.
 */
export async function startLocal(options: LocalOptions): Promise<LocalStack> {
  const started = new AsyncDisposableStack()
  try {
    // The port is checked first, because it is the most likely to fail, and fails at once.
    const server = started.adopt(await listen(options.port), (one) => one.stop())
    const { dynamoDb, template, assembly } = await prepare(options, started)

    const aws = awsEnvironment(dynamoDb.endpoint)
    const client = new DynamoDBClient({
      endpoint: dynamoDb.endpoint,
      region: aws.AWS_REGION,
      credentials: { accessKeyId: aws.AWS_ACCESS_KEY_ID, secretAccessKey: aws.AWS_SECRET_ACCESS_KEY },
    })
    started.adopt(client, (one) => one.destroy())
    const tables = await createTables(template, client)
    // Ctrl-C in a terminal stops our own DynamoDB Local too: nothing could be deleted then.
    if (!dynamoDb.isOwn) started.defer(() => deleteTables(tables, client))
    const provider = started.adopt(await startPaymentProvider(), (one) => one.stop())

    const onLog = options.onLog ?? (() => {})
    const functions = [...readFunctions(template, assembly).values()].map((fn) => {
      const environment = {
        ...fn.environment,
        ...aws,
        ...lambdaEnvironment(fn),
        PAYMENT_PROVIDER_URL: provider.url,
      }
      const sandboxes = createSandboxes(fn, environment, onLog)
      return { fn, environment, sandboxes: started.adopt(sandboxes, (one) => one.stop()) }
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
    server.open(started.adopt(demo, (one) => one.stop()).handle)

    return {
      url: server.url,
      dynamoDbEndpoint: dynamoDb.endpoint,
      tables,
      environment: payments.environment,
      provider,
      stop: () => started.disposeAsync(),
    }
  } catch (error) {
    await started.disposeAsync()
    throw error
  }
}

/** Synthesises the app and starts DynamoDB Local at the same time, because each takes seconds. */
async function prepare({ dynamoDbEndpoint }: LocalOptions, started: AsyncDisposableStack) {
  const running: DynamoDbLocal | undefined =
    dynamoDbEndpoint === undefined
      ? undefined
      : { endpoint: dynamoDbEndpoint, isOwn: false, stop: async () => {} }
  const [dynamoDb, assembly] = await Promise.allSettled([running ?? startDynamoDbLocal(), synthesise()])
  // Wait for both, so that a failure of one does not leave the other running.
  if (dynamoDb.status === 'fulfilled') started.adopt(dynamoDb.value, (one) => one.stop())
  if (assembly.status === 'fulfilled') started.adopt(assembly.value, (one) => one.remove())
  if (dynamoDb.status === 'rejected') throw dynamoDb.reason
  if (assembly.status === 'rejected') throw assembly.reason

  const suffix = randomBytes(4).toString('hex')
  const template = resolveTemplate(assembly.value.template, 'OncekeyPayments', suffix)
  return { dynamoDb: dynamoDb.value, assembly: assembly.value, template }
}
