import {
  albEvent,
  albMultiEvent,
  type Caller,
  functionUrlEvent,
  httpApiEvent,
  type RequestFacts,
  restEvent,
} from 'oncekey/testing'
import { latticeEventV1, latticeEventV2 } from '../../../packages/oncekey/src/testing/http-events.ts'
import { changed, response, type Sample } from './sample.ts'

const KEY = 'order-7'
const arn = 'arn:aws:iam::123456789012:user/ada'
const roleArn = (session: string) => `arn:aws:sts::123456789012:assumed-role/Orders/${session}`

/** What is new on each delivery, by the source that sends it. */
const AGAIN: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  rest: {
    '/requestContext/requestId': 'another-request',
    '/requestContext/extendedRequestId': 'another=',
    '/requestContext/requestTime': '22/Nov/2026:10:00:05 +0000',
    '/requestContext/requestTimeEpoch': 1_795_341_605_000,
    '/requestContext/identity/sourceIp': '203.0.113.11',
    '/headers/X-Amzn-Trace-Id': 'Root=1-6921b2c5-another',
  },
  http: {
    '/requestContext/requestId': 'another-request',
    '/requestContext/time': '22/Nov/2026:10:00:05 +0000',
    '/requestContext/timeEpoch': 1_795_341_605_000,
    '/headers/x-amzn-trace-id': 'Root=1-6921b2c5-another',
  },
  alb: { '/headers/x-amzn-trace-id': 'Root=1-6921b2c5-another' },
  'alb-multi': { '/multiValueHeaders/x-amzn-trace-id': ['Root=1-6921b2c5-another'] },
  lattice: { '/headers/x-forwarded-for': '10.0.0.7' },
}

function sample(source: string, variant: string, caller: string, event: unknown): Sample {
  return {
    source,
    variant,
    caller,
    event,
    key: KEY,
    answer: response,
    again: changed(event, AGAIN[source] ?? {}),
  }
}

/** The variants that each source of HTTP has, whatever its callers. */
function contents(
  source: string,
  name: string,
  build: (facts: RequestFacts) => unknown,
  usual: string,
): readonly Sample[] {
  return [
    sample(source, `${name}, JSON`, usual, build({ key: KEY })),
    sample(source, `${name}, anonymous`, 'anonymous', build({ key: KEY, caller: null })),
    sample(source, `${name}, base64`, usual, build({ key: KEY, body: Uint8Array.of(0, 255, 1) })),
    sample(source, `${name}, no body`, usual, build({ key: KEY, body: null })),
    sample(source, `${name}, query`, usual, build({ key: KEY, query: 'b=x%20y&a=1&b=2' })),
    sample(source, `${name}, PATCH`, usual, build({ key: KEY, method: 'PATCH', path: '/orders/7' })),
    sample(
      source,
      `${name}, body parsed by middleware`,
      usual,
      changed(build({ key: KEY }), { '/body': { amount: 100 } }),
    ),
  ]
}

function callers(
  source: string,
  name: string,
  build: (facts: RequestFacts) => unknown,
  named: Readonly<Record<string, Caller>>,
): readonly Sample[] {
  return Object.entries(named).map(([caller, by]) =>
    sample(
      source,
      `${name}, ${caller.replace(/ \(.*/, '')} (${by.by})`,
      caller,
      build({ key: KEY, caller: by }),
    ),
  )
}

const rest = restEvent({ key: KEY })
const http = httpApiEvent({ key: KEY })
const lattice = latticeEventV2({ key: KEY, caller: null })
const certified = (subject: string) => ({
  '/requestContext/identity/type': 'AWS_IAM',
  '/requestContext/identity/principal': roleArn('anywhere'),
  '/requestContext/identity/x509SubjectCn': subject,
})

export const httpSamples: readonly Sample[] = [
  ...contents('rest', 'REST API', restEvent, 'user-1'),
  ...callers('rest', 'REST API', restEvent, {
    'user-2': { by: 'jwt', subject: 'user-2' },
    'lambda-ada': { by: 'lambda-authorizer', principalId: 'ada' },
    'pool-ada': { by: 'cognito-identity', identityId: 'eu-central-1:ada' },
    'iam-ada': { by: 'iam', userArn: arn },
    'role-orders': { by: 'iam', userArn: roleArn('one') },
  }),
  sample(
    'rest',
    'REST API, the role in another session',
    'role-orders',
    restEvent({ key: KEY, caller: { by: 'iam', userArn: roleArn('two') } }),
  ),
  sample(
    'rest',
    'REST API, without requestContext',
    'anonymous',
    changed(rest, { '/requestContext': undefined }),
  ),
  sample('rest', 'REST API, only multi-value headers', 'user-1', changed(rest, { '/headers': null })),
  sample(
    'rest',
    'REST API, members of a WebSocket that are null',
    'user-1',
    changed(rest, { '/requestContext/connectionId': null, '/requestContext/routeKey': null }),
  ),
  sample('rest', 'HTTP API (1.0)', 'user-1', { version: '1.0', ...rest }),
  sample(
    'rest',
    'test in the console',
    'user-1',
    changed(rest, { '/requestContext/stage': 'test-invoke-stage' }),
  ),
  sample('rest', 'made by hand', 'anonymous', {
    httpMethod: 'POST',
    path: '/payments',
    headers: { 'Idempotency-Key': KEY },
    body: '{"amount":100}',
    requestContext: { identity: {} },
  }),

  ...contents('http', 'HTTP API (2.0)', httpApiEvent, 'user-1'),
  ...callers('http', 'HTTP API (2.0)', httpApiEvent, {
    'user-2': { by: 'jwt', subject: 'user-2' },
    'pool-ada': { by: 'cognito-identity', identityId: 'eu-central-1:ada' },
    'iam-ada': { by: 'iam', userArn: arn },
  }),
  sample('http', 'HTTP API (2.0), without rawPath', 'user-1', changed(http, { '/rawPath': undefined })),
  sample('http', 'HTTP API (2.0), headers renamed by middleware', 'user-1', {
    ...http,
    headers: { 'Idempotency-Key': KEY },
  }),
  sample('http', 'made by hand', 'anonymous', {
    headers: { 'idempotency-key': KEY },
    rawPath: '/payments',
    requestContext: { http: { method: 'POST', path: '/payments' } },
    body: '{"amount":100}',
  }),
  ...contents('http', 'function URL', functionUrlEvent, 'iam-user-1'),

  ...contents('alb', 'load balancer', (facts) => albEvent({ caller: null, ...facts }), 'anonymous'),
  ...contents(
    'alb-multi',
    'load balancer, lists',
    (facts) => albMultiEvent({ caller: null, ...facts }),
    'anonymous',
  ),

  sample(
    'rest',
    'REST API, certificate',
    'certificate-ada',
    restEvent({ key: KEY, caller: { by: 'certificate', subject: 'CN=ada' } }),
  ),
  sample(
    'rest',
    'REST API, certificate of another issuer',
    'certificate-ada of another',
    changed(restEvent({ key: KEY, caller: { by: 'certificate', subject: 'CN=ada' } }), {
      '/requestContext/identity/clientCert/issuerDN': 'CN=Another CA',
    }),
  ),
  sample(
    'rest',
    'REST API, API key',
    'api-key-1',
    restEvent({ key: KEY, caller: { by: 'api-key', apiKeyId: 'key-1' } }),
  ),
  sample(
    'rest',
    'REST API, Lambda authorizer without principalId',
    'unnamed',
    changed(rest, { '/requestContext/authorizer': { tier: 'gold' } }),
  ),
  sample(
    'http',
    'HTTP API (2.0), Lambda authorizer',
    'unnamed',
    httpApiEvent({ key: KEY, caller: { by: 'lambda-authorizer', principalId: 'ada' } }),
  ),
  sample(
    'http',
    'HTTP API (2.0), JWT without a subject',
    'unnamed',
    changed(http, { '/requestContext/authorizer/jwt/claims/sub': undefined }),
  ),
  sample(
    'http',
    'function URL, CloudFront',
    'anonymous',
    functionUrlEvent({
      key: KEY,
      caller: {
        by: 'iam',
        userArn:
          'arn:aws:sts::123456789012:assumed-role/OriginAccessControlRole/EdgeCredentialsProxy+EdgeHostAuthenticationClient',
      },
    }),
  ),
  sample(
    'alb',
    'load balancer, OpenID Connect',
    'unnamed',
    albEvent({ key: KEY, caller: { by: 'alb-oidc', subject: 'ada' } }),
  ),
  sample(
    'alb-multi',
    'load balancer, lists, OpenID Connect',
    'unnamed',
    albMultiEvent({ key: KEY, caller: { by: 'alb-oidc', subject: 'ada' } }),
  ),
  sample(
    'alb',
    'load balancer, mutual TLS',
    'unnamed',
    albEvent({ key: KEY, caller: null, headers: { 'x-amzn-mtls-clientcert-subject': 'CN=ada' } }),
  ),
  ...contents('lattice', 'VPC Lattice (1)', latticeEventV1, 'iam-user-1'),
  ...callers('lattice', 'VPC Lattice (1)', latticeEventV1, { 'iam-ada': { by: 'iam', userArn: arn } }),
  ...contents('lattice', 'VPC Lattice (2)', latticeEventV2, 'iam-user-1'),
  ...callers('lattice', 'VPC Lattice (2)', latticeEventV2, {
    'iam-ada': { by: 'iam', userArn: arn },
    'role-orders': { by: 'iam', userArn: roleArn('one') },
  }),
  sample(
    'lattice',
    'VPC Lattice (2), the role in another session, as IAM writes it',
    'role-orders (iam)',
    latticeEventV2({
      key: KEY,
      caller: { by: 'iam', userArn: 'arn:aws:iam::123456789012:assumed-role/Orders/two' },
    }),
  ),
  sample(
    'lattice',
    'VPC Lattice (2), a certificate',
    'role-orders, device-1',
    changed(lattice, certified('device-1')),
  ),
  sample(
    'lattice',
    'VPC Lattice (2), another certificate',
    'role-orders, device-2',
    changed(lattice, certified('device-2')),
  ),
  sample(
    'lattice',
    'VPC Lattice (1), a certificate',
    'role-orders, device-1',
    changed(latticeEventV1({ key: KEY }), {
      '/headers/x-amzn-lattice-identity': `Principal=${roleArn('x')};SessionName=x;X509Subject/CN=device-1;Type=AWS_IAM`,
    }),
  ),
  sample(
    'lattice',
    'VPC Lattice (1), spaces and empty values',
    'role-orders',
    changed(latticeEventV1({ key: KEY }), {
      '/headers/x-amzn-lattice-identity': `Principal= ${roleArn('x')}; SessionName=; X509Subject/CN=; Type=AWS_IAM;`,
    }),
  ),
  sample(
    'lattice',
    'VPC Lattice (2), authenticated without a name',
    'unnamed',
    changed(lattice, { '/requestContext/identity/type': 'AWS_IAM' }),
  ),
  ...['Principal=arn:aws:sts::123456789012:assumed-role/Pool/CognitoIdentityCredentials', 'Principal='].map(
    (principal, index) =>
      sample(
        'lattice',
        `VPC Lattice (1), ${index === 0 ? 'an identity pool' : 'a session without a principal'}`,
        'unnamed',
        changed(latticeEventV1({ key: KEY }), {
          '/headers/x-amzn-lattice-identity': `${principal};PrincipalOrgID=;SessionName=x`,
        }),
      ),
  ),
  sample('lattice', 'VPC Lattice (2), single values', 'anonymous', {
    ...lattice,
    headers: { 'idempotency-key': KEY },
    queryStringParameters: undefined,
  }),
]
