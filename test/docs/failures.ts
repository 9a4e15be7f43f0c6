import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { type IdempotencyOptions, idempotentHandler, type Store } from 'oncekey'
import { httpApiEvent, lambdaContext } from 'oncekey/testing'
import { createCommands } from '../../packages/oncekey/src/stores/dynamodb/commands.ts'
import { createDirectTransport } from '../../packages/oncekey/src/stores/dynamodb/direct.ts'
import { createStore } from '../../packages/oncekey/src/stores/dynamodb/store.ts'
import { openBlackHole } from '../support/black-hole.ts'
import { crashed, editItem } from '../support/items.ts'
import { close, listen } from '../support/loopback.ts'
import { type Phase, phaseOf } from '../support/protocol-phase.ts'
import { createTable } from '../support/tables.ts'

// What an operator and a caller see of the likeliest failures: each is brought about here, and docs/operations.md shows
// what came of it. `npm run docs:failures` writes it there.

const TABLE = 'payments-idempotency'
const ACCOUNT = '111122223333'
const ROLE = `arn:aws:sts::${ACCOUNT}:assumed-role/payments/payments`
const ARN = `arn:aws:dynamodb:eu-central-1:${ACCOUNT}:table/${TABLE}`

interface Failure {
  readonly title: string
  /** Returns the answer to the caller. */
  readonly provoke: (call: Call, host: AsyncDisposableStack) => Promise<unknown>
}

/** Calls a function that is protected by the store. */
type Call = (store: Store, options?: IdempotencyOptions) => Promise<unknown>

/** The error that DynamoDB answers with. */
interface Refusal {
  readonly type: string
  readonly message: string
  readonly facts?: object
}

const denied = (action: string, resource: string): Refusal => ({
  type: 'com.amazon.coral.service#AccessDeniedException',
  message: `User: ${ROLE} is not authorized to perform: ${action} on resource: ${resource} because no identity-based policy allows the ${action} action`,
})

export const failures: readonly Failure[] = [
  {
    title: 'The table is missing',
    provoke: async (call) => call(storeAt((await createTable()).endpoint)),
  },
  {
    title: 'The role has no rights',
    provoke: async (call, host) => call(storeAt(await refuse(host, denied('dynamodb:PutItem', ARN)))),
  },
  {
    title: "The table's KMS key cannot be used",
    provoke: async (call, host) =>
      call(
        storeAt(
          await refuse(host, denied('kms:Decrypt', `arn:aws:kms:eu-central-1:${ACCOUNT}:key/1234abcd`)),
        ),
      ),
  },
  {
    title: 'The function uses another Region than the table',
    provoke: async (call, host) =>
      call(
        storeAt(
          await refuse(host, {
            type: 'com.amazonaws.dynamodb.v20120810#ResourceNotFoundException',
            message: 'Requested resource not found',
          }),
          { region: 'us-east-1' },
        ),
      ),
  },
  {
    title: 'A VPC without an endpoint for DynamoDB',
    provoke: async (call, host) => call(storeAt(host.use(await openBlackHole()).endpoint)),
  },
  {
    title: 'The table is throttled',
    provoke: async (call, host) =>
      call(
        storeAt(
          await refuse(host, {
            type: 'com.amazonaws.dynamodb.v20120810#ThrottlingException',
            message: 'Throughput exceeds the maximum OnDemandThroughput configured on table or index',
            facts: {
              throttlingReasons: [{ reason: 'TableWriteMaxOnDemandThroughputExceeded', resource: ARN }],
            },
          }),
        ),
      ),
  },
  {
    title: 'A record is damaged',
    async provoke(call) {
      const table = await createTable()
      const store = storeAt(table.endpoint, { table: table.name })
      await call(store)
      await editItem(table, { status: { S: 'complete' } })
      return call(store)
    },
  },
  {
    title: 'The result of a finished run is lost',
    async provoke(call, host) {
      const { endpoint, name } = await createTable()
      const refusal = denied('dynamodb:UpdateItem', ARN)
      return call(storeAt(await refuse(host, refusal, { only: 'complete', endpoint }), { table: name }))
    },
  },
  {
    title: 'The outcome of an interrupted run is unknown',
    async provoke(call) {
      const table = await createTable()
      const store = storeAt(table.endpoint, { table: table.name })
      await call(store, { onCrash: 'refuse' })
      await editItem(table, { ...crashed(), onCrash: { S: 'refuse' } })
      return call(store, { onCrash: 'refuse' })
    },
  },
  {
    title: 'A handler is protected twice',
    async provoke() {
      const { endpoint, name } = await createTable()
      const store = storeAt(endpoint, { table: name })
      const options = { service: 'payments', logger: false } as const
      const inner = idempotentHandler(async () => ({ statusCode: 201 }), store, options)
      return idempotentHandler(inner, store, options)(httpApiEvent({ key: 'order-1' }), lambdaContext())
    },
  },
]

/** Brings a failure about, and returns what its caller gets and what is logged, as Markdown. */
export async function tell({ title, provoke }: Failure): Promise<string> {
  await using host = new AsyncDisposableStack()
  const lines: object[] = []
  const logger: IdempotencyOptions['logger'] = {
    warn: (message, fields) => lines.push({ level: 'WARN', message, ...fields }),
    error: (message, fields) => lines.push({ level: 'ERROR', message, ...fields }),
  }
  const calling = provoke(
    (store, options) =>
      idempotentHandler(async () => ({ statusCode: 201, body: '{"id":"payment-1"}' }), store, {
        service: 'payments',
        logger,
        ...options,
      })(httpApiEvent({ key: 'order-1' }), lambdaContext({ remainingMs: 4_000 })),
    host,
  )
  const answer = await calling.catch((thrown: unknown) => ({ thrown: String(thrown) }))
  // Lambda itself logs what a handler throws.
  const shown = 'thrown' in Object(answer) ? [{ thrown: Object(answer).thrown }] : lines
  const [line, ...others] = shown
  if (line === undefined || others.length > 0) throw new Error(`expected one line, got ${shown.length}`)
  const json = JSON.stringify(line, undefined, 2)
  return [`### ${title}`, describeAnswer(answer), `\`\`\`json\n${normalize(json)}\n\`\`\``].join('\n\n')
}

function describeAnswer(answer: unknown): string {
  const { statusCode, headers = {}, body, thrown } = Object(answer)
  if (thrown !== undefined) return 'The handler throws. Lambda logs:'
  const { title, detail } = JSON.parse(body)
  if (title === undefined)
    return `The caller gets the handler's own response, \`${statusCode}\`. The log gets:`
  const retryAfter = headers['Retry-After']
  const wait = retryAfter === undefined ? 'no `Retry-After`' : `\`Retry-After: ${retryAfter}\``
  return `The caller gets \`${statusCode}\` and ${wait}: *${title}. ${detail}* The log gets:`
}

/** Replaces what differs each time. */
function normalize(json: string): string {
  return json
    .replaceAll(/oncekey-[\da-f-]{36}/g, TABLE)
    .replaceAll(/within \d+ ms/g, 'within 2000 ms')
    .replaceAll(/127\.0\.0\.1:\d+/g, '127.0.0.1:8000')
}

/** Returns a store in the environment of a Lambda function, which sends to this endpoint. */
function storeAt(endpoint: string, { table = TABLE, region = 'eu-central-1' } = {}): Store {
  const environment = {
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
    AWS_REGION: region,
    AWS_ENDPOINT_URL_DYNAMODB: endpoint,
  }
  const noSdk = () => Promise.reject(new Error('expected no use of the SDK'))
  return createStore(createCommands(table, createDirectTransport(environment, noSdk), async () => region))
}

/** Starts a server that refuses as DynamoDB does: all requests, or those of one phase, and passes on the others. */
async function refuse(
  host: AsyncDisposableStack,
  { type, message, facts }: Refusal,
  passing?: { readonly only: Phase; readonly endpoint: string },
): Promise<string> {
  const respond = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await text(request)
    const { headers } = request
    if (passing !== undefined && phaseOf({ path: '/', headers, body }) !== passing.only) {
      const { 'content-type': contentType, 'x-amz-target': target, authorization } = headers
      const passed = await fetch(passing.endpoint, {
        method: 'POST',
        body,
        headers: Object.entries({ 'content-type': contentType, 'x-amz-target': target, authorization }).map(
          ([name, value]) => [name, String(value)] as [string, string],
        ),
      })
      const reply = await passed.text()
      response.writeHead(passed.status, {
        'x-amzn-requestid': String(passed.headers.get('x-amzn-requestid')),
      })
      response.end(reply)
      return
    }
    response
      .writeHead(400, { 'content-type': 'application/x-amz-json-1.0', 'x-amzn-requestid': 'R1' })
      .end(JSON.stringify({ __type: type, message, ...facts }))
  }
  const server = createServer((request, response) => {
    respond(request, response).catch(() => response.destroy())
  })
  host.defer(() => close(server))
  return listen(server)
}
