import { httpApiEvent, restEvent } from 'oncekey/testing'
import { dynamoDbEvent, kinesisEvent, snsEvent } from '../../triggers/fixtures.ts'
import { changed, refused, type Sample } from './sample.ts'

function sample(source: string, variant: string, event: unknown): Sample {
  return { source, variant, event, again: event, key: undefined, caller: '-', answer: refused }
}

const methodArn = 'arn:aws:execute-api:eu-central-1:123456789012:rest1example/prod/POST/payments'
const rest = changed(restEvent(), { '/body': undefined, '/isBase64Encoded': undefined })
const http = changed(httpApiEvent(), { '/body': undefined, '/isBase64Encoded': undefined })
const window = {
  window: { start: '2026-11-22T10:00:00Z', end: '2026-11-22T10:02:00Z' },
  shardId: 'shardId-000000000006',
  eventSourceARN: 'arn:aws:kinesis:us-east-2:123456789012:stream/lambda-stream',
  isWindowTerminatedEarly: false,
}
const activeMq = {
  messageID: 'ID:b-1.mq.us-east-2.amazonaws.com-37557-1234520418293-4:1:1:1:1',
  messageType: 'jms/text-message',
  deliveryMode: 1,
  data: 'e30=',
  connectionId: 'c-1',
  redelivered: false,
  destination: { physicalName: 'orders' },
  timestamp: 1598827811958,
}
const rabbitMq = {
  basicProperties: { contentType: 'text/plain', messageId: null },
  redelivered: false,
  data: 'e30=',
}
const broker = 'arn:aws:mq:us-east-2:123456789012:broker:orders:b-9bcfa592-423a-4942-879d-eb284b418fc8'
const toTransform = { recordId: '49546986683135544286507457936321625675700192471156785154', data: 'e30=' }
const invocation = { invocationId: '5a8fd0f6-9cb8-4c6f-8d1e-2f3ab7c7e0a1', region: 'eu-central-1' }
const deliveryStreamArn = 'arn:aws:firehose:eu-central-1:123456789012:deliverystream/orders'
const applicationArn = 'arn:aws:kinesisanalytics:eu-central-1:123456789012:application/orders'

export const refusedSamples: readonly Sample[] = [
  sample('authorizer', 'REST API, token', { type: 'TOKEN', authorizationToken: 'Bearer x', methodArn }),
  sample('authorizer', 'REST API, request', { type: 'REQUEST', methodArn, ...Object(rest) }),
  sample('authorizer', 'HTTP API, 1.0', {
    version: '1.0',
    type: 'REQUEST',
    methodArn,
    identitySource: 'x',
    authorizationToken: 'x',
    ...Object(rest),
  }),
  sample('authorizer', 'HTTP API, 2.0', {
    ...Object(http),
    type: 'REQUEST',
    routeArn: methodArn,
    identitySource: ['x'],
  }),
  sample('authorizer', 'WebSocket API', {
    type: 'REQUEST',
    methodArn,
    headers: {},
    multiValueHeaders: {},
    queryStringParameters: {},
    requestContext: { routeKey: '$connect', eventType: 'CONNECT', connectionId: 'c-1', apiId: 'ws1example' },
  }),
  sample('authorizer', 'AppSync', {
    authorizationToken: 'x',
    requestContext: { apiId: 'a', accountId: '1', requestId: 'r', queryString: 'mutation {}', variables: {} },
  }),
  sample('authorizer', 'AWS IoT', {
    token: 'x',
    signatureVerified: true,
    protocols: ['mqtt'],
    protocolData: { mqtt: { clientId: 'device-1' } },
    connectionMetadata: { id: 'c-1' },
  }),
  sample('authorizer', 'AWS IoT, before protocols', {
    token: 'x',
    tokenSignature: 'y',
    mqttContext: { clientId: 'device-1' },
    tlsContext: { serverName: 'iot.example.com' },
  }),
  sample('tumbling-window', 'Kinesis', {
    ...kinesisEvent(['1', 'p']),
    ...window,
    state: {},
    isFinalInvokeForWindow: false,
  }),
  sample('tumbling-window', 'DynamoDB', {
    ...dynamoDbEvent(['111', '101']),
    ...window,
    state: { sum: 7 },
    isFinalInvokeForWindow: false,
  }),
  sample('tumbling-window', 'the end of a window', {
    Records: [],
    ...window,
    state: { sum: 7 },
    isFinalInvokeForWindow: true,
  }),
  sample('mq', 'ActiveMQ', { eventSource: 'aws:mq', eventSourceArn: broker, messages: [activeMq] }),
  sample('mq', 'ActiveMQ, by its other name', {
    eventSource: 'aws:amq',
    eventSourceArn: broker,
    messages: [activeMq],
  }),
  sample('mq', 'RabbitMQ', {
    eventSource: 'aws:rmq',
    eventSourceArn: broker,
    rmqMessagesByQueue: { 'orders::/': [rabbitMq] },
  }),
  sample('mq', 'pipe, ActiveMQ', [{ ...activeMq, eventSource: 'aws:amq', eventSourceArn: broker }]),
  sample('mq', 'pipe, RabbitMQ', [
    { ...rabbitMq, eventSource: 'aws:rmq', eventSourceArn: broker, eventSourceKey: 'orders::/' },
  ]),
  sample('documentdb', 'change stream', {
    eventSource: 'aws:docdb',
    eventSourceArn: 'arn:aws:rds:eu-central-1:123456789012:cluster:orders',
    events: [{ event: { _id: { _data: '0163eeb6e7' }, operationType: 'insert', fullDocument: {} } }],
  }),
  sample('transformation', 'Firehose, direct put', {
    ...invocation,
    deliveryStreamArn,
    records: [toTransform],
  }),
  sample('transformation', 'Firehose, from Kinesis', {
    ...invocation,
    deliveryStreamArn,
    sourceKinesisStreamArn: 'arn:aws:kinesis:eu-central-1:123456789012:stream/orders',
    records: [{ ...toTransform, kinesisRecordMetadata: { sequenceNumber: '1', partitionKey: 'p' } }],
  }),
  sample('transformation', 'Firehose, from MSK', {
    ...invocation,
    deliveryStreamArn,
    sourceMSKArn: 'arn:aws:kafka:eu-central-1:123456789012:cluster/orders/1',
    records: [
      { recordId: '0', kafkaRecordValue: 'e30=', mskRecordMetadata: { offset: '0', partitionId: '1' } },
    ],
  }),
  sample('transformation', 'Firehose, no records', { ...invocation, deliveryStreamArn, records: [] }),
  sample('transformation', 'Firehose, without its stream', { ...invocation, records: [toTransform] }),
  sample('transformation', 'analytics, input', {
    ...invocation,
    applicationArn,
    streamArn: deliveryStreamArn,
    records: [toTransform],
  }),
  sample('transformation', 'analytics, output', {
    ...invocation,
    applicationArn,
    records: [{ ...toTransform, lambdaDeliveryRecordMetadata: { retryHint: 0 } }],
  }),
  sample('unknown-records', 'a new source', { Records: [{ eventSource: 'aws:new' }] }),
  sample('unknown-records', 'two of a new source', {
    Records: [{ eventSource: 'aws:new' }, { eventSource: 'aws:new' }],
  }),
  sample('unknown-records', 'beside a known one', {
    Records: [...snsEvent('1').Records, { eventSource: 'aws:new' }],
  }),
  sample('incomplete-http', '1.0 without requestContext', {
    httpMethod: 'POST',
    path: '/payments',
    headers: {},
    body: '{}',
  }),
  sample('incomplete-http', '2.0 without a path', {
    version: '2.0',
    headers: {},
    requestContext: { http: { method: 'POST' } },
  }),
]
