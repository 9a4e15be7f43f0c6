import type {
  ALBEvent,
  APIGatewayEventClientCertificate,
  APIGatewayEventRequestContextV2,
  APIGatewayProxyEvent,
  APIGatewayProxyEventV2WithRequestContext,
} from 'aws-lambda'

/** The caller, in the way that the event's source names it. */
export type Caller =
  | { readonly by: 'jwt'; readonly issuer?: string; readonly subject: string }
  | { readonly by: 'lambda-authorizer'; readonly principalId: string }
  | { readonly by: 'cognito-identity'; readonly identityId: string }
  | { readonly by: 'iam'; readonly userArn: string }
  | { readonly by: 'certificate'; readonly subject: string; readonly issuer?: string }
  | { readonly by: 'api-key'; readonly apiKeyId: string }
  | { readonly by: 'alb-oidc'; readonly subject: string }

/** A request as its client sends it. */
export interface RequestFacts {
  readonly method?: string
  readonly path?: string
  /** As on the wire: percent-encoded, without the question mark. */
  readonly query?: string
  /** A list stands for repeated header lines. */
  readonly headers?: Readonly<Record<string, string | readonly string[]>>
  /** The value of the `Idempotency-Key` header. */
  readonly key?: string | undefined
  readonly body?: string | Uint8Array | null
  /** Sends the body base64-encoded. @default only if it is bytes */
  readonly base64?: boolean
  /** @default `user-1` by the event source's usual means; `null`, as behind a load balancer, for an anonymous request */
  readonly caller?: Caller | null
}

type Authorizer = Readonly<Record<string, unknown>>
export type HttpApiEvent = APIGatewayProxyEventV2WithRequestContext<
  APIGatewayEventRequestContextV2 & { readonly authorizer?: Authorizer }
>

const ISSUER = 'https://cognito-idp.eu-central-1.amazonaws.com/eu-central-1_Example'
const ACCOUNT = '123456789012'

/**
 * Returns a REST API's event: payload format 1.0.
 * @see API Gateway developer guide, "Lambda proxy integrations", input format
 */
export function restEvent(facts: RequestFacts = {}): APIGatewayProxyEvent {
  const { method, path, lines, parameters, caller, ...content } = resolve(facts, {
    by: 'jwt',
    subject: 'user-1',
  })
  return {
    resource: '/{proxy+}',
    path,
    httpMethod: method,
    headers: lines.length === 0 ? {} : lastOf(lines),
    multiValueHeaders: allOf(lines),
    queryStringParameters: parameters.length === 0 ? null : lastOf(parameters),
    multiValueQueryStringParameters: parameters.length === 0 ? null : allOf(parameters),
    pathParameters: { proxy: path.slice(1) },
    stageVariables: null,
    requestContext: {
      accountId: ACCOUNT,
      apiId: 'rest1example',
      authorizer: restAuthorizer(caller),
      domainName: 'rest1example.execute-api.eu-central-1.amazonaws.com',
      domainPrefix: 'rest1example',
      extendedRequestId: 'JKJaXmPLvHcESHA=',
      httpMethod: method,
      identity: {
        accessKey: null,
        accountId: null,
        apiKey: caller?.by === 'api-key' ? 'the-secret-key-itself' : null,
        apiKeyId: caller?.by === 'api-key' ? caller.apiKeyId : null,
        caller: null,
        clientCert: caller?.by === 'certificate' ? certificate(caller) : null,
        cognitoAuthenticationProvider: null,
        cognitoAuthenticationType: null,
        cognitoIdentityId: caller?.by === 'cognito-identity' ? caller.identityId : null,
        cognitoIdentityPoolId: null,
        principalOrgId: null,
        sourceIp: '203.0.113.10',
        user: null,
        userAgent: 'client/1.0',
        userArn: callerArn(caller),
      },
      path: `/prod${path}`,
      protocol: 'HTTP/1.1',
      requestId: 'c6af9ac6-7b61-11e6-9a41-93e8deadbeef',
      requestTime: '22/Nov/2026:10:00:00 +0000',
      requestTimeEpoch: 1_795_341_600_000,
      resourceId: '123456',
      resourcePath: '/{proxy+}',
      stage: 'prod',
    },
    body: content.body ?? null,
    isBase64Encoded: content.isBase64Encoded,
  }
}

/**
 * Returns an HTTP API's event: payload format 2.0. Header names are in lower case, repeated lines are joined by commas.
 * @see API Gateway developer guide, "Create AWS Lambda proxy integrations for HTTP APIs", payload format
 */
export function httpApiEvent(facts: RequestFacts = {}): HttpApiEvent {
  const resolved = resolve(facts, { by: 'jwt', subject: 'user-1' })
  return payload2(resolved, httpApiAuthorizer(resolved.caller), 'http1example.execute-api')
}

/**
 * Returns a Lambda function URL's event: payload format 2.0 with `$default` route and stage.
 * @see Lambda developer guide, "Invoking Lambda function URLs", request payload format
 */
export function functionUrlEvent(facts: RequestFacts = {}): HttpApiEvent {
  const resolved = resolve(facts, { by: 'iam', userArn: `arn:aws:iam::${ACCOUNT}:user/user-1` })
  return payload2(resolved, httpApiAuthorizer(resolved.caller), 'url1example.lambda-url')
}

/**
 * Returns a load balancer's event, with single-value headers. Query strings arrive undecoded.
 * @see Elastic Load Balancing user guide, "Use Lambda functions as targets"
 */
export function albEvent(facts: RequestFacts = {}): ALBEvent {
  const { lines, parameters, ...event } = alb(facts)
  return { ...event, queryStringParameters: lastOf(parameters), headers: lastOf(lines) }
}

/** Returns the event of `albEvent` as a target group with multi-value headers sends it. */
export function albMultiEvent(facts: RequestFacts = {}): ALBEvent {
  const { lines, parameters, ...event } = alb(facts)
  return { ...event, multiValueQueryStringParameters: allOf(parameters), multiValueHeaders: allOf(lines) }
}

/** An event of VPC Lattice, version 1. */
export interface LatticeEventV1 {
  readonly raw_path: string
  readonly method: string
  headers: Readonly<Record<string, string>>
  readonly query_string_parameters: Readonly<Record<string, string>>
  body: string
  readonly is_base64_encoded: boolean
  readonly requestContext?: undefined
}

/** An event of VPC Lattice, version 2. */
export interface LatticeEventV2 {
  readonly version: '2.0'
  readonly path: string
  readonly method: string
  headers: Readonly<Record<string, readonly string[]>>
  readonly queryStringParameters: Readonly<Record<string, readonly string[]>>
  body: string
  readonly isBase64Encoded: boolean
  readonly requestContext: {
    readonly serviceNetworkArn: string
    readonly serviceArn: string
    readonly targetGroupArn: string
    readonly identity: Readonly<Record<string, string>>
    readonly region: string
    readonly timeEpoch: string
  }
}

/**
 * An event of VPC Lattice, which leaves the query on the path. Version 1 joins repeated lines by commas, and has the
 * caller in a header.
 * @see VPC Lattice user guide, "Lambda functions as targets" and "HTTP targets", caller identity headers
 */
export function latticeEventV1(facts: RequestFacts = {}): LatticeEventV1 {
  const { method, target, lines, parameters, caller, body, isBase64Encoded } = lattice(facts)
  const identity =
    caller?.by === 'iam'
      ? `Principal=${caller.userArn};PrincipalOrgID=o-example;SessionName=;Type=AWS_IAM`
      : 'Principal=;PrincipalOrgID=;SessionName=;Type='
  return {
    raw_path: target,
    method,
    headers: joinedOf([...lines, ['x-amzn-lattice-identity', identity]]),
    query_string_parameters: lastOf(parameters),
    body,
    is_base64_encoded: isBase64Encoded,
  }
}

/** `latticeEventV1` in version 2, which has lists of values, and the caller in its context. */
export function latticeEventV2(facts: RequestFacts = {}): LatticeEventV2 {
  const { method, target, lines, parameters, caller, body, isBase64Encoded } = lattice(facts)
  const arn = `arn:aws:vpc-lattice:eu-central-1:${ACCOUNT}`
  return {
    version: '2.0',
    path: target,
    method,
    headers: allOf(lines),
    queryStringParameters: allOf(parameters),
    body,
    isBase64Encoded,
    requestContext: {
      serviceNetworkArn: `${arn}:servicenetwork/sn-0bf3f2882e9cc805a`,
      serviceArn: `${arn}:service/svc-0a40eebed65f8d69c`,
      targetGroupArn: `${arn}:targetgroup/tg-6d0ecf831eec9f09`,
      identity: {
        sourceVpcArn: `arn:aws:ec2:eu-central-1:${ACCOUNT}:vpc/vpc-0b8276c84697e7339`,
        ...(caller?.by === 'iam' && { type: 'AWS_IAM', principal: caller.userArn, sessionName: '' }),
      },
      region: 'eu-central-1',
      timeEpoch: '1795341600000000',
    },
  }
}

function lattice(facts: RequestFacts) {
  const userArn = `arn:aws:iam::${ACCOUNT}:user/user-1`
  const { path, query, lines, body = '', ...others } = resolve(facts, { by: 'iam', userArn })
  const lower = lines.map(([name, value]) => [name.toLowerCase(), value] as const)
  return { ...others, body, lines: lower, target: query === '' ? path : `${path}?${query}` }
}

/** Every event source, for tests that hold for all of them; and the shape of the responses that it expects. */
export const eventSources: readonly {
  readonly source: string
  readonly shape: 'rest' | 'http' | 'alb' | 'alb-multi' | 'lattice'
  readonly build: (
    facts?: RequestFacts,
  ) => APIGatewayProxyEvent | HttpApiEvent | ALBEvent | LatticeEventV1 | LatticeEventV2
}[] = [
  { source: 'REST API (1.0)', shape: 'rest', build: restEvent },
  { source: 'HTTP API (2.0)', shape: 'http', build: httpApiEvent },
  { source: 'Function URL (2.0)', shape: 'http', build: functionUrlEvent },
  { source: 'ALB, single-value headers', shape: 'alb', build: albEvent },
  { source: 'ALB, multi-value headers', shape: 'alb-multi', build: albMultiEvent },
  { source: 'VPC Lattice (1)', shape: 'lattice', build: latticeEventV1 },
  { source: 'VPC Lattice (2)', shape: 'lattice', build: latticeEventV2 },
]

type Pairs = readonly (readonly [string, string])[]

function resolve(facts: RequestFacts, usualCaller: Caller | null) {
  const { method = 'POST', path = '/payments', query = '', headers = {}, key, caller = usualCaller } = facts
  const { body = '{"amount":100}', base64 = body instanceof Uint8Array } = facts
  const sent = Object.entries({ ...(key === undefined ? {} : { 'Idempotency-Key': key }), ...headers })
  const lines: Pairs = sent.flatMap(([name, value]) =>
    (typeof value === 'string' ? [value] : value).map((line) => [name, line] as const),
  )
  return {
    method,
    path,
    query,
    lines,
    parameters: [...new URLSearchParams(query)] as Pairs,
    caller,
    body: body === null ? undefined : Buffer.from(body).toString(base64 ? 'base64' : 'utf8'),
    isBase64Encoded: base64 && body !== null,
  }
}

function payload2(
  { method, path, query, lines, parameters, caller, body, isBase64Encoded }: ReturnType<typeof resolve>,
  authorizer: Authorizer | undefined,
  host: string,
): HttpApiEvent {
  const domainPrefix = host.slice(0, host.indexOf('.'))
  const lower = lines.map(([name, value]) => [name.toLowerCase(), value] as const)
  const cookies = lower.filter(([name]) => name === 'cookie').flatMap(([, value]) => value.split('; '))
  return {
    version: '2.0',
    routeKey: '$default',
    rawPath: path,
    rawQueryString: query,
    ...(cookies.length === 0 ? {} : { cookies }),
    headers: joinedOf(lower.filter(([name]) => name !== 'cookie')),
    ...(parameters.length === 0 ? {} : { queryStringParameters: joinedOf(parameters) }),
    requestContext: {
      accountId: ACCOUNT,
      apiId: domainPrefix,
      ...(caller?.by === 'certificate' ? { authentication: { clientCert: certificate(caller) } } : {}),
      ...(authorizer === undefined ? {} : { authorizer }),
      domainName: `${host}.eu-central-1.amazonaws.com`,
      domainPrefix,
      http: { method, path, protocol: 'HTTP/1.1', sourceIp: '203.0.113.10', userAgent: 'client/1.0' },
      requestId: 'JKJaXmPLvHcESHA=',
      routeKey: '$default',
      stage: '$default',
      time: '22/Nov/2026:10:00:00 +0000',
      timeEpoch: 1_795_341_600_000,
    },
    ...(body === undefined ? {} : { body }),
    isBase64Encoded,
  }
}

function alb(facts: RequestFacts) {
  const { method, path, query, lines, caller, body, isBase64Encoded } = resolve(facts, null)
  return {
    requestContext: {
      elb: {
        targetGroupArn: `arn:aws:elasticloadbalancing:eu-central-1:${ACCOUNT}:targetgroup/payments/6d0ecf831eec9f09`,
      },
    },
    httpMethod: method,
    path,
    lines: [...lines.map(([name, value]) => [name.toLowerCase(), value] as const), ...albHeaders(caller)],
    parameters: query === '' ? [] : query.split('&').map(splitParameter),
    body: body ?? '',
    isBase64Encoded,
  }
}

function restAuthorizer(caller: Caller | null): Authorizer | undefined {
  if (caller?.by === 'jwt') return { claims: claimsOf(caller) }
  if (caller?.by === 'lambda-authorizer')
    return { principalId: caller.principalId, integrationLatency: 12, tier: 'gold' }
  return undefined
}

function httpApiAuthorizer(caller: Caller | null): Authorizer | undefined {
  if (caller?.by === 'jwt') return { jwt: { claims: claimsOf(caller), scopes: null } }
  // Format 2.0 hands on the authorizer's context and no principal.
  if (caller?.by === 'lambda-authorizer') return { lambda: { tenant: caller.principalId } }
  if (caller?.by !== 'iam' && caller?.by !== 'cognito-identity') return undefined
  const cognitoIdentity =
    caller.by === 'iam'
      ? null
      : { amr: ['authenticated'], identityId: caller.identityId, identityPoolId: 'eu-central-1:pool' }
  return {
    iam: {
      accessKey: 'ASIAEXAMPLE',
      accountId: ACCOUNT,
      callerId: 'AROAEXAMPLE:session',
      cognitoIdentity,
      principalOrgId: 'o-example',
      userArn: callerArn(caller),
      userId: 'AROAEXAMPLE:session',
    },
  }
}

/** Callers of one identity pool share a role, so that only the identity tells them apart. */
function callerArn(caller: Caller | null): string | null {
  if (caller?.by === 'iam') return caller.userArn
  if (caller?.by !== 'cognito-identity') return null
  return `arn:aws:sts::${ACCOUNT}:assumed-role/PoolAuthenticated/CognitoIdentityCredentials`
}

function claimsOf({ issuer = ISSUER, subject }: Extract<Caller, { by: 'jwt' }>): Record<string, string> {
  return { iss: issuer, sub: subject, aud: 'client-1', exp: '1795345200', iat: '1795341600', token_use: 'id' }
}

/** @see Elastic Load Balancing user guide, "Authenticate users" and "Mutual authentication" (verify mode) */
function albHeaders(caller: Caller | null): Pairs {
  if (caller?.by === 'alb-oidc') return [['x-amzn-oidc-identity', caller.subject]]
  if (caller?.by !== 'certificate') return []
  const { subjectDN, issuerDN, serialNumber } = certificate(caller)
  return [
    ['x-amzn-mtls-clientcert-serial-number', serialNumber.replaceAll(':', '')],
    ['x-amzn-mtls-clientcert-issuer', issuerDN],
    ['x-amzn-mtls-clientcert-subject', subjectDN],
  ]
}

function certificate({
  subject,
  issuer = 'CN=Example CA,O=Example',
}: Extract<Caller, { by: 'certificate' }>): APIGatewayEventClientCertificate {
  return {
    clientCertPem: '-----BEGIN CERTIFICATE-----\n…\n-----END CERTIFICATE-----',
    subjectDN: subject,
    issuerDN: issuer,
    serialNumber: 'a1:a1:a1:a1:a1:a1:a1:a1:a1:a1:a1:a1:a1:a1:a1:a1',
    validity: { notBefore: 'May 28 12:30:02 2026 GMT', notAfter: 'Aug  5 09:36:04 2027 GMT' },
  }
}

function splitParameter(text: string): readonly [string, string] {
  const [name = '', ...value] = text.split('=')
  return [name, value.join('=')]
}

function lastOf(pairs: Pairs): Record<string, string> {
  return Object.fromEntries(pairs)
}

function joinedOf(pairs: Pairs): Record<string, string> {
  return Object.fromEntries(Object.entries(allOf(pairs)).map(([name, values]) => [name, values.join(',')]))
}

function allOf(pairs: Pairs): Record<string, string[]> {
  const values = Object.groupBy(pairs, ([name]) => name)
  return Object.fromEntries(
    Object.entries(values).map(([name, group = []]) => [name, group.map(([, value]) => value)]),
  )
}
