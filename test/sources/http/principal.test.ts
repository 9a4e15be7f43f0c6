import {
  albEvent,
  albMultiEvent,
  type Caller,
  functionUrlEvent,
  httpApiEvent,
  restEvent,
} from 'oncekey/testing'
import { describe, expect, it, vi } from 'vitest'
import type { IdempotencyOptions } from '../../../packages/oncekey/src/options.ts'
import { eventSources } from '../../../packages/oncekey/src/testing/http-events.ts'
import { accepted, expectApart, expectSame, refused } from './identified.ts'

/** Expects a refusal that tells the operator what to do, and the client nothing of it. */
function expectUnnamed(event: unknown): void {
  const { error, answer } = refused(event)
  expect(error).toMatchObject({ code: 'identity-unknown', retryable: false })
  expect(error.message).toContain('option principal')
  expect(answer).toMatchObject({ statusCode: 500, body: expect.not.stringContaining('principal') })
}

const ROLE = 'arn:aws:sts::123456789012:assumed-role/Clerk'
const STRICT = { requirePrincipal: true }

const certificateWays = [
  { source: '1.0 identity.clientCert', build: restEvent },
  { source: '2.0 authentication.clientCert', build: httpApiEvent },
  { source: 'ALB x-amzn-mtls-clientcert-*', build: albEvent, options: { albAuthentication: 'mtls' } },
  {
    source: 'ALB x-amzn-mtls-clientcert-*, multi-value',
    build: albMultiEvent,
    options: { albAuthentication: 'mtls' },
  },
] as const
const certificateOf = (subject: string, issuer: string): Caller => ({ by: 'certificate', subject, issuer })

/** Each way in which a source can name its caller, and two callers. */
const ways: readonly {
  way: string
  build: typeof restEvent | typeof httpApiEvent | typeof albEvent
  one: Caller
  other: Caller
  options?: IdempotencyOptions
}[] = [
  {
    way: '1.0 authorizer.claims',
    build: restEvent,
    one: { by: 'jwt', subject: 'user-1' },
    other: { by: 'jwt', subject: 'user-2' },
  },
  {
    way: '2.0 authorizer.jwt.claims',
    build: httpApiEvent,
    one: { by: 'jwt', subject: 'user-1' },
    other: { by: 'jwt', subject: 'user-2' },
  },
  {
    way: '2.0 authorizer.jwt.claims of two issuers',
    build: httpApiEvent,
    one: { by: 'jwt', issuer: 'https://one.example', subject: 'user-1' },
    other: { by: 'jwt', issuer: 'https://two.example', subject: 'user-1' },
  },
  {
    way: '1.0 authorizer.principalId',
    build: restEvent,
    one: { by: 'lambda-authorizer', principalId: 'user-1' },
    other: { by: 'lambda-authorizer', principalId: 'user-2' },
  },
  {
    way: '1.0 identity.cognitoIdentityId',
    build: restEvent,
    one: { by: 'cognito-identity', identityId: 'eu-central-1:1' },
    other: { by: 'cognito-identity', identityId: 'eu-central-1:2' },
  },
  {
    way: '2.0 authorizer.iam.cognitoIdentity',
    build: httpApiEvent,
    one: { by: 'cognito-identity', identityId: 'eu-central-1:1' },
    other: { by: 'cognito-identity', identityId: 'eu-central-1:2' },
  },
  {
    way: '1.0 identity.userArn',
    build: restEvent,
    one: { by: 'iam', userArn: 'arn:aws:iam::123456789012:user/ann' },
    other: { by: 'iam', userArn: 'arn:aws:iam::123456789012:user/bob' },
  },
  {
    way: 'Function URL authorizer.iam.userArn',
    build: functionUrlEvent,
    one: { by: 'iam', userArn: `${ROLE}/session` },
    other: { by: 'iam', userArn: 'arn:aws:sts::123456789012:assumed-role/Teller/session' },
  },
  {
    way: 'IAM roles of two accounts',
    build: restEvent,
    one: { by: 'iam', userArn: 'arn:aws:sts::111111111111:assumed-role/Clerk/session' },
    other: { by: 'iam', userArn: 'arn:aws:sts::222222222222:assumed-role/Clerk/session' },
  },
  {
    way: 'ALB x-amzn-oidc-identity',
    build: albEvent,
    one: { by: 'alb-oidc', subject: 'user-1' },
    other: { by: 'alb-oidc', subject: 'user-2' },
    options: { albAuthentication: 'oidc' },
  },
  {
    way: 'ALB x-amzn-oidc-identity, multi-value',
    build: albMultiEvent,
    one: { by: 'alb-oidc', subject: 'user-1' },
    other: { by: 'alb-oidc', subject: 'user-2' },
    options: { albAuthentication: 'oidc' },
  },
  ...certificateWays.flatMap(({ source, ...rest }) => [
    {
      ...rest,
      way: `${source}, two subjects`,
      one: certificateOf('CN=one.example', 'CN=CA'),
      other: certificateOf('CN=two.example', 'CN=CA'),
    },
    {
      ...rest,
      way: `${source}, two authorities with one subject`,
      one: certificateOf('CN=alice', 'CN=CA 1'),
      other: certificateOf('CN=alice', 'CN=CA 2'),
    },
  ]),
  {
    way: '1.0 identity.apiKeyId',
    build: restEvent,
    one: { by: 'api-key', apiKeyId: 'a1' },
    other: { by: 'api-key', apiKeyId: 'a2' },
  },
]

describe.each(ways)('callers told apart by $way', ({ build, one, other, options }) => {
  it('never meet under one key', () => {
    expectApart(build({ key: 'k1', caller: one }), build({ key: 'k1', caller: other }), options)
  })

  it('are not anonymous', () => {
    const event = build({ key: 'k1', caller: one })
    expect(accepted(event, { ...options, ...STRICT })).toEqual(accepted(event, options))
    expect(accepted(event, options).id).not.toBe(accepted(build({ key: 'k1', caller: null })).id)
  })

  it('stay the same when what they sign with is renewed', () => {
    expectSame(
      build({ key: 'k1', caller: one, headers: { Authorization: 'Bearer one' } }),
      build({ key: 'k1', caller: one, headers: { Authorization: 'Bearer two' } }),
      options,
    )
  })
})

describe('kinds of caller with one name', () => {
  it('never meet', () => {
    const name = 'same'
    const callers: readonly Caller[] = [
      { by: 'jwt', issuer: '', subject: name },
      { by: 'lambda-authorizer', principalId: name },
      { by: 'cognito-identity', identityId: name },
      { by: 'iam', userArn: name },
      { by: 'certificate', subject: name },
      { by: 'api-key', apiKeyId: name },
    ]
    const events = callers.map((caller) => restEvent({ key: 'k1', caller }))
    const ids = new Set(events.map((event) => accepted(event).id))
    ids.add(
      accepted(albEvent({ key: 'k1', caller: { by: 'alb-oidc', subject: name } }), {
        albAuthentication: 'oidc',
      }).id,
    )
    ids.add(accepted(restEvent({ key: 'k1', caller: null }), { principal: () => name }).id)
    ids.add(accepted(restEvent({ key: 'k1', caller: null })).id)
    expect(ids.size).toBe(callers.length + 3)
  })

  it('never meet the anonymous ones', () => {
    const anonymous = restEvent({ key: 'k1', caller: null })
    const named = accepted(anonymous, { principal: () => 'anonymous' }).id
    expect(named).not.toBe(accepted(anonymous).id)
  })

  it('never meet where issuer and subject could be split in two ways', () => {
    expectApart(
      httpApiEvent({ key: 'k1', caller: { by: 'jwt', issuer: 'a', subject: 'b","c' } }),
      httpApiEvent({ key: 'k1', caller: { by: 'jwt', issuer: 'a","b', subject: 'c' } }),
    )
  })
})

describe('a caller through two kinds of API', () => {
  it('is one by its token', () => {
    expectSame(restEvent({ key: 'k1' }), httpApiEvent({ key: 'k1' }))
  })
})

describe('an assumed role', () => {
  it.each([
    ['arn:aws:sts::123456789012:assumed-role/Clerk/one', 'arn:aws:sts::123456789012:assumed-role/Clerk/two'],
    [
      'arn:aws-cn:sts::123456789012:assumed-role/Clerk/a@b.c',
      'arn:aws-cn:sts::123456789012:assumed-role/Clerk/d=e,f',
    ],
    ['arn:aws:iam::123456789012:assumed-role/R/1', 'arn:aws:iam::123456789012:assumed-role/R/2'],
    [
      'arn:aws-us-gov:sts::123456789012:assumed-role/R/1',
      'arn:aws-us-gov:sts::123456789012:assumed-role/R/2',
    ],
  ])('is the same caller in every session: %s and %s', (one, other) => {
    for (const build of [restEvent, functionUrlEvent]) {
      expectSame(
        build({ key: 'k1', caller: { by: 'iam', userArn: one } }),
        build({ key: 'k1', caller: { by: 'iam', userArn: other } }),
      )
    }
  })

  it.each([
    ['arn:aws:iam::123456789012:user/team/ann', 'arn:aws:iam::123456789012:user/team/bob'],
    ['user/arn:aws:sts::1:assumed-role/R/one', 'user/arn:aws:sts::1:assumed-role/R/two'],
    ['arn:aws:sts::123456789012:federated-user/ann', 'arn:aws:sts::123456789012:federated-user/bob'],
    ['arn:aws:iam::123456789012:user/assumed-role/ann', 'arn:aws:iam::123456789012:user/assumed-role/bob'],
  ])('is not what users with a path are: %s and %s', (one, other) => {
    expectApart(
      restEvent({ key: 'k1', caller: { by: 'iam', userArn: one } }),
      restEvent({ key: 'k1', caller: { by: 'iam', userArn: other } }),
    )
  })
})

describe('a role that stands for many', () => {
  const signedBy = (roleAndSession: string) =>
    functionUrlEvent({
      key: 'k1',
      caller: { by: 'iam', userArn: `arn:aws:sts::123456789012:assumed-role/${roleAndSession}` },
    })

  it.each(['OriginAccessSession', 'EdgeCredentialsProxy+EdgeHostAuthenticationClient-FRA50-P1'])(
    'is not the caller where CloudFront signs (%s)',
    (session) => {
      const event = signedBy(`OriginAccessControlRole/${session}`)
      expectSame(event, functionUrlEvent({ key: 'k1', caller: null }))
      expect(refused(event, STRICT).error.message).toContain('not identified')
    },
  )

  it('has no name where it is that of an identity pool, and the event does not give the identity', () => {
    expectUnnamed(signedBy('PoolAuthenticated/CognitoIdentityCredentials'))
    const userArn = 'arn:aws:sts::123456789012:assumed-role/PoolAuthenticated/CognitoIdentityCredentials'
    expectUnnamed(restEvent({ key: 'k1', caller: { by: 'iam', userArn } }))
  })

  it('has its users as its sessions where it is of IAM Identity Center', () => {
    const role = 'AWSReservedSSO_Clerk_0123456789abcdef'
    expectApart(signedBy(`${role}/ann@example.com`), signedBy(`${role}/bob@example.com`))
  })

  it('is one caller otherwise, whoever assumes it', () => {
    expectSame(signedBy('Clerk/ann@example.com'), signedBy('Clerk/bob@example.com'))
  })

  it('has no name where IAM gives none', () => {
    const { requestContext, ...rest } = functionUrlEvent({ key: 'k1' })
    expectUnnamed({
      ...rest,
      requestContext: {
        ...requestContext,
        authorizer: { iam: { accountId: '123456789012', userArn: null } },
      },
    })
  })
})

describe('the order of what names a caller (docs/http.md "Whose key it is")', () => {
  const base = restEvent({ key: 'k1', caller: null })
  const everything = {
    ...base,
    requestContext: {
      ...base.requestContext,
      authorizer: { claims: { iss: 'i', sub: 's' }, principalId: 'p' },
      identity: {
        ...base.requestContext.identity,
        cognitoIdentityId: 'c',
        userArn: 'arn:aws:iam::123456789012:user/u',
        clientCert: { subjectDN: 'CN=c' },
        apiKeyId: 'a',
      },
    },
  }
  const identityWith = (identity: object, authorizer: object | null = null): unknown => ({
    ...base,
    requestContext: { ...base.requestContext, authorizer, identity },
  })
  const { identity } = everything.requestContext

  it.each([
    {
      what: 'claims',
      event: identityWith(identity, { claims: { iss: 'i', sub: 's' }, principalId: 'p' }),
      like: identityWith({}, { claims: { iss: 'i', sub: 's' } }),
    },
    {
      what: 'principalId',
      event: identityWith(identity, { principalId: 'p' }),
      like: identityWith({}, { principalId: 'p' }),
    },
    {
      what: 'Cognito identity',
      event: identityWith(identity),
      like: identityWith({ cognitoIdentityId: 'c' }),
    },
    {
      what: 'IAM',
      event: identityWith({ ...identity, cognitoIdentityId: null }),
      like: identityWith({ userArn: identity.userArn }),
    },
    {
      what: 'certificate',
      event: identityWith({ ...identity, cognitoIdentityId: null, userArn: null }),
      like: identityWith({ clientCert: identity.clientCert }),
    },
  ])('puts $what before what follows it', ({ event, like }) => {
    expectSame(event, like)
  })

  it('puts the option before all, and lets it pass the question on', () => {
    const custom = { principal: () => 'tenant-1' }
    expect(accepted(everything, custom).id).toBe(accepted(base, custom).id)
    expect(accepted(everything, custom).id).not.toBe(accepted(everything).id)
    expect(accepted(everything, { principal: () => undefined }).id).toBe(accepted(everything).id)
  })

  it.each([
    { claims: { iss: 'i', sub: '' } },
    { principalId: ' ' },
    { principalId: '', tenant: '1' },
    { tenant: '1' },
    { jwt: { claims: {}, scopes: ['pay'] } },
  ])('passes over no authorizer that gives no name: %j', (authorizer) => {
    expectUnnamed(identityWith(identity, authorizer))
  })

  it.each([
    {},
    { claims: null, scopes: null },
    { jwt: { claims: null } },
    { jwt: {}, iam: { userArn: null } },
  ])('passes over an authorizer that says nothing: %j', (authorizer) => {
    expectSame(identityWith(identity, authorizer), identityWith(identity))
  })
})

describe('a claim', () => {
  const withClaims = (claims: unknown): unknown => {
    const event = httpApiEvent({ key: 'k1', caller: null })
    return {
      ...event,
      requestContext: { ...event.requestContext, authorizer: { jwt: { claims, scopes: null } } },
    }
  }

  it('that is a number names the caller too', () => {
    expectApart(withClaims({ iss: 'i', sub: 1 }), withClaims({ iss: 'i', sub: 2 }))
    expectSame(withClaims({ iss: 'i', sub: 1 }), withClaims({ iss: 'i', sub: '1' }))
  })

  it('sub names the caller without iss', () => {
    expectApart(withClaims({ sub: 'user-1' }), withClaims({ sub: 'user-2' }))
  })

  it.each([{ iss: 'i' }, { iss: 'i', sub: null }, { iss: 'i', sub: {} }, { sub: ['a'] }, 'claims'])(
    'set without a sub vouches for somebody who has no name: %j',
    (claims) => {
      expectUnnamed(withClaims(claims))
    },
  )
})

describe('a certificate', () => {
  it.each(certificateWays.slice(0, 2))('without a subject has no name ($source)', ({ build }) => {
    expectUnnamed(build({ key: 'k1', caller: { by: 'certificate', subject: '' } }))
  })
})

describe('the option albAuthentication', () => {
  const headers = (name: string, value: string | string[] = 'alice') => ({ [name]: value })
  const builds = [{ build: albEvent }, { build: albMultiEvent }]

  describe.each(builds)('where it is not set ($build)', ({ build }) => {
    it.each([
      'x-amzn-oidc-identity',
      'X-Amzn-Oidc-Data',
      'x-amzn-mtls-clientcert-subject',
      'X-Amzn-Mtls-Clientcert',
    ])('leaves the caller of a request with %s without a name', (name) => {
      expectUnnamed(build({ key: 'k1', headers: headers(name) }))
    })
  })

  it('knows such a header in any case', () => {
    const event = albEvent({ key: 'k1' })
    expectUnnamed({ ...event, headers: { ...event.headers, 'X-Amzn-Oidc-Data': 'alice' } })
  })

  it.each([
    { albAuthentication: 'oidc', caller: { by: 'certificate', subject: 'CN=alice' } },
    { albAuthentication: 'mtls', caller: { by: 'alb-oidc', subject: 'alice' } },
    { albAuthentication: 'oidc', caller: null },
    { albAuthentication: 'mtls', caller: null },
  ] as const)(
    'believes only the headers of its own kind, and requires them: %j',
    ({ caller, ...options }) => {
      for (const { build } of builds) {
        expect(refused(build({ key: 'k1', caller }), options).error.code).toBe('identity-unknown')
      }
    },
  )

  it('does not choose between two values', () => {
    const event = albMultiEvent({ key: 'k1', headers: headers('x-amzn-oidc-identity', ['alice', 'bob']) })
    expect(refused(event, { albAuthentication: 'oidc' }).error.code).toBe('identity-unknown')
  })

  it('requires the issuer of a certificate', () => {
    const event = albEvent({ key: 'k1', headers: headers('x-amzn-mtls-clientcert-subject') })
    expect(refused(event, { albAuthentication: 'mtls' }).error.code).toBe('identity-unknown')
  })
})

describe('the word of a client', () => {
  it.each(eventSources.filter(({ build }) => build !== albEvent && build !== albMultiEvent))(
    'is not believed: x-amzn-oidc-identity sent to $source',
    ({ build }) => {
      const headers = { 'x-amzn-oidc-identity': 'user-1', 'x-amzn-mtls-clientcert-subject': 'CN=alice' }
      const options = { albAuthentication: 'oidc' } as const
      expectSame(build({ key: 'k1', caller: null, headers }), build({ key: 'k1', caller: null }), options)
      expect(refused(build({ key: 'k1', caller: null, headers }), { ...options, ...STRICT }).error.code).toBe(
        'identity-unknown',
      )
    },
  )
})

describe('a Lambda authorizer of an HTTP API', () => {
  const event = httpApiEvent({ key: 'k1', caller: { by: 'lambda-authorizer', principalId: 'tenant-1' } })

  it.each([{ tenant: 'tenant-1' }, { principalId: 'user-1' }, {}, null])(
    'vouches for somebody whom only the option principal can name: %j',
    (lambda) => {
      const { requestContext, ...rest } = event
      expectUnnamed({ ...rest, requestContext: { ...requestContext, authorizer: { lambda } } })
    },
  )

  it('names the caller by the field that the option reads', () => {
    const principal = (request: { requestContext: { authorizer: { lambda: { tenant: string } } } }): string =>
      request.requestContext.authorizer.lambda.tenant
    const other = httpApiEvent({ key: 'k1', caller: { by: 'lambda-authorizer', principalId: 'tenant-2' } })
    expectApart(event, other, { principal, requirePrincipal: true })
  })
})

describe('the option principal', () => {
  it.each([
    { named: '' },
    { named: '  ' },
    { named: 5 },
    { named: {} },
    { named: Promise.resolve('user-1') },
  ])('refuses what is no name: $named', ({ named }) => {
    const principal: (event: unknown) => string = JSON.parse('null') ?? (() => named)
    const { error, echo } = refused(restEvent({ key: 'k1' }), { principal })
    expect(error.code).toBe('identity-unknown')
    expect(echo).toBe('k1')
  })

  it('refuses the request with the cause if it throws', () => {
    const cause = new TypeError('no authorizer')
    const principal = (): string => {
      throw cause
    }
    expect(refused(restEvent({ key: 'k1' }), { principal }).error).toMatchObject({
      code: 'identity-unknown',
      cause,
    })
  })
})

describe('the option principal that finds nobody', () => {
  it('leaves the question to the event', () => {
    const event = restEvent({ key: 'k1' })
    const nobody: string | undefined = JSON.parse('null')
    expect(accepted(event, { principal: () => nobody })).toEqual(accepted(event))
  })

  it('is told from one that gives something else', () => {
    const event = restEvent({ key: 'k1' })
    const odd: string = JSON.parse('5')
    expect(refused(event, { principal: () => '' }).error.message).toContain('got an empty one')
    expect(refused(event, { principal: () => odd }).error.message).toContain('got number')
  })
})

describe('an anonymous caller', () => {
  const event = restEvent({ key: 'k1', caller: null })

  it('is warned of once per process', () => {
    vi.resetModules()
    const warnings: unknown[] = []
    const emitWarning = vi.spyOn(process, 'emitWarning').mockImplementation((...warning) => {
      warnings.push(warning)
    })
    return import('./identified.ts').then(({ identifyHttp }) => {
      for (const build of [restEvent, httpApiEvent]) identifyHttp(build({ key: 'k1', caller: null }))
      emitWarning.mockRestore()
      expect(warnings).toEqual([
        [expect.stringContaining('requirePrincipal'), { type: 'OncekeyWarning', code: 'ONCEKEY_ANONYMOUS' }],
      ])
    })
  })

  it('shares the scope of all anonymous callers', () => {
    expectSame(event, httpApiEvent({ key: 'k1', caller: null }))
  })

  it('is refused with requirePrincipal, and told why', () => {
    const { error, echo } = refused(event, STRICT)
    expect(error).toMatchObject({ name: 'KeyInvalidError', code: 'identity-unknown' })
    expect(error.message).toContain('not identified')
    expect(echo).toBe('k1')
  })

  it.each([
    { requestContext: null },
    { requestContext: 'x' },
    { requestContext: { authorizer: 'x', identity: 5 } },
    {
      requestContext: {
        authorizer: { claims: [], principalId: {} },
        identity: { clientCert: {}, apiKeyId: [] },
      },
    },
    { requestContext: { authorizer: null, identity: null, authentication: null } },
  ])('is what an odd event has: %j', (odd) => {
    expect(refused({ ...event, ...odd }, STRICT).error.message).toContain('not identified')
  })
})

describe('the service', () => {
  const event = restEvent({ key: 'k1' })

  it('keeps two services apart that share a table', () => {
    const one = accepted(event, { service: 'orders' }).id
    expect(one).not.toBe(accepted(event, { service: 'payments-2' }).id)
    expect(accepted(event, { service: 'payments' }).id).toBe(accepted(event).id)
    expect(one).toMatch(/^orders#/)
  })
})

describe("the option scope: 'operation'", () => {
  const options = { scope: 'operation' } as const
  const event = restEvent({ key: 'k1' })

  it('makes each method and path a key space of its own', () => {
    expectApart(event, restEvent({ key: 'k1', path: '/orders' }), options)
    expectApart(event, restEvent({ key: 'k1', method: 'PATCH' }), options)
    expectSame(event, restEvent({ key: 'k1', method: 'post' }), options)
  })

  it('is not the key space of the whole service', () => {
    expect(accepted(event, options).id).not.toBe(accepted(event).id)
  })
})
