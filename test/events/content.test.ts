import { describe, expect, it } from 'vitest'
import { KeyReusedError } from '../../packages/oncekey/src/core/errors.ts'
import type { ProtectedRequest } from '../../packages/oncekey/src/core/request.ts'
import { idempotentHandler } from '../../packages/oncekey/src/entries/handler.ts'
import type { IdempotencyOptions } from '../../packages/oncekey/src/options.ts'
import { createEventSource } from '../../packages/oncekey/src/sources/event.ts'
import { memoryStore } from '../../packages/oncekey/src/stores/memory.ts'
import { lambdaContext } from '../triggers/fixtures.ts'
import { allSamples } from './corpus/all.ts'
import { changed } from './corpus/sample.ts'

const OWN_KEY: IdempotencyOptions = { key: () => 'order-7' }

function eventOf(source: string, variant: string): unknown {
  const sample = allSamples.find((other) => other.source === source && other.variant === variant)
  if (sample === undefined) throw new Error(`no sample ${source}: ${variant}`)
  return sample.event
}

async function requestOf(event: unknown, options: IdempotencyOptions): Promise<ProtectedRequest> {
  const invocation = { event, context: {}, service: 'corpus', startedAtMs: 0, deadlineMs: undefined }
  const identified = await createEventSource(options)(invocation)
  if (identified.kind === 'request') return identified.request
  throw new Error(`Expected a request, got ${identified.kind}.`)
}

/** What two events with the same key differ in: pointers, and other values. */
const contents: readonly (readonly [
  source: string,
  variant: string,
  changes: Readonly<Record<string, unknown>>,
])[] = [
  ['lattice', 'VPC Lattice (1), query', { '/raw_path': '/payments?b=x%20y&a=1' }],
  ['lattice', 'VPC Lattice (1), JSON', { '/raw_path': '/refunds' }],
  ['lattice', 'VPC Lattice (1), JSON', { '/body': '{"amount":1}' }],
  ['lattice', 'VPC Lattice (1), JSON', { '/query_string_parameters': { a: '1' } }],
  ['lattice', 'VPC Lattice (2), JSON', { '/queryStringParameters': { a: ['1'] } }],
  ['lattice', 'VPC Lattice (1), base64', { '/is_base64_encoded': false }],
  ['lattice', 'VPC Lattice (2), base64', { '/isBase64Encoded': false }],
  ['websocket', 'message, anonymous', { '/body': '{"action":"pay","id":"order-7","amount":1}' }],
  ['websocket', 'message, anonymous', { '/requestContext/routeKey': 'refund' }],
  ['websocket', 'connection', { '/requestContext/eventType': 'DISCONNECT' }],
  ['appsync', 'API key', { '/arguments/input/amount': 1 }],
  ['appsync', 'API key', { '/info/fieldName': 'refund' }],
  ['appsync', 'API key', { '/info/parentTypeName': 'Query' }],
  ['appsync', 'API key', { '/source': { id: 'order-8' } }],
  ['appsync', 'batch of two', { '/1/arguments/input/amount': 1 }],
  ['appsync', 'resolver with a template', { '/typeName': 'Query' }],
  ['appsync-events', 'publication', { '/events/0/payload/amount': 1 }],
  ['appsync-events', 'publication', { '/info/channel/path': '/orders/8' }],
  ['appsync-events', 'publication', { '/info/operation': 'SUBSCRIBE' }],
  ['bedrock', 'OpenAPI', { '/parameters/1/value': '1' }],
  ['bedrock', 'OpenAPI', { '/requestBody/content/application~1json/properties/0/value': 'y' }],
  ['bedrock', 'OpenAPI', { '/apiPath': '/orders/{orderId}/refunds' }],
  ['bedrock', 'OpenAPI', { '/httpMethod': 'DELETE' }],
  ['bedrock', 'OpenAPI', { '/actionGroup': 'refunds' }],
  ['bedrock', 'function details', { '/function': 'refund' }],
  ['codepipeline', 'job', { '/CodePipeline.job/data/actionConfiguration/configuration/UserParameters': '1' }],
  ['codepipeline', 'job', { '/CodePipeline.job/data/inputArtifacts': [] }],
  ['codepipeline', 'job', { '/CodePipeline.job/data/outputArtifacts': [{ name: 'built' }] }],
  ['codepipeline', 'job', { '/CodePipeline.job/data/continuationToken': 'next' }],
  ['cloudformation', 'update', { '/RequestType': 'Delete' }],
  ['cloudformation', 'update', { '/LogicalResourceId': 'Customers' }],
  ['cloudformation', 'update', { '/ResourceType': 'Custom::Other' }],
  ['cloudformation', 'update', { '/PhysicalResourceId': 'customers' }],
  ['cloudformation', 'update', { '/ResourceProperties/Name': 'customers' }],
  ['cloudformation', 'update', { '/OldResourceProperties/Name': 'customers' }],
  ['secretsmanager', 'setSecret', { '/Step': 'testSecret' }],
  ['secretsmanager', 'setSecret', { '/SecretId': 'another' }],
  ['secretsmanager', 'setSecret', { '/ClientRequestToken': 'another' }],
  ['s3batch', 'schema 2.0', { '/job/userArguments/mode': 'delete' }],
  ['s3batch', 'schema 2.0', { '/tasks/0/s3Key': 'orders/8' }],
  ['ses', 'mail', { '/Records/0/ses/mail/source': 'bob@example.com' }],
  ['ses', 'mail', { '/Records/0/ses/mail/destination': ['sales@example.com'] }],
  ['ses', 'mail', { '/Records/0/ses/receipt/recipients': ['sales@example.com'] }],
  ['codecommit', 'push', { '/Records/0/eventSourceARN': 'another' }],
  ['codecommit', 'push', { '/Records/0/codecommit/references/0/ref': 'refs/heads/next' }],
  ['destination', 'failure', { '/requestPayload/order': 8 }],
  ['destination', 'failure', { '/responsePayload/errorMessage': 'here' }],
  ['destination', 'failure', { '/requestContext/condition': 'Success' }],
  ['destination', 'failure', { '/requestContext/functionArn': 'another' }],
  ['direct', 'a payload with an HTTP method', { '/amount': 2 }],
]

it('an event that has only some of what EventBridge adds is compared whole', async () => {
  const order = { id: 'order-7', source: 'shop', 'detail-type': 'order' }
  const [one, other] = [
    await requestOf({ ...order, amount: 1 }, {}),
    await requestOf({ ...order, amount: 2 }, {}),
  ]
  expect(other.id).toBe(one.id)
  expect(other.fingerprint).not.toBe(one.fingerprint)
})

it.each(contents)('%s: %s has another content with %j', async (source, variant, changes) => {
  const event = eventOf(source, variant)
  const [one, other] = [await requestOf(event, OWN_KEY), await requestOf(changed(event, changes), OWN_KEY)]
  expect(other.id).toBe(one.id)
  expect(other.fingerprint).not.toBe(one.fingerprint)
})

/** What makes the source's own key another one. */
const keys: readonly (readonly [
  source: string,
  variant: string,
  changes: Readonly<Record<string, unknown>>,
])[] = [
  ['appsync-events', 'publication', { '/events/0/id': 'another' }],
  ['appsync-events', 'publication', { '/info/channel/path': '/orders/8' }],
  ['codepipeline', 'job', { '/CodePipeline.job/id': 'another' }],
  ['cloudformation', 'create', { '/RequestId': 'another' }],
  ['cloudformation', 'create', { '/StackId': 'another' }],
  ['secretsmanager', 'setSecret', { '/Step': 'testSecret' }],
  ['secretsmanager', 'setSecret', { '/SecretId': 'another' }],
  ['secretsmanager', 'setSecret', { '/ClientRequestToken': 'another' }],
  ['s3batch', 'schema 2.0', { '/invocationId': 'another' }],
  ['s3batch', 'schema 2.0', { '/tasks/0/taskId': 'another' }],
  ['ses', 'mail', { '/Records/0/ses/mail/messageId': 'another' }],
  ['codecommit', 'push', { '/Records/0/eventId': 'another' }],
  ['destination', 'failure', { '/requestContext/requestId': 'another' }],
]

it.each(keys)('%s: %s has another key with %j', async (source, variant, changes) => {
  const event = eventOf(source, variant)
  const [one, other] = [await requestOf(event, {}), await requestOf(changed(event, changes), {})]
  expect(other.id).not.toBe(one.id)
})

describe('a key that comes with other content', () => {
  it.each([
    ['appsync', 'API key', { '/arguments/input/amount': 1 }],
    ['bedrock', 'OpenAPI', { '/parameters/1/value': '1' }],
    ['direct', 'a payload with an HTTP method', { '/amount': 2 }],
  ])('of %s (%s) is refused by an error', async (source, variant, changes) => {
    const handler = idempotentHandler(async (_event: unknown) => ({ paid: true }), memoryStore(), OWN_KEY)
    const event = eventOf(source, variant)
    await handler(event, lambdaContext())
    await expect(handler(changed(event, changes), lambdaContext())).rejects.toThrow(KeyReusedError)
  })

  it('of a WebSocket is refused by a response, as its client waits for one', async () => {
    const handler = idempotentHandler(
      async (_event: unknown): Promise<unknown> => ({ statusCode: 200 }),
      memoryStore(),
      OWN_KEY,
    )
    const event = eventOf('websocket', 'message, anonymous')
    await handler(event, lambdaContext())
    const refusal = await handler(changed(event, { '/body': '{}' }), lambdaContext())
    expect(refusal).toMatchObject({ statusCode: 422, body: expect.stringContaining('"code":"key-reused"') })
  })
})

describe('an answer that is not final', () => {
  const answerTwice = async (event: unknown, ...answers: readonly unknown[]): Promise<readonly unknown[]> => {
    const left = [...answers]
    const handler = idempotentHandler(async (_event: unknown) => left.shift(), memoryStore(), OWN_KEY)
    return [await handler(event, lambdaContext()), await handler(event, lambdaContext())]
  }
  const called = (response: object) => ({ messageVersion: '1.0', response })
  const reprompt = { functionResponse: { responseState: 'REPROMPT', responseBody: {} } }
  const done = { functionResponse: { responseBody: { TEXT: { body: 'paid' } } } }
  const task = (...codes: string[]) => ({
    invocationSchemaVersion: '2.0',
    results: codes.map((resultCode) => ({ taskId: 't', resultCode })),
  })

  it.each([
    [
      'a task of S3 Batch that failed for now',
      's3batch',
      'schema 2.0',
      task('Succeeded', 'TemporaryFailure'),
      task('Succeeded'),
    ],
    ['a function of an agent', 'bedrock', 'function details', called(reprompt), called(done)],
    [
      'an operation of an agent that failed',
      'bedrock',
      'OpenAPI',
      called({ httpStatusCode: 500 }),
      called({ httpStatusCode: 200 }),
    ],
    [
      'a message of a WebSocket that failed',
      'websocket',
      'message, anonymous',
      { statusCode: 500 },
      { statusCode: 200 },
    ],
  ])('of %s is not stored, and the next delivery runs', async (_what, source, variant, ...answers) => {
    expect(await answerTwice(eventOf(source, variant), ...answers)).toMatchObject(answers)
  })

  it.each([
    ['a task of S3 Batch that failed for good', 's3batch', 'schema 2.0', task('PermanentFailure')],
    ['an operation of an agent that was refused', 'bedrock', 'OpenAPI', called({ httpStatusCode: 404 })],
  ])('but of %s is', async (_what, source, variant, failed) => {
    expect(await answerTwice(eventOf(source, variant), failed, {})).toEqual([failed, failed])
  })
})
