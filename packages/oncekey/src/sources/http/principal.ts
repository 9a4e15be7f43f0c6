import { isMembers, type Members, membersOf } from '../request.ts'
import { type HttpRequest, headerValues } from './request.ts'

/**
 * Returns the caller that the event's source names, or `undefined` if it names none. A principal includes its kind, so
 * that a user with the name of a role is not that role, and nothing that a new token or session changes.
 */
export function readPrincipal(request: HttpRequest): string | undefined {
  const { context } = request
  const authorizer = membersOf(context.authorizer)
  const identity = membersOf(context.identity)
  const iam = membersOf(authorizer.iam)
  const jwt = membersOf(authorizer.jwt)

  return (
    claimsPrincipal(membersOf(jwt.claims ?? authorizer.claims)) ??
    principal('lambda', authorizer.principalId) ??
    principal('cognito', identity.cognitoIdentityId ?? membersOf(iam.cognitoIdentity).identityId) ??
    principal('iam', withoutSession(identity.userArn ?? iam.userArn)) ??
    principal('alb', albIdentity(request)) ??
    principal('certificate', subjectOf(identity) ?? subjectOf(membersOf(context.authentication))) ??
    principal('api-key', identity.apiKeyId)
  )
}

function claimsPrincipal(claims: Members): string | undefined {
  const subject = nameOf(claims.sub)
  return subject === undefined ? undefined : JSON.stringify(['jwt', nameOf(claims.iss) ?? '', subject])
}

function principal(kind: string, value: unknown): string | undefined {
  const name = nameOf(value)
  return name === undefined ? undefined : JSON.stringify([kind, name])
}

/** Returns a text that identifies somebody. Authorizers may also return numbers. */
function nameOf(value: unknown): string | undefined {
  if (typeof value === 'number') return String(value)
  return typeof value === 'string' && value.trim() !== '' ? value : undefined
}

/** Returns `arn:aws:sts::123456789012:assumed-role/Role/session` without its session, which is new at each sign-in. */
function withoutSession(arn: unknown): unknown {
  return typeof arn === 'string' && /^arn:[^:]*:sts::[^:]*:assumed-role\/[^/]+\//.test(arn)
    ? arn.slice(0, arn.lastIndexOf('/'))
    : arn
}

/** Only a load balancer sets this header itself; from any other source, the client may have sent it. */
function albIdentity(request: HttpRequest): string | undefined {
  return request.shape.startsWith('alb')
    ? headerValues(request, 'x-amzn-oidc-identity')?.join('\n')
    : undefined
}

function subjectOf({ clientCert }: Members): unknown {
  return isMembers(clientCert) ? clientCert.subjectDN : undefined
}
