import { eventBridgeEvent, s3Event, snsEvent } from '../../triggers/fixtures.ts'
import { type Answer, changed, type Sample, value } from './sample.ts'

interface Facts {
  readonly key?: string
  readonly caller?: string
  readonly again?: Readonly<Record<string, unknown>>
  readonly answer?: Answer
}

function sample(source: string, variant: string, event: unknown, facts: Facts = {}): Sample {
  const { key, caller = '-', again = {}, answer = value } = facts
  return { source, variant, event, again: changed(event, again), key, caller, answer }
}

const account = '123456789012'
const issuer = 'https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Example'

/** @see API Gateway developer guide, "Working with WebSocket APIs" */
const webSocket = {
  requestContext: {
    routeKey: 'pay',
    messageId: 'R1knPc2ntjMCFIA=',
    eventType: 'MESSAGE',
    extendedRequestId: 'R1knPH17NjMFftw=',
    requestTime: '22/Nov/2026:10:00:00 +0000',
    messageDirection: 'IN',
    stage: 'prod',
    connectedAt: 1_795_341_500_000,
    requestTimeEpoch: 1_795_341_600_000,
    identity: { userAgent: 'client/1.0', sourceIp: '203.0.113.10' },
    requestId: 'R1knPH17NjMFftw=',
    domainName: 'ws1example.execute-api.eu-central-1.amazonaws.com',
    connectionId: 'R1kmxc2VNjMCFIA=',
    apiId: 'ws1example',
  },
  body: '{"action":"pay","id":"order-7","amount":100}',
  isBase64Encoded: false,
}
const sentAgain = {
  '/requestContext/messageId': 'S2lnPc2ntjMCFIA=',
  '/requestContext/requestId': 'S2lnPH17NjMFftw=',
  '/requestContext/extendedRequestId': 'S2lnPH17NjMFftw=',
  '/requestContext/requestTime': '22/Nov/2026:10:00:05 +0000',
  '/requestContext/requestTimeEpoch': 1_795_341_605_000,
  '/requestContext/connectionId': 'another-connection=',
}
const overWebSocket = (variant: string, caller: string, changes: Readonly<Record<string, unknown>> = {}) =>
  sample('websocket', variant, changed(webSocket, changes), {
    caller,
    again: sentAgain,
    answer: { kind: 'response' },
  })
const authorizer = (principalId: string) => ({
  '/requestContext/authorizer': { principalId, integrationLatency: 12 },
})

/** @see AppSync developer guide, "Resolver mapping template context reference" */
const field = {
  arguments: { input: { orderId: 'order-7', amount: 100 } },
  identity: null,
  source: null,
  request: { headers: { host: 'api.example.com', 'x-amzn-trace-id': 'Root=1-6921b2c0' }, domainName: null },
  prev: null,
  info: {
    selectionSetList: ['id', 'amount'],
    selectionSetGraphQL: '{\n  id\n  amount\n}',
    fieldName: 'pay',
    parentTypeName: 'Mutation',
    variables: {},
  },
  stash: {},
}
const cognito = (sub: string) => ({
  claims: { sub, iss: issuer, token_use: 'access', iat: 1_795_341_600, exp: 1_795_345_200 },
  defaultAuthStrategy: 'ALLOW',
  groups: null,
  issuer,
  sourceIp: ['203.0.113.10'],
  sub,
  username: 'ada',
})
const iam = {
  accountId: account,
  cognitoIdentityAuthProvider: null,
  cognitoIdentityAuthType: null,
  cognitoIdentityPoolId: null,
  sourceIp: ['203.0.113.10'],
  username: 'AROA:x',
}
const asked = { '/request/headers/x-amzn-trace-id': 'Root=1-6921b2c5', '/info/selectionSetList': ['id'] }
const appSync = (variant: string, caller: string, identity: unknown, again: Facts['again'] = asked) =>
  sample('appsync', variant, { ...field, identity }, { caller, again })

/** @see AppSync developer guide, "Channel namespace handlers and Lambda" */
const published = {
  identity: cognito('user-1'),
  result: null,
  request: { headers: { host: 'api.example.com' }, domainName: null },
  info: {
    channel: { path: '/orders/7', segments: ['orders', '7'] },
    channelNamespace: { name: 'orders' },
    operation: 'PUBLISH',
  },
  error: null,
  prev: null,
  stash: {},
  outErrors: [],
  events: [{ id: '5f7dfbd1-b8ff-4c20-924e-23b42db467a0', payload: { amount: 100 } }],
}

/** @see Bedrock user guide, "Configure Lambda functions for action groups" */
const agent = {
  messageVersion: '1.0',
  agent: { name: 'clerk', id: 'AGENT12345', alias: 'ALIAS12345', version: '1' },
  inputText: 'Please pay my order',
  sessionId: 'session-1',
  actionGroup: 'payments',
  parameters: [
    { name: 'orderId', type: 'string', value: 'order-7' },
    { name: 'amount', type: 'integer', value: '100' },
  ],
  sessionAttributes: {},
  promptSessionAttributes: {},
}
const openApi = {
  ...agent,
  apiPath: '/orders/{orderId}/payments',
  httpMethod: 'POST',
  requestBody: {
    content: { 'application/json': { properties: [{ name: 'note', type: 'string', value: 'x' }] } },
  },
}
const putAnother = { '/inputText': 'pay order 7', '/parameters': agent.parameters.toReversed() }
const session2 = { '/sessionId': 'session-2' }

/** @see CloudFormation template reference, "Custom resource request objects" */
const stackId = `arn:aws:cloudformation:eu-central-1:${account}:stack/shop/51af3dc0-da77-11e4-872e-1234567db123`
const custom = {
  RequestType: 'Create',
  RequestId: 'f7a5e7c4-6f0d-4c8e-a5c6-2b7e2d6a1c55',
  ResponseURL: 'https://bucket.example.com/first',
  ResourceType: 'Custom::Table',
  LogicalResourceId: 'Orders',
  StackId: stackId,
  ResourceProperties: { ServiceToken: 'arn', Name: 'orders' },
}
const resource = { '/PhysicalResourceId': 'orders', '/OldResourceProperties': { Name: 'order' } }
const request = { key: custom.RequestId, again: { '/ResponseURL': 'https://bucket.example.com/second' } }

/** @see CodePipeline user guide, "Example JSON event" */
const job = {
  'CodePipeline.job': {
    id: '11111111-abcd-1111-abcd-111111abcdef',
    accountId: account,
    data: {
      actionConfiguration: { configuration: { FunctionName: 'deploy', UserParameters: '{}' } },
      inputArtifacts: [{ name: 'source', revision: null, location: { type: 'S3' } }],
      outputArtifacts: [],
      artifactCredentials: { accessKeyId: 'one', secretAccessKey: 'x', sessionToken: 'x' },
    },
  },
}
const credentials = '/CodePipeline.job/data/artifactCredentials/accessKeyId'

/** @see SES developer guide, "Lambda event" */
const mail = {
  Records: [
    {
      eventSource: 'aws:ses',
      eventVersion: '1.0',
      ses: {
        mail: {
          timestamp: '2026-11-22T10:00:00.000Z',
          source: 'ada@example.com',
          messageId: 'o3vrnil0e2ic28tr',
          destination: ['orders@example.com'],
          headersTruncated: false,
          headers: [],
          commonHeaders: { subject: 'Order' },
        },
        receipt: {
          timestamp: '2026-11-22T10:00:00.000Z',
          processingTimeMillis: 574,
          recipients: ['orders@example.com'],
          action: { type: 'Lambda', functionArn: 'arn', invocationType: 'Event' },
        },
      },
    },
  ],
}

/** @see S3 user guide, "Invoke AWS Lambda function" */
const s3Batch = {
  invocationSchemaVersion: '2.0',
  invocationId: 'YXNkbGZqYWRmaiBhc2RmdW9hZHNmZGpmaGFzbGtkaGZza2RmaAo',
  job: { id: 'f3cc4f60-61f6-4a2b-8a21-d07600c373ce', userArguments: { mode: 'copy' } },
  tasks: [
    { taskId: 'dGFza2lkZ29lc2hlcmUK', s3Key: 'orders/7', s3VersionId: null, s3Bucket: 'amzn-s3-demo-bucket' },
  ],
}
const rotation = (Step: string) => ({
  Step,
  SecretId: `arn:aws:secretsmanager:eu-central-1:${account}:secret:shop-AbCdEf`,
  ClientRequestToken: '5f7dfbd1-b8ff-4c20-924e-23b42db467a0',
})
const rotationKey = (step: string) => Object.values(rotation(step)).toSpliced(0, 1).concat(step).join('/')

const commit = {
  Records: [
    {
      eventId: '5a824061-17ca-46a9-bbf9-114edeadbeef',
      eventSource: 'aws:codecommit',
      eventName: 'TriggerEventTest',
      eventTime: '2026-11-22T10:00:00.000+0000',
      eventSourceARN: `arn:aws:codecommit:eu-central-1:${account}:shop`,
      codecommit: {
        references: [{ commit: '5c4ef1049f1d27deadbeeff313e0730018be182b', ref: 'refs/heads/main' }],
      },
    },
  ],
}
const failed = {
  version: '1.0',
  timestamp: '2026-11-22T10:00:00.000Z',
  requestContext: {
    requestId: '8ea123e4-1db7-4aca-ad10-d9ca1234c1fd',
    functionArn: 'arn:aws:lambda:eu-central-1:123456789012:function:pay:$LATEST',
    condition: 'RetriesExhausted',
    approximateInvokeCount: 3,
  },
  requestPayload: { order: 7 },
  responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
  responsePayload: { errorMessage: 'away' },
}
const bridged = (detailType: string, source: string, detail: unknown) => ({
  ...eventBridgeEvent('e-1'),
  'detail-type': detailType,
  source,
  detail,
})
const s3Key = 'amzn-s3-demo-bucket/ObjectCreated:Put//0C0F6F405D6ED209E1/b21b84d653bb07b05b1e6b33684dc11b'

export const serviceSamples: readonly Sample[] = [
  overWebSocket('message, anonymous', 'anonymous'),
  overWebSocket('message, with an authorizer', 'ada', authorizer('ada')),
  overWebSocket('message, another caller', 'bob', authorizer('bob')),
  overWebSocket('message, IAM', 'iam-ada', {
    '/requestContext/identity/userArn': `arn:aws:iam::${account}:user/ada`,
  }),
  overWebSocket('message, base64', 'anonymous', { '/body': 'AAEC', '/isBase64Encoded': true }),
  overWebSocket('message, the default route', 'ada', {
    ...authorizer('ada'),
    '/requestContext/routeKey': '$default',
  }),
  overWebSocket('connection', 'anonymous', {
    '/requestContext/routeKey': '$connect',
    '/requestContext/eventType': 'CONNECT',
    '/headers': { Host: 'ws1example.execute-api.eu-central-1.amazonaws.com' },
    '/multiValueHeaders': {},
    '/body': undefined,
  }),
  overWebSocket('connection, with the members of HTTP', 'anonymous', {
    '/requestContext/routeKey': '$connect',
    '/requestContext/eventType': 'CONNECT',
    '/requestContext/httpMethod': 'POST',
    '/httpMethod': 'POST',
    '/path': '/',
    '/resource': '/',
    '/headers': {},
  }),
  overWebSocket('end of a connection', 'anonymous', {
    '/requestContext/routeKey': '$disconnect',
    '/requestContext/eventType': 'DISCONNECT',
    '/body': undefined,
  }),

  appSync('API key', 'anonymous', null),
  appSync('user pool', 'user-1', cognito('user-1'), { ...asked, '/identity/claims/iat': 1_795_341_700 }),
  appSync('user pool, another user', 'user-2', cognito('user-2')),
  appSync('user pool, without claims', 'user-1', { ...cognito('user-1'), claims: null }),
  appSync('user pool, only claims', 'user-1', { claims: { sub: 'user-1', iss: issuer } }),
  appSync('OpenID Connect', 'oidc-user-1', {
    claims: { sub: 'user-1', iss: 'https://id.example.com' },
    issuer: 'https://id.example.com',
    sub: 'user-1',
  }),
  appSync('IAM user', 'iam-ada', {
    ...iam,
    cognitoIdentityId: null,
    userArn: `arn:aws:iam::${account}:user/ada`,
  }),
  appSync(
    'IAM role',
    'role-orders',
    { ...iam, cognitoIdentityId: null, userArn: `arn:aws:sts::${account}:assumed-role/Orders/one` },
    { ...asked, '/identity/userArn': `arn:aws:sts::${account}:assumed-role/Orders/two` },
  ),
  appSync('identity pool', 'pool-ada', {
    ...iam,
    cognitoIdentityId: 'eu-central-1:ada',
    userArn: `arn:aws:sts::${account}:assumed-role/Orders/CognitoIdentityCredentials`,
  }),
  appSync('Lambda authorizer', 'unnamed', { resolverContext: { tenant: 'acme' } }),
  sample(
    'appsync',
    'a field of an object',
    { ...field, source: { id: 'order-7' } },
    { caller: 'anonymous', again: asked },
  ),
  sample(
    'appsync',
    'function of a pipeline',
    { ...field, prev: { result: { ok: true } } },
    { caller: 'anonymous', again: { ...asked, '/prev/result/ok': false } },
  ),
  sample(
    'appsync',
    'resolver with a template',
    {
      typeName: 'Mutation',
      fieldName: 'pay',
      arguments: field.arguments,
      identity: cognito('user-1'),
      source: null,
      request: field.request,
      prev: null,
    },
    { caller: 'user-1' },
  ),
  sample(
    'appsync',
    'batch of two',
    [
      { ...field, identity: cognito('user-1') },
      { ...field, identity: cognito('user-1'), source: { id: 'order-8' } },
    ],
    { caller: 'user-1' },
  ),
  sample(
    'appsync',
    'batch of two callers',
    [
      { ...field, identity: cognito('user-1') },
      { ...field, identity: cognito('user-2') },
    ],
    { caller: 'unnamed' },
  ),
  sample('appsync-events', 'publication', published, {
    caller: 'user-1',
    key: '5f7dfbd1-b8ff-4c20-924e-23b42db467a0',
    again: { '/request/headers/host': 'other.example.com' },
  }),
  sample(
    'appsync-events',
    'publication of two',
    changed(published, {
      '/events': [
        { id: 'a', payload: 1 },
        { id: 'b', payload: 2 },
      ],
    }),
    { caller: 'user-1', key: 'a b' },
  ),
  sample(
    'appsync-events',
    'subscription',
    changed(published, { '/events': null, '/info/operation': 'SUBSCRIBE', '/identity': null }),
    { caller: 'anonymous' },
  ),
  sample(
    'appsync-events',
    'publication, Lambda authorizer',
    changed(published, { '/identity': { handlerContext: { tenant: 'acme' } } }),
    { caller: 'unnamed', key: '5f7dfbd1-b8ff-4c20-924e-23b42db467a0' },
  ),

  sample('bedrock', 'OpenAPI', openApi, { caller: 'session-1', again: putAnother }),
  sample('bedrock', 'OpenAPI, another session', changed(openApi, session2), {
    caller: 'session-2',
    again: putAnother,
  }),
  sample('bedrock', 'OpenAPI, another agent', changed(openApi, { '/agent/id': 'AGENT67890' }), {
    caller: 'agent-2',
  }),
  sample('bedrock', 'OpenAPI, without a body', changed(openApi, { '/requestBody': undefined }), {
    caller: 'session-1',
  }),
  sample('bedrock', 'OpenAPI, without parameters', changed(openApi, { '/parameters': undefined }), {
    caller: 'session-1',
  }),
  sample(
    'bedrock',
    'function details',
    { ...agent, function: 'pay' },
    { caller: 'session-1', again: putAnother },
  ),
  sample(
    'bedrock',
    'function details, another session',
    { ...agent, sessionId: 'session-2', function: 'pay' },
    { caller: 'session-2' },
  ),

  sample('codepipeline', 'job', job, {
    key: '11111111-abcd-1111-abcd-111111abcdef',
    again: { [credentials]: 'two' },
  }),
  sample(
    'codepipeline',
    'job that goes on',
    changed(job, {
      '/CodePipeline.job/id': 'j-2',
      '/CodePipeline.job/data/continuationToken': '{"previous":"j-1"}',
    }),
    { key: 'j-2' },
  ),
  sample('cloudformation', 'create', custom, request),
  sample('cloudformation', 'update', changed(custom, { '/RequestType': 'Update', ...resource }), request),
  sample(
    'cloudformation',
    'delete',
    changed(custom, { '/RequestType': 'Delete', '/PhysicalResourceId': 'orders' }),
    request,
  ),
  ...['createSecret', 'setSecret', 'testSecret', 'finishSecret'].map((step) =>
    sample('secretsmanager', step, rotation(step), {
      key: rotationKey(step),
      again: { '/RotationToken': 'new' },
    }),
  ),
  sample(
    's3batch',
    'schema 1.0',
    changed(s3Batch, {
      '/invocationSchemaVersion': '1.0',
      '/job': { id: 'j' },
      '/tasks/0/s3Bucket': undefined,
      '/tasks/0/s3BucketArn': 'arn:aws:s3:::amzn-s3-demo-bucket',
    }),
    { key: `${s3Batch.invocationId}/dGFza2lkZ29lc2hlcmUK` },
  ),
  sample('s3batch', 'schema 2.0', s3Batch, { key: `${s3Batch.invocationId}/dGFza2lkZ29lc2hlcmUK` }),

  sample('eventbridge', 'own event', eventBridgeEvent('e-1'), { key: 'e-1' }),
  sample('eventbridge', 'replay of an archive', eventBridgeEvent('e-1', 'march'), { key: 'e-1' }),
  sample('eventbridge', 'schedule', bridged('Scheduled Event', 'aws.events', {}), { key: 'e-1' }),
  sample('eventbridge', 'EventBridge Scheduler', bridged('Scheduled Event', 'aws.scheduler', '{}'), {
    key: 'e-1',
  }),
  sample(
    'eventbridge',
    'S3',
    bridged('Object Created', 'aws.s3', { bucket: { name: 'b' }, object: { key: 'k' } }),
    { key: 'e-1' },
  ),
  sample(
    'eventbridge',
    'CloudTrail',
    bridged('AWS API Call via CloudTrail', 'aws.ec2', { eventName: 'RunInstances' }),
    { key: 'e-1' },
  ),
  sample(
    'eventbridge',
    'alarm',
    bridged('CloudWatch Alarm State Change', 'aws.cloudwatch', { alarmName: 'a' }),
    { key: 'e-1' },
  ),
  sample(
    'eventbridge',
    'Step Functions',
    bridged('Step Functions Execution Status Change', 'aws.states', { status: 'FAILED' }),
    { key: 'e-1' },
  ),
  sample('eventbridge', 'partner', bridged('payment.succeeded', 'aws.partner/example.com/1', { id: 'p' }), {
    key: 'e-1',
  }),
  sample('sns', 'notification', snsEvent('n-1'), {
    key: 'n-1',
    again: {
      '/Records/0/Sns/Signature': 'other',
      '/Records/0/Sns/SigningCertUrl': 'https://sns.example.com/2.pem',
    },
  }),
  sample(
    'sns',
    'alarm',
    changed(snsEvent('n-1'), { '/Records/0/Sns/Message': '{"AlarmName":"a","NewStateValue":"ALARM"}' }),
    { key: 'n-1' },
  ),
  sample('s3', 'object created', s3Event({}), {
    key: s3Key,
    again: {
      '/Records/0/eventTime': '2019-09-03T19:37:29.000Z',
      '/Records/0/responseElements/x-amz-request-id': 'other',
    },
  }),
  sample('s3', 'object removed', s3Event({ versionId: 'v1' }, 'ObjectRemoved:DeleteMarkerCreated'), {
    key: s3Key.replace('ObjectCreated:Put/', 'ObjectRemoved:DeleteMarkerCreated/v1'),
  }),
  sample('ses', 'mail', mail, {
    key: 'o3vrnil0e2ic28tr',
    again: {
      '/Records/0/ses/receipt/processingTimeMillis': 7,
      '/Records/0/ses/receipt/timestamp': '2026-11-22T10:00:07.000Z',
    },
  }),
  sample('codecommit', 'push', commit, { key: '5a824061-17ca-46a9-bbf9-114edeadbeef' }),
  sample('destination', 'failure', failed, {
    key: failed.requestContext.requestId,
    again: { '/timestamp': '2026-11-22T10:00:09.000Z', '/requestContext/approximateInvokeCount': 4 },
  }),
  sample('destination', 'success', changed(failed, { '/requestContext/condition': 'Success' }), {
    key: failed.requestContext.requestId,
  }),
]
