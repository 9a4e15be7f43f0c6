import { isMembers, type Members, membersOf } from '../../protocol/members.ts'
import type { HttpRequest } from './request.ts'

/** What every caller is that nothing identifies. */
export const ANONYMOUS = 'anonymous'

/**
 * Who the event's source says is calling; `undefined` if it does not say. Each kind of caller is named by its kind,
 * so that a user called like a role is not that role, and by nothing that a new token or session changes.
 */
export function readPrincipal(source: unknown, request: HttpRequest): string | undefined {
  const context = membersOf(membersOf(source).requestContext)
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

let hasWarned = false

/** Tells once per process that callers share their keys. */
export function warnOfAnonymous(): void {
  if (hasWarned) return
  hasWarned = true
  process.emitWarning(
    'A protected request came without an identified caller: all such callers share one key space. ' +
      'Add an authorizer, give the option principal, or set requirePrincipal.',
    { type: 'OncekeyWarning', code: 'ONCEKEY_ANONYMOUS' },
  )
}

function claimsPrincipal(claims: Members): string | undefined {
  const subject = textOf(claims.sub)
  return subject === undefined ? undefined : JSON.stringify(['jwt', textOf(claims.iss) ?? '', subject])
}

function principal(kind: string, name: unknown): string | undefined {
  const text = textOf(name)
  return text === undefined ? undefined : JSON.stringify([kind, text])
}

/** Authorizers may answer with numbers. What is empty identifies nobody. */
function textOf(value: unknown): string | undefined {
  if (typeof value === 'number') return String(value)
  return typeof value === 'string' && value.trim() !== '' ? value : undefined
}

/** `arn:aws:sts::123456789012:assumed-role/Role/session` without its session, which each sign-in names anew. */
function withoutSession(arn: unknown): unknown {
  return typeof arn === 'string' && /^arn:[^:]*:sts::[^:]*:assumed-role\/[^/]+\//.test(arn)
    ? arn.slice(0, arn.lastIndexOf('/'))
    : arn
}

/** Only a load balancer sets this header itself; from any other source it is the client's own word. */
function albIdentity({ shape, headers }: HttpRequest): string | undefined {
  return shape.startsWith('alb') ? headers.get('x-amzn-oidc-identity')?.join('\n') : undefined
}

function subjectOf(holder: Members): unknown {
  const { clientCert } = holder
  return isMembers(clientCert) ? clientCert.subjectDN : undefined
}
