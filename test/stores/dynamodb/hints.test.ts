import { createServer } from 'node:http'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { describe, expect, onTestFinished, test } from 'vitest'
import { StoreUnavailableError } from '../../../packages/oncekey/src/core/errors.ts'
import { createCommands } from '../../../packages/oncekey/src/stores/dynamodb/commands.ts'
import { createDirectTransport } from '../../../packages/oncekey/src/stores/dynamodb/direct.ts'
import { failureOf } from '../../../packages/oncekey/src/stores/dynamodb/failures.ts'
import { createSdkTransport } from '../../../packages/oncekey/src/stores/dynamodb/sdk.ts'
import { openBlackHole } from '../../support/black-hole.ts'
import { close, listen } from '../../support/loopback.ts'
import { createTable } from '../../support/tables.ts'

// How each failure is explained to an operator, whichever transport meets it.

const region = 'eu-central-1'
const credentials = { accessKeyId: 'local', secretAccessKey: 'local' }

const sdkTo = (endpoint: string) =>
  createSdkTransport(
    new DynamoDBClient({
      endpoint,
      region,
      credentials,
      maxAttempts: 1,
      requestHandler: { connectionTimeout: 300 },
    }),
  )
const directTo = (endpoint: string) => {
  const environment = {
    AWS_ACCESS_KEY_ID: credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: credentials.secretAccessKey,
    AWS_REGION: region,
    AWS_ENDPOINT_URL_DYNAMODB: endpoint,
  }
  return createDirectTransport(environment, async () => sdkTo(endpoint), { maxTries: 1, responseMs: 500 })
}
const transports = [
  { transport: 'the SDK', to: sdkTo },
  { transport: 'the direct transport', to: directTo },
] as const

/** Puts an item through the transport, and returns the error. */
async function failure(
  to: (typeof transports)[number]['to'],
  endpoint: string,
  { table = 'claims', item = { id: { S: 'k' } } }: { table?: string; item?: object } = {},
): Promise<StoreUnavailableError> {
  const commands = createCommands(table, to(endpoint), async () => region)
  const thrown = await commands.put({ Item: item }, { timeoutMs: 5_000 }).catch((error: unknown) => error)
  if (thrown instanceof StoreUnavailableError) return thrown
  throw new Error(`expected a StoreUnavailableError, got ${String(thrown)}`)
}

/** Starts a server that refuses every request as DynamoDB would. */
async function refusing(type: string, facts: object, status = 400): Promise<string> {
  const server = createServer((request, response) => {
    request.resume()
    response
      .writeHead(status, { 'content-type': 'application/x-amz-json-1.0', 'x-amzn-requestid': 'R1' })
      .end(JSON.stringify({ __type: type, ...facts }))
  })
  onTestFinished(() => close(server))
  return listen(server)
}

const coral = (name: string): string => `com.amazon.coral.service#${name}`
const dynamo = (name: string): string => `com.amazonaws.dynamodb.v20120810#${name}`
const role = 'arn:aws:sts::111122223333:assumed-role/payments/payments'
const resource = 'arn:aws:dynamodb:eu-central-1:111122223333:table/claims'
const denied = (how: string, action = 'dynamodb:PutItem', on = resource): object => ({
  Message: `User: ${role} is not authorized to perform: ${action} on resource: ${on} ${how}`,
})
const throttled = (reason: string): object => ({
  message: 'Throughput exceeds the current capacity.',
  ThrottlingReasons: [{ reason, resource }],
})

const KMS = 'the KMS key of the table cannot be used'

/** The texts are those of AWS's documentation, and of reports of those who met them. */
const replies: readonly (readonly [what: string, type: string, facts: object, hint: string])[] = [
  [
    'a role without the permission',
    coral('AccessDeniedException'),
    denied('because no identity-based policy allows the dynamodb:PutItem action'),
    "grant the function's role dynamodb:PutItem on this table",
  ],
  [
    'a service control policy',
    coral('AccessDeniedException'),
    denied('with an explicit deny in a service control policy'),
    'remove the deny of dynamodb:PutItem from the service control policy',
  ],
  [
    'a policy of the VPC endpoint that leaves the table out',
    coral('AccessDeniedException'),
    denied('because no VPC endpoint policy allows the dynamodb:PutItem action'),
    'allow dynamodb:PutItem on this table in the VPC endpoint policy too',
  ],
  [
    'a resource-based policy',
    coral('AccessDeniedException'),
    denied('with an explicit deny in a resource-based policy'),
    'remove the deny of dynamodb:PutItem from the resource-based policy',
  ],
  [
    'a permissions boundary',
    coral('AccessDeniedException'),
    denied('because no permissions boundary allows the dynamodb:PutItem action'),
    'in the permissions boundary too',
  ],
  [
    'a role that may not use the KMS key',
    coral('AccessDeniedException'),
    denied(
      'because no identity-based policy allows the kms:Decrypt action',
      'kms:Decrypt',
      'arn:aws:kms:eu-central-1:111122223333:key/k',
    ),
    KMS,
  ],
  [
    'a KMS key that is gone, or of others',
    coral('AccessDeniedException'),
    {
      Message:
        'KMS key access denied error: com.amazonaws.services.kms.model.AWSKMSException: The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access. (Service: AWSKMS; Status Code: 400; Error Code: AccessDeniedException; Request ID: R; Proxy: null)',
    },
    KMS,
  ],
  [
    'a key that takes too many writes',
    dynamo('ProvisionedThroughputExceededException'),
    throttled('TableWriteKeyRangeThroughputExceeded'),
    'one key is requested more than about 1,000 times a second',
  ],
  [
    'a table at its maximum',
    dynamo('ThrottlingException'),
    throttled('TableWriteMaxOnDemandThroughputExceeded'),
    'the maximum throughput that is configured',
  ],
  [
    'an account at its quota',
    dynamo('RequestLimitExceeded'),
    throttled('TableWriteAccountLimitExceeded'),
    "the account's quota",
  ],
  [
    'provisioned capacity that is used up',
    dynamo('ProvisionedThroughputExceededException'),
    { message: 'The level of configured provisioned throughput for the table was exceeded.' },
    'change to on-demand capacity',
  ],
  [
    'throttling without a reason',
    'com.amazon.coral.availability#ThrottlingException',
    { message: 'Throughput exceeds the current capacity of your table or index.' },
    'the load grows faster than the table',
  ],
  [
    'credentials that have expired',
    coral('ExpiredTokenException'),
    { message: 'The security token included in the request is expired' },
    'the AWS credentials of the process have expired',
  ],
  [
    'credentials that AWS does not know',
    coral('UnrecognizedClientException'),
    { message: 'The security token included in the request is invalid.' },
    'that the account has the Region enabled',
  ],
  [
    'a secret of another key',
    coral('InvalidSignatureException'),
    { message: 'The request signature we calculated does not match the signature you provided.' },
    'that the clock of the host is right',
  ],
  [
    'a name that DynamoDB refuses',
    coral('ValidationException'),
    { message: "1 validation error detected: Value 'x' at 'tableName' failed to satisfy constraint" },
    'correct the name of the table',
  ],
]

describe.each(transports)('$transport', ({ to }) => {
  test.each(replies)('explains %s', async (_what, type, facts, hint) => {
    const error = await failure(to, await refusing(type, facts))
    expect(error.message).toContain(hint)
    expect(error.reason).toContain(type.slice(type.indexOf('#') + 1))
  })

  test('explains a port where nobody listens', async () => {
    const server = createServer()
    const endpoint = await listen(server)
    await close(server)
    const error = await failure(to, endpoint)
    expect(error).toMatchObject({ retryable: true })
    expect(error.message).toContain('(ECONNREFUSED): nothing listens there; check AWS_ENDPOINT_URL_DYNAMODB')
    expect(error.reason).toContain(`connect ECONNREFUSED ${endpoint.replace('http://', '')}`)
  })

  test('explains a network that lets no connection through, as that of a VPC without an endpoint', async () => {
    await using hole = await openBlackHole()
    const error = await failure(to, hole.endpoint)
    expect(error).toMatchObject({ retryable: true })
    expect(error.message).toContain('a function in a VPC needs a gateway endpoint for DynamoDB')
  })

  test('explains a connection on which no reply comes', async () => {
    const server = createServer(() => undefined)
    onTestFinished(() => close(server))
    const error = await failure(to, await listen(server))
    expect(error).toMatchObject({ retryable: true })
    expect(error.message).toContain('no reply came in time')
  })

  test('explains a reset', async () => {
    const server = createServer((request) => request.socket.resetAndDestroy())
    onTestFinished(() => close(server))
    const error = await failure(to, await listen(server))
    expect(error.message).toContain('(ECONNRESET): the connection was closed before the reply')
  })

  test('explains a reply of something else', async () => {
    const server = createServer((_request, response) => response.writeHead(407).end('<h1>Log in</h1>'))
    onTestFinished(() => close(server))
    const error = await failure(to, await listen(server))
    expect(error).toMatchObject({ retryable: true })
    expect(error.message).toContain('the reply is not from DynamoDB')
  })

  test('explains a missing table and one with another key, as DynamoDB Local refuses them', async () => {
    const { endpoint, name } = await createTable()
    const missing = await failure(to, endpoint, { table: 'not-there' })
    expect(missing.message).toContain('there is no such table in eu-central-1 in this account')
    const otherKey = await failure(to, endpoint, { table: name, item: { pk: { S: 'k' } } })
    expect(otherKey.message).toContain('(ValidationException): expected partition key `id` (S)')
    expect(otherKey.reason).toContain('ValidationException: One of the required keys')
  })
})

const request = { action: 'PutItem', table: 'claims', timeoutMs: 2_000, region } as const
const nodeError = (facts: object): Error => Object.assign(new Error('from Node'), facts)

// What this machine cannot bring about, in the shape in which Node and the SDK throw it.
test.each<[string, Error, string]>([
  [
    'a Region that does not exist',
    nodeError({
      code: 'ENOTFOUND',
      syscall: 'getaddrinfo',
      hostname: 'dynamodb.eu-centrl-1.amazonaws.com',
    }),
    'the name dynamodb.eu-centrl-1.amazonaws.com does not exist; check the Region eu-central-1',
  ],
  [
    'a name server that is away',
    nodeError({ code: 'EAI_AGAIN', syscall: 'getaddrinfo' }),
    'the name server did not answer',
  ],
  [
    'no route',
    nodeError({ code: 'ENETUNREACH', syscall: 'connect' }),
    'needs a gateway endpoint for DynamoDB',
  ],
  ["a system's own limit", nodeError({ code: 'ETIMEDOUT', syscall: 'connect' }), 'a security group'],
  ['a proxy that reads along', nodeError({ code: 'SELF_SIGNED_CERT_IN_CHAIN' }), 'NODE_EXTRA_CA_CERTS'],
  ['plain HTTP where TLS is spoken', nodeError({ code: 'EPROTO', syscall: 'write' }), 'does not speak TLS'],
  [
    'no credentials',
    nodeError({ name: 'CredentialsProviderError' }),
    'no AWS credentials were found; run with a role or a profile',
  ],
  [
    'several addresses that all refuse',
    Object.assign(new AggregateError([new Error('connect ECONNREFUSED ::1:8000')], ''), {
      code: 'ECONNREFUSED',
      syscall: 'connect',
    }),
    'nothing listens there',
  ],
])('%s is explained', async (_what, thrown, hint) => {
  expect((await failureOf(thrown, request)).message).toContain(hint)
})

test('a table of another Region is named with both Regions', async () => {
  const table = 'arn:aws:dynamodb:us-east-1:111122223333:table/claims'
  const thrown = nodeError({ name: 'ResourceNotFoundException' })
  expect((await failureOf(thrown, { ...request, table })).message).toContain(
    'the table is in us-east-1, but the request went to eu-central-1',
  )
})

test.each([
  ['of a transaction', nodeError({ name: 'ValidationException' }), 'TransactWriteItems'],
  ['of an unknown kind', nodeError({ name: 'SomethingNewException' }), 'PutItem'],
  ['of no system call', nodeError({ code: 'ERR_ANYTHING' }), 'PutItem'],
] as const)('the words of an error %s may show contents and are left out', async (_, thrown, action) => {
  const { message, reason } = await failureOf(thrown, { ...request, action })
  expect(reason).toBe(thrown.name)
  expect(message).not.toContain('from Node')
})
