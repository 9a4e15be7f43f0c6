import { randomUUID } from 'node:crypto'
import { CreateTableCommand } from '@aws-sdk/client-dynamodb'
import { DynamoDBDocumentClient, ScanCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb'
import { httpApiEvent } from 'oncekey/testing'
import { awsEnvironment } from '../../infra/local/lambda-environment.ts'
import { startPaymentProvider } from '../../infra/local/payment-provider.ts'
import { asAnswer } from '../support/answer.ts'
import { type FaultProxy, startFaultProxy } from '../support/fault-proxy.ts'
import { type Phase, phaseOf } from '../support/protocol-phase.ts'
import { type SandboxProcess, startSandboxProcess } from '../support/sandbox-process.ts'
import { createTable } from '../support/tables.ts'

/** What one payment has done to the world. */
export interface World {
  /** What its customer's wallet moved by, in payments. */
  readonly moved: number
  readonly booked: number
  readonly charges: number
  readonly receipts: number
}

/** One payment, sent as often as one likes. Only one is on its way at a time. */
interface DemoPayment {
  send(sandbox: SandboxProcess): Promise<string>
  /** Ends its lease, if that is live. */
  lapseLease(): Promise<void>
  world(): Promise<World>
}

/** The demo's handler in processes of its own, with DynamoDB and the card provider behind fault proxies. */
export interface DemoTrial extends AsyncDisposable {
  readonly dynamoDb: FaultProxy<Phase>
  readonly provider: FaultProxy<'charge' | 'receipt'>
  start(): Promise<SandboxProcess>
  openPayment(customer: string): DemoPayment
}

const AMOUNT = 1_250
/** Enough for a slow machine: nothing here waits for the end of it. */
const REMAINING_MS = 60_000

const eventOf = (customer: string): object => ({
  ...httpApiEvent({
    key: `payment-of-${customer}`,
    body: JSON.stringify({ amount: AMOUNT, currency: 'EUR', customer }),
  }),
  routeKey: 'POST /payments',
})

export async function startDemoTrial(): Promise<DemoTrial> {
  const records = await createTable()
  const ledger = await createTable()
  const documents = DynamoDBDocumentClient.from(records.client)
  const wallets = `wallets-${randomUUID()}`
  await documents.send(
    new CreateTableCommand({
      TableName: wallets,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [
        { AttributeName: 'customer', AttributeType: 'S' },
        { AttributeName: 'currency', AttributeType: 'S' },
      ],
      KeySchema: [
        { AttributeName: 'customer', KeyType: 'HASH' },
        { AttributeName: 'currency', KeyType: 'RANGE' },
      ],
    }),
  )
  const cards = await startPaymentProvider()
  const dynamoDb = await startFaultProxy(records.endpoint, phaseOf)
  const provider = await startFaultProxy(cards.url, ({ path }) =>
    path === '/charges' ? 'charge' : 'receipt',
  )
  const environment = {
    ...awsEnvironment(dynamoDb.endpoint),
    AWS_LAMBDA_FUNCTION_NAME: 'payments',
    IDEMPOTENCY_TABLE: records.name,
    LEDGER_TABLE: ledger.name,
    WALLETS_TABLE: wallets,
    PAYMENT_PROVIDER_URL: provider.endpoint,
  }
  const sandboxes: SandboxProcess[] = []
  const itemsOf = async (TableName: string): Promise<Record<string, unknown>[]> => {
    const { Items = [] } = await documents.send(new ScanCommand({ TableName, ConsistentRead: true }))
    return Items
  }

  return {
    dynamoDb,
    provider,
    async start() {
      const sandbox = await startSandboxProcess(new URL('demo-function.ts', import.meta.url), environment)
      sandboxes.push(sandbox)
      return sandbox
    },
    openPayment(customer) {
      const receiptsBefore = cards.receipts.length
      return {
        send: async (sandbox) => asAnswer(await sandbox.invoke(eventOf(customer), REMAINING_MS)).text,
        async lapseLease() {
          for (const { id, leaseUntilMs } of await itemsOf(records.name)) {
            if (Number(leaseUntilMs) === 0) continue
            await documents.send(
              new UpdateCommand({
                TableName: records.name,
                Key: { id },
                UpdateExpression: 'SET leaseUntilMs = :past',
                ExpressionAttributeValues: { ':past': 1 },
              }),
            )
          }
        },
        async world() {
          const isOurs = (item: object): boolean => Reflect.get(item, 'customer') === customer
          const wallet = (await itemsOf(wallets)).find(isOurs)
          return {
            moved: Number(wallet?.balance ?? 0) / AMOUNT,
            booked: (await itemsOf(ledger.name)).filter(isOurs).length,
            charges: cards.charges.filter(({ order }) => isOurs(Object(order))).length,
            receipts: cards.receipts.length - receiptsBefore,
          }
        },
      }
    },
    async [Symbol.asyncDispose]() {
      await Promise.all(sandboxes.map((sandbox) => sandbox.kill()))
      await dynamoDb[Symbol.asyncDispose]()
      await provider[Symbol.asyncDispose]()
      await cards.stop()
    },
  }
}
