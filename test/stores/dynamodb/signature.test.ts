import { readFile } from 'node:fs/promises'
import { createServer, type IncomingHttpHeaders, type IncomingMessage, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import {
  type AttributeValue,
  DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
  TransactWriteItemsCommand,
  UpdateItemCommand,
} from '@aws-sdk/client-dynamodb'
import fc from 'fast-check'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { createDirectTransport } from '../../../packages/oncekey/src/stores/dynamodb/direct.ts'
import {
  canSendDirectly,
  type Environment,
  findEndpoint,
} from '../../../packages/oncekey/src/stores/dynamodb/endpoint.ts'
import { createSigner } from '../../../packages/oncekey/src/stores/dynamodb/signature.ts'
import type { Action } from '../../../packages/oncekey/src/stores/dynamodb/transport.ts'
import { close, listen } from '../../support/loopback.ts'

afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllEnvs()
})

const noSdk = () => Promise.reject(new Error('expected no use of the SDK'))
const limits = { timeoutMs: 30_000, expectedErrors: [] }

const PLAIN = { AWS_ACCESS_KEY_ID: 'AKIDEXAMPLE', AWS_SECRET_ACCESS_KEY: 'secret', AWS_REGION: 'eu-west-1' }

const CREDENTIALS = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret', sessionToken: undefined }

const partitions = await readFile(
  'node_modules/@aws-sdk/core/dist-es/submodules/client/util-endpoints/lib/aws/partitions.js',
  'utf8',
)
const allRegions = [...partitions.matchAll(/"([\w-]+)": \{\s+"description"/g)].map(
  ([, region]) => `${region}`,
)

interface Received {
  readonly line: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

/** Accepts every request, and remembers the last one. */
async function startRecorder() {
  let last: Received | undefined
  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { method, url, headers } = request
    last = { line: `${method} ${url}`, headers, body: await text(request) }
    response.writeHead(200, { 'x-amzn-requestid': 'R' }).end('{}')
  }
  const server = createServer((request, response) => {
    answer(request, response).catch(() => response.destroy())
  })
  const endpoint = await listen(server)
  return {
    endpoint,
    async requestOf(send: () => Promise<unknown>): Promise<Received> {
      await send()
      if (last === undefined) throw new Error('expected a request')
      return last
    },
    [Symbol.asyncDispose]: () => close(server),
  }
}

/** What the SDK says about itself; it signs all of it but `user-agent`. */
const ABOUT_THE_SDK = ['amz-sdk-invocation-id', 'amz-sdk-request', 'x-amz-user-agent']

const omitThem =
  <Args extends object, Result>(next: (args: Args) => Result) =>
  (args: Args): Result => {
    const { headers } = Object(Reflect.get(args, 'request'))
    for (const name of ABOUT_THE_SDK) Reflect.deleteProperty(headers, name)
    return next(args)
  }

function createSdk(config: ConstructorParameters<typeof DynamoDBClient>[0]): DynamoDBClient {
  const client = new DynamoDBClient({ ...config, maxAttempts: 1 })
  client.middlewareStack.addRelativeTo(omitThem, {
    relation: 'before',
    toMiddleware: 'httpSigningMiddleware',
  })
  return client
}

/** A command of whatever kind, with its members in the order in which the SDK writes them. */
interface Call {
  readonly action: Action
  readonly input: object
  readonly sendBy: (client: DynamoDBClient) => Promise<unknown>
}

const texts = fc.string({ unit: 'binary', maxLength: 20 })
const numbers = fc.double({ noNaN: true, noDefaultInfinity: true }).map(String)
const bytes = fc.uint8Array({ maxLength: 40 })
const { attribute } = fc.letrec<{ attribute: AttributeValue }>((tie) => ({
  attribute: fc.oneof(
    { depthSize: 'small' },
    texts.map((S) => ({ S })),
    numbers.map((N) => ({ N })),
    bytes.map((B) => ({ B })),
    bytes.map((B) => ({ B: Buffer.from(B) })),
    fc.boolean().map((BOOL) => ({ BOOL })),
    fc.constant<AttributeValue>({ NULL: true }),
    fc.array(texts, { minLength: 1, maxLength: 3 }).map((SS) => ({ SS })),
    fc.array(bytes, { minLength: 1, maxLength: 3 }).map((BS) => ({ BS })),
    fc.array(numbers, { minLength: 1, maxLength: 3 }).map((NS) => ({ NS })),
    fc.array(tie('attribute'), { maxLength: 3 }).map((L) => ({ L })),
    fc.dictionary(texts, tie('attribute'), { maxKeys: 3 }).map((M) => ({ M })),
  ),
}))
const item = fc.dictionary(texts, attribute, { maxKeys: 6 })
const calls: fc.Arbitrary<Call> = fc.oneof(
  item.map((Item): Call => {
    const input = { TableName: 'table', Item, ConditionExpression: 'attribute_not_exists(id)' }
    return { action: 'PutItem', input, sendBy: (client) => client.send(new PutItemCommand(input)) }
  }),
  fc.tuple(item, item).map(([Key, ExpressionAttributeValues]): Call => {
    const shared = { ExpressionAttributeNames: { '#s': 'status' }, ExpressionAttributeValues }
    const input = { TableName: 'table', Key, UpdateExpression: 'SET #s = :s', ...shared }
    return { action: 'UpdateItem', input, sendBy: (client) => client.send(new UpdateItemCommand(input)) }
  }),
  item.map((Key): Call => {
    const input = { TableName: 'table', Key, ConsistentRead: true }
    return { action: 'GetItem', input, sendBy: (client) => client.send(new GetItemCommand(input)) }
  }),
  fc.array(item, { minLength: 1, maxLength: 3 }).map((items): Call => {
    const writes = items.map((Item) => ({ Put: { Item, TableName: 'table' } }))
    const input = { TransactItems: writes, ClientRequestToken: 'token' }
    const sendBy = (client: DynamoDBClient) => client.send(new TransactWriteItemsCommand(input))
    return { action: 'TransactWriteItems', input, sendBy }
  }),
)

const visible = fc.stringMatching(/^[!-~]{1,60}$/)
const credentials = fc.record(
  { accessKeyId: fc.stringMatching(/^[A-Z0-9]{16,20}$/), secretAccessKey: visible, sessionToken: visible },
  { requiredKeys: ['accessKeyId', 'secretAccessKey'] },
)
const regions = fc.constantFrom('us-east-1', 'us-gov-west-1', 'cn-north-1', 'ap-southeast-7')
const instants = fc.date({ min: new Date('2000-01-01'), max: new Date('2099-12-31'), noInvalidDate: true })

const environmentOf = (
  region: string,
  { accessKeyId, secretAccessKey, sessionToken }: { [name: string]: string | undefined },
): Environment => ({
  AWS_REGION: region,
  AWS_ACCESS_KEY_ID: accessKeyId,
  AWS_SECRET_ACCESS_KEY: secretAccessKey,
  AWS_SESSION_TOKEN: sessionToken,
})

describe('a request', () => {
  test('is byte for byte the one that the SDK signs and sends', async () => {
    await using recorder = await startRecorder()
    const { endpoint } = recorder
    const requestHandler = new DynamoDBClient({}).config.requestHandler
    vi.useFakeTimers({ toFake: ['Date'] })
    await fc.assert(
      fc.asyncProperty(calls, credentials, regions, instants, async (call, given, region, instant) => {
        vi.setSystemTime(instant)
        const environment = { ...environmentOf(region, given), AWS_ENDPOINT_URL: endpoint }
        const direct = createDirectTransport(environment, noSdk)
        const ours = await recorder.requestOf(() => direct(call.action, call.input, limits))
        const sdk = createSdk({ region, endpoint, credentials: given, requestHandler })
        const theirs = await recorder.requestOf(() => call.sendBy(sdk))

        expect(ours).toEqual({
          ...theirs,
          headers: { ...theirs.headers, 'user-agent': 'oncekey' },
        })
      }),
      { numRuns: 2_000 },
    )
  })
})

/** What the SDK makes of its endpoint rules. */
interface SdkRequest {
  readonly protocol: string
  readonly hostname: string
  readonly port?: number
  readonly headers: Readonly<Record<string, string>>
}

const CALL = { TableName: 'table', Key: { id: { S: 'k' } } }

/** Returns the request that the SDK would send in that environment. */
async function sdkRequestIn(environment: Environment): Promise<SdkRequest> {
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value)
  let sent: SdkRequest | undefined
  const handle = (request: SdkRequest) => {
    sent = request
    return Promise.reject(new Error('not sent'))
  }
  const sdk = createSdk({ requestHandler: { handle } })
  await expect(sdk.send(new GetItemCommand(CALL))).rejects.toThrow('not sent')
  if (sent === undefined) throw new Error('expected a request')
  return sent
}

/** Returns the same of the direct transport, `undefined` if it leaves the request to the SDK. */
function requestIn(environment: Environment): SdkRequest | undefined {
  const endpoint = findEndpoint(environment)
  if (endpoint === undefined) return undefined
  const { protocol, hostname, port } = endpoint
  const headers = createSigner(endpoint)('GetItem', JSON.stringify(CALL), CREDENTIALS, Date.now())
  return { protocol, hostname, headers, ...(port === '' ? {} : { port: Number(port) }) }
}

const withoutBrackets = (hostname: string): string => hostname.replace(/[[\]]/g, '')

describe('the endpoint', () => {
  test('is known in every public Region', () => {
    const unknown = allRegions.filter((region) => !canSendDirectly({ ...PLAIN, AWS_REGION: region }))
    expect(unknown.filter((region) => !/global|iso/.test(region))).toEqual([])
    expect(allRegions.length - unknown.length).toBeGreaterThan(35)
  })

  test.each(allRegions)('and signature in %s are those of the SDK, or left to it', async (region) => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const environment = { ...PLAIN, AWS_REGION: region }
    const { protocol, hostname, headers } = await sdkRequestIn(environment)
    const { host, authorization } = headers
    expect([
      undefined,
      expect.objectContaining({
        protocol,
        hostname,
        headers: expect.objectContaining({ host, authorization }),
      }),
    ]).toContainEqual(requestIn(environment))
  })

  test.each([
    'http://127.0.0.1:8000',
    'http://127.0.0.1:8000/',
    'http://localhost',
    'http://[::1]:8000',
    'https://dynamodb.example.com',
    'https://dynamodb.example.com:443',
    'https://vpce-1-2.dynamodb.eu-west-1.vpce.amazonaws.com:8443/',
  ])('%s is understood as by the SDK', async (url) => {
    vi.useFakeTimers({ toFake: ['Date'] })
    const environment = { ...PLAIN, AWS_ENDPOINT_URL_DYNAMODB: url, AWS_ENDPOINT_URL: 'http://other' }
    const { protocol, hostname, port, headers } = await sdkRequestIn(environment)
    expect(requestIn(environment)).toEqual({
      protocol,
      hostname: withoutBrackets(hostname),
      ...(port === undefined ? {} : { port }),
      headers: { ...headers, 'user-agent': 'oncekey' },
    })
  })
})

describe('the environment', () => {
  test('of a Lambda function is enough', () => {
    expect(canSendDirectly(PLAIN)).toBe(true)
    expect(canSendDirectly({ ...PLAIN, AWS_SESSION_TOKEN: 'token', AWS_USE_FIPS_ENDPOINT: 'false' })).toBe(
      true,
    )
  })

  test.each(Object.keys(PLAIN))('without %s needs the SDK', (name) => {
    expect(canSendDirectly({ ...PLAIN, [name]: undefined })).toBe(false)
    expect(canSendDirectly({ ...PLAIN, [name]: '' })).toBe(false)
  })

  test.each([
    ['AWS_ACCOUNT_ID', '123456789012'],
    ['AWS_ACCOUNT_ID_ENDPOINT_MODE', 'required'],
    ['AWS_CONFIG_FILE', '/opt/config'],
    ['AWS_CONTAINER_CREDENTIALS_FULL_URI', 'http://127.0.0.1:9001/credentials'],
    ['AWS_CONTAINER_CREDENTIALS_RELATIVE_URI', '/credentials'],
    ['AWS_ENDPOINT_URL', 'https://dynamodb.example.com/path'],
    ['AWS_ENDPOINT_URL', 'ftp://dynamodb.example.com/'],
    ['AWS_ENDPOINT_URL_DYNAMODB', 'not a URL'],
    ['AWS_IGNORE_CONFIGURED_ENDPOINT_URLS', 'true'],
    ['AWS_PROFILE', 'production'],
    ['AWS_REGION', 'local'],
    ['AWS_REGION', 'us-iso-east-1'],
    ['AWS_SHARED_CREDENTIALS_FILE', '/opt/credentials'],
    ['AWS_USE_DUALSTACK_ENDPOINT', 'true'],
    ['AWS_USE_FIPS_ENDPOINT', 'true'],
  ])('with %s=%s needs the SDK', (name, value) => {
    expect(canSendDirectly({ ...PLAIN, [name]: value })).toBe(false)
  })
})
