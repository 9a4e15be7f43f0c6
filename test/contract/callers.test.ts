import type { Context } from 'aws-lambda'
import { dynamoDbStore, type IdempotencyOptions } from 'oncekey'
import {
  albEvent,
  albMultiEvent,
  type Caller,
  functionUrlEvent,
  httpApiEvent,
  lambdaContext,
  restEvent,
} from 'oncekey/testing'
import { describe, expect, it } from 'vitest'
import { frontDoors } from '../support/front-doors.ts'
import { createTable } from '../support/tables.ts'

type Call = readonly [event: unknown, context?: Partial<Context>]
type Build = typeof restEvent | typeof httpApiEvent | typeof albEvent

const by = (build: Build, caller: Caller): Call => [build({ key: 'k1', caller })]
const withHeader = (build: Build, name: string, value: string): Call => [
  build({ key: 'k1', caller: null, headers: { [name]: value } }),
]
/** A certificate of a client, and as a load balancer shows it. */
const certificate = (subject: string, issuer: string): Caller => ({ by: 'certificate', subject, issuer })
const userArn = (session: string): Caller => ({
  by: 'iam',
  userArn: `arn:aws:sts::123456789012:assumed-role/${session}`,
})
const authorizedBy = (authorizer: unknown): Call => {
  const { requestContext, ...event } = httpApiEvent({ key: 'k1', caller: null })
  return [{ ...event, requestContext: { ...requestContext, authorizer } }]
}

/** Two callers whom the event's source tells apart, or vouches for without a name. Both send one key and one body. */
const pairs: readonly (readonly [
  who: string,
  end: 'are refused' | 'both run',
  alice: Call,
  bob: Call,
  options: IdempotencyOptions,
])[] = [
  [
    'a load balancer verifies certificates',
    'are refused',
    by(albEvent, certificate('CN=alice', 'CN=CA')),
    by(albEvent, certificate('CN=bob', 'CN=CA')),
    {},
  ],
  [
    'a load balancer verifies certificates (albAuthentication)',
    'both run',
    by(albEvent, certificate('CN=alice', 'CN=CA')),
    by(albEvent, certificate('CN=bob', 'CN=CA')),
    { albAuthentication: 'mtls' },
  ],
  [
    'a load balancer passes certificates on',
    'are refused',
    withHeader(albEvent, 'X-Amzn-Mtls-Clientcert', 'alice'),
    withHeader(albEvent, 'X-Amzn-Mtls-Clientcert', 'bob'),
    {},
  ],
  [
    'a load balancer signs users in',
    'are refused',
    by(albMultiEvent, { by: 'alb-oidc', subject: 'alice' }),
    by(albMultiEvent, { by: 'alb-oidc', subject: 'bob' }),
    {},
  ],
  [
    'a load balancer signs users in (albAuthentication)',
    'both run',
    by(albMultiEvent, { by: 'alb-oidc', subject: 'alice' }),
    by(albMultiEvent, { by: 'alb-oidc', subject: 'bob' }),
    { albAuthentication: 'oidc' },
  ],
  [
    'a Lambda authorizer of an HTTP API passes on a context',
    'are refused',
    authorizedBy({ lambda: { userId: 'alice' } }),
    authorizedBy({ lambda: { userId: 'bob' } }),
    {},
  ],
  [
    'a Lambda authorizer of an HTTP API passes on nothing',
    'are refused',
    authorizedBy({ lambda: null }),
    authorizedBy({ lambda: null }),
    {},
  ],
  [
    'a JWT has no sub',
    'are refused',
    authorizedBy({ jwt: { claims: { iss: 'i', client_id: 'alice' }, scopes: null } }),
    authorizedBy({ jwt: { claims: { iss: 'i', client_id: 'bob' }, scopes: null } }),
    {},
  ],
  [
    'two authorities issue one subject',
    'both run',
    by(restEvent, certificate('CN=alice', 'CN=CA 1')),
    by(restEvent, certificate('CN=alice', 'CN=CA 2')),
    {},
  ],
  [
    'users of an identity pool call a function URL',
    'are refused',
    by(functionUrlEvent, userArn('Pool/CognitoIdentityCredentials')),
    by(functionUrlEvent, userArn('Pool/CognitoIdentityCredentials')),
    {},
  ],
  [
    'people sign in with IAM Identity Center',
    'both run',
    by(functionUrlEvent, userArn('AWSReservedSSO_Clerk_0123456789abcdef/alice')),
    by(functionUrlEvent, userArn('AWSReservedSSO_Clerk_0123456789abcdef/bob')),
    {},
  ],
  [
    'viewers come through CloudFront, and have to be somebody',
    'are refused',
    by(functionUrlEvent, userArn('OriginAccessControlRole/OriginAccessSession')),
    by(functionUrlEvent, userArn('OriginAccessControlRole/OriginAccessSession')),
    { requirePrincipal: true },
  ],
  [
    'two tenants share a function with tenant isolation',
    'both run',
    [restEvent({ key: 'k1', caller: null }), { tenantId: 'alice' }],
    [restEvent({ key: 'k1', caller: null }), { tenantId: 'bob' }],
    {},
  ],
]

describe.each(frontDoors)('bob never gets what alice got, behind $door', ({ protect }) => {
  it.each(pairs)('where %s: they %s', async (_who, end, alice, bob, options) => {
    const table = await createTable()
    let runs = 0
    const handler = protect(
      () => {
        runs += 1
        return { statusCode: 201, body: `run ${runs}` }
      },
      dynamoDbStore(table.name, { client: table.client }),
      options,
    )
    const answers: unknown[] = []
    for (const [event, context] of [alice, bob]) {
      answers.push(await handler(event, { ...lambdaContext(), ...context }))
    }
    const refused = { statusCode: 500, body: expect.stringContaining('"code":"identity-unknown"') }
    const ran = (run: number) => ({ statusCode: 201, body: `run ${run}` })
    expect(answers).toMatchObject(end === 'both run' ? [ran(1), ran(2)] : [refused, refused])
    expect(JSON.stringify(answers)).not.toContain('Idempotent-Replayed')
  })
})
