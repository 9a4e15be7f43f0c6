import { preSignUpEvent } from '../../triggers/fixtures.ts'
import { type Sample, value } from './sample.ts'

/** Events without an id of their own, and payloads of one's own: they need the option `key`. */
function sample(variant: string, event: unknown): Sample {
  return {
    source: 'direct',
    variant,
    event,
    again: structuredClone(event),
    key: undefined,
    caller: '-',
    answer: value,
  }
}

const cognito = (triggerSource: string, request: object = {}, response: object = {}) =>
  sample(`Cognito, ${triggerSource}`, { ...preSignUpEvent('ada'), triggerSource, request, response })

const alarm = {
  source: 'aws.cloudwatch',
  alarmArn: 'arn:aws:cloudwatch:eu-central-1:123456789012:alarm:late',
  accountId: '123456789012',
  time: '2026-11-22T10:00:00.000+0000',
  region: 'eu-central-1',
  alarmData: {
    alarmName: 'late',
    state: { value: 'ALARM' },
    previousState: { value: 'OK' },
    configuration: {},
  },
}
const config = {
  version: '1.0',
  ruleParameters: '{}',
  resultToken: 'token',
  eventLeftScope: false,
  configRuleArn: 'arn:aws:config:eu-central-1:123456789012:config-rule/config-rule-1',
  configRuleName: 'rule',
  configRuleId: 'config-rule-1',
  accountId: '123456789012',
}
const cloudFront = { distributionId: 'EDFDVBD6EXAMPLE', requestId: 'r==', eventType: 'viewer-request' }

export const directSamples: readonly Sample[] = [
  cognito('PreSignUp_SignUp', { userAttributes: {} }, { autoConfirmUser: false }),
  cognito('PostConfirmation_ConfirmSignUp', { userAttributes: {} }),
  cognito('PreAuthentication_Authentication', { userAttributes: {}, userNotFound: false }),
  cognito('PostAuthentication_Authentication', { newDeviceUsed: true }),
  cognito('TokenGeneration_HostedAuth', { groupConfiguration: {} }, { claimsOverrideDetails: null }),
  cognito('UserMigration_Authentication', { password: 'x' }, { userAttributes: {} }),
  cognito('DefineAuthChallenge_Authentication', { session: [] }, { issueTokens: null }),
  cognito('CreateAuthChallenge_Authentication', { challengeName: 'CUSTOM_CHALLENGE' }),
  cognito('VerifyAuthChallengeResponse_Authentication', { challengeAnswer: '1' }),
  cognito('CustomMessage_SignUp', { codeParameter: '####' }, { smsMessage: null }),
  cognito('CustomEmailSender_SignUp', { type: 'customEmailSenderRequestV1', code: 'x' }),
  sample('Cognito, synchronization', {
    version: 2,
    eventType: 'SyncTrigger',
    region: 'eu-central-1',
    identityPoolId: 'p',
    identityId: 'i',
    datasetName: 'd',
    datasetRecords: {},
  }),
  sample('CloudWatch Logs', {
    awslogs: {
      data: 'H4sIAAAAAAAAAHWPwQqCQBCGX0Xm7EFtK+smZBEUgXoLCdMhFtKV3akI8d0bLYmibvPPN3wz00CJxmQnTO41whwWQRIctmEcB6sQbFC3CjW3XW8kxpOpP+OC22d1Wml1qZkQGtoMsScxaczKN3plG8zlaHIta5KqWsozoTYw3/djzwhpLwivWFGHGpAFe7DL68JlBUk+l7KSN7tCOEJ4M3/qOI49vMHj+zCKdlFqLaU2ZHV2a4Ct/an0/ivdX8oYc1UVX860fQDQiMdxRQEAAA==',
    },
  }),
  sample('CloudWatch alarm, metric', alarm),
  sample('CloudWatch alarm, composite', {
    ...alarm,
    alarmData: { ...alarm.alarmData, configuration: { alarmRule: 'ALARM(a)' } },
  }),
  sample('CloudWatch dashboard widget', {
    describe: false,
    widgetContext: { dashboardName: 'd', widgetId: 'w', params: {} },
  }),
  sample('Config, change', {
    ...config,
    invokingEvent: '{"messageType":"ConfigurationItemChangeNotification"}',
  }),
  sample('Config, schedule', { ...config, invokingEvent: '{"messageType":"ScheduledNotification"}' }),
  sample('Lex V1', {
    messageVersion: '1.0',
    invocationSource: 'FulfillmentCodeHook',
    userId: 'u',
    bot: { name: 'b', alias: '$LATEST', version: '1' },
    currentIntent: { name: 'Pay', slots: {} },
  }),
  sample('Lex V2', {
    messageVersion: '1.0',
    invocationSource: 'FulfillmentCodeHook',
    inputMode: 'Text',
    sessionId: 's',
    bot: { id: 'b' },
    sessionState: { intent: { name: 'Pay' } },
    inputTranscript: 'pay',
  }),
  sample('Connect', {
    Name: 'ContactFlowEvent',
    Details: { ContactData: { ContactId: 'c', Channel: 'VOICE' }, Parameters: {} },
  }),
  sample('Alexa skill', {
    version: '1.0',
    session: { sessionId: 's' },
    request: { type: 'IntentRequest', requestId: 'r' },
  }),
  sample('Alexa smart home', {
    header: { namespace: 'Alexa.ConnectedHome.Control', name: 'TurnOnRequest', messageId: 'm' },
    payload: {},
  }),
  sample('IoT rule', { deviceId: 'd-1', temperature: 21, topic: 'sensors/1' }),
  sample('IoT button', { serialNumber: 'G030', clickType: 'SINGLE', batteryVoltage: '2000 mV' }),
  sample('IoT, provisioning hook', {
    claimCertificateId: 'c',
    certificateId: 'c',
    templateArn: 'a',
    clientId: 'd',
    parameters: {},
  }),
  sample('WorkMail', {
    summaryVersion: '2018-10-10',
    envelope: { mailFrom: { address: 'a@example.com' } },
    subject: 's',
    messageId: 'm',
    invocationId: 'i',
    flowDirection: 'INBOUND',
    truncated: false,
  }),
  sample('SageMaker Ground Truth', {
    version: '2018-10-16',
    labelingJobArn: 'arn',
    dataObject: { source: 'x' },
  }),
  sample('Step Functions, state input', {
    order: { id: 'order-7' },
    executionId: 'arn:aws:states:eu-central-1:123456789012:execution:shop:1',
  }),
  sample('Step Functions, task token', { taskToken: 'AAAA', input: { order: 7 } }),
  sample('Step Functions, error', { Error: 'States.TaskFailed', Cause: 'away' }),
  sample('EventBridge Scheduler, own input', { job: 'settle', scheduledTime: '2026-11-22T10:00:00Z' }),
  sample('S3 Object Lambda', {
    xAmzRequestId: 'r',
    getObjectContext: { inputS3Url: 'u', outputRoute: 'o', outputToken: 't' },
    configuration: {},
    userRequest: { url: 'u', headers: {} },
    userIdentity: {},
    protocolVersion: '1.00',
  }),
  sample('S3, test of a notification', {
    Service: 'Amazon S3',
    Event: 's3:TestEvent',
    Time: '2026-11-22T10:00:00.000Z',
    Bucket: 'b',
    RequestId: 'r',
    HostId: 'h',
  }),
  sample('CloudFront, request', {
    Records: [
      {
        cf: {
          config: cloudFront,
          request: { clientIp: '203.0.113.178', headers: {}, method: 'POST', uri: '/' },
        },
      },
    ],
  }),
  sample('CloudFront, response', {
    Records: [
      {
        cf: {
          config: { ...cloudFront, eventType: 'viewer-response' },
          request: { method: 'GET', uri: '/', headers: {} },
          response: { status: '200', headers: {} },
        },
      },
    ],
  }),
  sample('CodeDeploy hook', { DeploymentId: 'd-1', LifecycleEventHookExecutionId: 'x' }),
  sample('Transfer Family, identity', {
    username: 'ada',
    password: 'x',
    protocol: 'SFTP',
    serverId: 's-1',
    sourceIp: '203.0.113.10',
  }),
  sample('Client VPN, connection', {
    'connection-id': 'c',
    'endpoint-id': 'e',
    'common-name': 'cn',
    username: 'ada',
    platform: 'p',
    'schema-version': 'v1',
  }),
  sample('Redshift function', {
    request_id: 'r',
    cluster: 'c',
    user: 'ada',
    database: 'd',
    external_function: 'f',
    query_id: 1,
    num_records: 1,
    arguments: [[1]],
  }),
  sample('Pinpoint campaign', {
    ApplicationId: 'a',
    CampaignId: 'c',
    MessageConfiguration: {},
    Endpoints: {},
  }),
  sample('REST API without proxy', {
    'body-json': { amount: 100 },
    params: { path: {}, querystring: {}, header: {} },
    context: { 'http-method': 'POST', 'resource-path': '/payments' },
  }),
  sample('AppSync, a template of one’s own', {
    version: '2018-05-29',
    operation: 'Invoke',
    payload: { field: 'pay', arguments: { id: '1' } },
  }),
  sample('a payload with an HTTP method', { id: 'k', httpMethod: 'POST', amount: 1 }),
  sample('a webhook to send', {
    id: 'k',
    httpMethod: 'POST',
    url: 'https://example.com',
    headers: { accept: '*/*' },
    body: '{}',
  }),
  sample('a payload with a path', { id: 'k', method: 'POST', path: '/payments', headers: {}, body: '{}' }),
  sample('a payload with an id and a source', { id: 'k', source: 'shop', detail: {} }),
  sample('a payload with a step', { Step: 'charge', SecretId: 'x' }),
  sample('a payload with a path and a context', {
    method: 'POST',
    path: '/payments',
    headers: {},
    requestContext: {},
  }),
  sample('a payload with the path of an API', {
    messageVersion: '1.0',
    agent: {},
    sessionId: 's',
    actionGroup: 'a',
    apiPath: '/',
  }),
  sample('a payload with a token', { token: 'x', signatureVerified: true, order: 7 }),
  sample('a payload with protocols', { protocols: ['mqtt'], tokenSignature: 'y' }),
  sample('a payload with a window', { window: { from: 1, to: 2 } }),
  sample('an empty list', []),
  sample('a list', [{ order: 7 }, { order: 8 }]),
  sample('a list of arguments', [{ arguments: {} }]),
  sample('a text', 'order-7'),
  sample('nothing', null),
]
