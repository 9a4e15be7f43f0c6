import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import {
  CloudFormationClient,
  DescribeStackResourcesCommand,
  DescribeStacksCommand,
  type StackResource,
} from '@aws-sdk/client-cloudformation'
import { DynamoDBClient, ListTablesCommand } from '@aws-sdk/client-dynamodb'
import { DeleteRolePolicyCommand, IAMClient, PutRolePolicyCommand } from '@aws-sdk/client-iam'
import {
  GetFunctionConfigurationCommand,
  LambdaClient,
  ListFunctionsCommand,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda'
import { DynamoDBDocumentClient, GetCommand, ScanCommand } from '@aws-sdk/lib-dynamodb'
import { createIdempotentFetch } from 'oncekey/client'
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest'
import { type PaymentProvider, startPaymentProvider } from '../../infra/local/payment-provider.ts'
import type { Template } from '../../infra/local/template.ts'
import { type IamGuard, startIamGuard, type TableAction } from '../infra/iam-guard.ts'
import { runCdk } from './cdk.ts'
import { type Emulator, startEmulator } from './emulator.ts'
import { grantsOf } from './grants.ts'
import { type HttpsFront, startHttpsFront } from './https-front.ts'
import { createPaymentsClient, type PaymentsClient } from './payments-client.ts'
import { childrenOf } from './processes.ts'
import { ROOT } from './root-account.ts'
import { say, step } from './transcript.ts'

vi.setConfig({ testTimeout: 180_000, hookTimeout: 600_000 })

const STACK = 'OncekeyPayments'
const held = new AsyncDisposableStack()

let folder: string
let emulator: Emulator
let front: HttpsFront
let template: Template
let deployed: readonly StackResource[]
let environment: Readonly<Record<string, string>>
let guard: IamGuard
let provider: PaymentProvider
let api: PaymentsClient
let lambda: LambdaClient
let documents: DynamoDBDocumentClient

/** Runs a CDK command on the assembly that `cdk synth` wrote. */
const cdk = (...args: string[]) =>
  step(`$ cdk ${args.join(' ')}`, () => runCdk(front.endpoint, [...args, '--app', join(folder, 'cdk.out')]))

const client = <Client extends { destroy(): void }>(
  Service: new (config: typeof ROOT & { readonly endpoint: string }) => Client,
) => held.adopt(new Service({ ...ROOT, endpoint: emulator.endpoint }), (one) => one.destroy())

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'oncekey-deploy-'))
  held.defer(() => rm(folder, { recursive: true }))
  emulator = held.use(await step('the AWS emulator is started', startEmulator))
  front = held.use(await startHttpsFront(emulator.endpoint))
  await step('$ cdk synth', () =>
    runCdk(front.endpoint, ['synth', '--quiet', '--output', join(folder, 'cdk.out')]),
  )
  template = JSON.parse(readFileSync(join(folder, 'cdk.out', `${STACK}.template.json`), 'utf8'))
  await cdk('bootstrap', `aws://000000000000/${ROOT.region}`)
  await cdk('deploy', STACK, '--require-approval', 'never')

  lambda = client(LambdaClient)
  documents = DynamoDBDocumentClient.from(client(DynamoDBClient))
  const cloudFormation = client(CloudFormationClient)
  const found = await cloudFormation.send(new DescribeStackResourcesCommand({ StackName: STACK }))
  deployed = found.StackResources ?? []
  api = createPaymentsClient(
    `${emulator.endpoint}/_aws/execute-api/${nameOf('AWS::ApiGatewayV2::Api')}/$default`,
    say,
  )

  // Not part of the stack: a proxy that observes the requests to DynamoDB, and a payment provider.
  guard = held.use(await startIamGuard(emulator.endpoint))
  provider = held.adopt(await startPaymentProvider(), (one) => one.stop())
  const FunctionName = nameOf('AWS::Lambda::Function')
  const configuration = await lambda.send(new GetFunctionConfigurationCommand({ FunctionName }))
  environment = configuration.Environment?.Variables ?? {}
  const Variables = {
    ...environment,
    AWS_ENDPOINT_URL_DYNAMODB: guard.endpoint,
    PAYMENT_PROVIDER_URL: provider.url,
  }
  await lambda.send(new UpdateFunctionConfigurationCommand({ FunctionName, Environment: { Variables } }))
})
afterAll(() => held.disposeAsync())

/** Returns the physical name of the only resource of a type, or of the one with a logical id. */
function nameOf(wanted: string): string {
  const [one, ...others] = deployed.filter(
    ({ LogicalResourceId, ResourceType }) => LogicalResourceId === wanted || ResourceType === wanted,
  )
  if (one?.PhysicalResourceId === undefined || others.length > 0) {
    throw new Error(`expected one ${wanted} in the deployed stack`)
  }
  return one.PhysicalResourceId
}

/** Replaces the random physical names in actions: `dynamodb:PutItem on ledger`. */
function describeActions(actions: Iterable<TableAction>): string[] {
  const { IDEMPOTENCY_TABLE = '', LEDGER_TABLE = '', WALLETS_TABLE = '' } = environment
  const names = { [IDEMPOTENCY_TABLE]: 'idempotency', [LEDGER_TABLE]: 'ledger', [WALLETS_TABLE]: 'wallets' }
  return [...actions].map((action) => action.replace(/(?<= on ).*/, (table) => names[table] ?? table)).sort()
}

const createOrder = () => ({ amount: 1000, currency: 'EUR', customer: randomUUID() })

/** Reads the rows from the table, not through the API. */
async function rowsOf(customer: string): Promise<unknown[]> {
  const TableName = environment.LEDGER_TABLE
  const { Items = [] } = await documents.send(new ScanCommand({ TableName, ConsistentRead: true }))
  return Items.filter((row) => row.customer === customer)
}

async function balanceOf(customer: string): Promise<unknown> {
  const { Item } = await documents.send(
    new GetCommand({
      TableName: environment.WALLETS_TABLE,
      Key: { customer, currency: 'EUR' },
      ConsistentRead: true,
    }),
  )
  return Item?.balance
}

const chargesOf = (customer: string) =>
  provider.charges.filter(({ order }) => Object(order).customer === customer)

async function expectPaidOnce({ amount, customer }: ReturnType<typeof createOrder>): Promise<void> {
  expect(await rowsOf(customer)).toHaveLength(1)
  expect(await balanceOf(customer)).toBe(amount)
  expect(chargesOf(customer)).toHaveLength(1)
}

test('every resource of the stack is deployed', () => {
  const wanted = Object.entries(template.Resources).map(([id, { Type }]) => `${id} ${Type} CREATE_COMPLETE`)
  const there = deployed.map((one) => `${one.LogicalResourceId} ${one.ResourceType} ${one.ResourceStatus}`)
  expect(there.sort()).toEqual(wanted.sort())
})

describe('the deployed API', () => {
  const order = createOrder()
  const key = randomUUID()

  test('pays, and answers a repeat with the same response without paying again', async () => {
    const first = await api.pay(key, order)
    expect(first).toMatchObject({ status: 201, isReplay: false, body: order })
    const second = await api.pay(key, order)
    expect(second).toMatchObject({ status: 201, isReplay: true })
    expect(second.text).toBe(first.text)
    await expectPaidOnce(order)
  })

  test('refuses another body with the same key', async () => {
    const answer = await api.pay(key, { ...order, amount: 2000 })
    expect(answer).toMatchObject({ status: 422, body: { code: 'key-reused' } })
    await expectPaidOnce(order)
  })

  test('claims without the AWS SDK, as the environment of the function is plain', () => {
    expect(guard.agents.get(`dynamodb:PutItem on ${environment.IDEMPOTENCY_TABLE}`)).toBe('oncekey')
  })

  test('requires a key', async () => {
    const other = createOrder()
    expect(await api.pay(undefined, other)).toMatchObject({ status: 400, body: { code: 'key-missing' } })
    expect(await rowsOf(other.customer)).toEqual([])
  })

  test('shows what was paid', async () => {
    const list = await api.get('/payments')
    expect(list).toMatchObject({ status: 200, body: { payments: [order] } })
    const { payments }: { payments: { id: string }[] } = JSON.parse(list.text)
    expect(await api.get(`/payments/${payments[0]?.id}`)).toMatchObject({ status: 200, body: order })
  })

  // The first time every request starts a new process. The second time the processes exist, and requests overlap.
  test.each(['cold', 'warm'])('makes one payment of 20 requests at once, %s', async (how) => {
    const burst = createOrder()
    const sameKey = randomUUID()
    const silent = createPaymentsClient(api.url, () => {})
    const answers = await Promise.all(Array.from({ length: 20 }, () => silent.pay(sameKey, burst)))
    const paid = answers.filter(({ status }) => status === 201)
    const inFlight = answers.filter(({ status, body }) => status === 409 && body.code === 'in-flight')
    const replays = paid.filter(({ isReplay }) => isReplay)
    say(
      `POST /payments, 20 at once with one key, ${how} -> ${paid.length} x 201, of which ${replays.length} replayed; ${inFlight.length} x 409 in-flight`,
    )
    expect(paid.length + inFlight.length).toBe(20)
    expect(paid.length - replays.length).toBe(1)
    expect(new Set(paid.map(({ text }) => text)).size).toBe(1)
    await expectPaidOnce(burst)
  })

  test('completes a payment whose function was killed between charge and booking', async () => {
    const cut = createOrder()
    const receiptsBefore = provider.receipts.length
    const statuses: (number | undefined)[] = []
    const patientFetch = createIdempotentFetch({
      maxAttempts: 1000,
      onAttempt({ number, status, waitMs = 0 }) {
        statuses.push(status)
        say(
          `POST /payments ${JSON.stringify(cut)}, attempt ${number} -> ${status}, waits ${Math.round(waitMs)} ms`,
        )
      },
    })
    const booking = guard.loseNext('commit')
    const answered = patientFetch(`${api.url}/payments`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json' },
      body: JSON.stringify(cut),
    })
    await booking
    expect(chargesOf(cut.customer)).toHaveLength(1)
    expect(await rowsOf(cut.customer)).toEqual([])
    const sandboxes = await childrenOf(emulator.pid, nameOf('AWS::Lambda::Function'))
    say(`$ kill -9 ${sandboxes.join(' ')}  (every process of the function; one of them is booking)`)
    for (const pid of sandboxes) process.kill(pid, 'SIGKILL')

    const answer = await answered
    expect(answer.status).toBe(201)
    expect(await answer.json()).toMatchObject(cut)
    // The crash, then the lease of the crashed run, then the run that took over.
    expect(statuses[0]).toBeGreaterThanOrEqual(500)
    expect(statuses).toContain(409)
    // The provider recognised the charge by its derived key; the receipt number came from the saved step.
    await expectPaidOnce(cut)
    expect(provider.receipts).toHaveLength(receiptsBefore + 1)
  })
})

describe('the role of the deployed function', () => {
  const NEEDED = [
    'dynamodb:GetItem on ledger',
    'dynamodb:PutItem on idempotency',
    'dynamodb:PutItem on ledger',
    'dynamodb:Scan on ledger',
    'dynamodb:UpdateItem on idempotency',
    'dynamodb:UpdateItem on wallets',
  ]
  const granted = () => grantsOf(template, nameOf)

  test('allows the actions that were used, and the one that only large results need', () => {
    const counts = [...guard.used].map(([action, times]) => `${describeActions([action])}: ${times}`)
    say(`on the wire -> ${counts.sort().join(', ')}`)
    expect(describeActions(guard.used.keys())).toEqual(NEEDED)
    expect(describeActions(granted())).toEqual([...NEEDED, 'dynamodb:GetItem on idempotency'].sort())
  })

  test.each(NEEDED)('is not enough without %s', async (missing) => {
    const [action = '', table = ''] =
      granted()
        .find((one) => describeActions([one])[0] === missing)
        ?.split(' on ') ?? []
    const Resource = `arn:aws:dynamodb:${ROOT.region}:000000000000:table/${table}`
    const Statement = [{ Effect: 'Deny', Action: action, Resource }]
    const RoleName = nameOf('AWS::IAM::Role')
    const PolicyName = 'without-one'
    const iam = client(IAMClient)
    await iam.send(
      new PutRolePolicyCommand({
        RoleName,
        PolicyName,
        PolicyDocument: JSON.stringify({ Version: '2012-10-17', Statement }),
      }),
    )
    say(`the role is denied ${missing}:`)
    const order = createOrder()
    const answers = [
      await api.pay(randomUUID(), order),
      await api.get('/payments'),
      await api.get(`/payments/${randomUUID()}`),
    ]
    await iam.send(new DeleteRolePolicyCommand({ RoleName, PolicyName }))
    expect(answers.filter(({ status }) => status >= 500)).toHaveLength(1)
    expect(await rowsOf(order.customer)).toHaveLength(/(GetItem|Scan) on ledger/.test(missing) ? 1 : 0)
  })
})

test('the stack is gone when it is destroyed', async () => {
  await cdk('destroy', STACK, '--force')
  await expect(
    client(CloudFormationClient).send(new DescribeStacksCommand({ StackName: STACK })),
  ).rejects.toThrow(`${STACK} does not exist`)
  expect((await documents.send(new ListTablesCommand({}))).TableNames).toEqual([])
  expect((await lambda.send(new ListFunctionsCommand({}))).Functions).toEqual([])
  expect(await api.get('/payments')).toMatchObject({ status: 404 })
})
