import type { IdempotencyOptions } from '../../options.ts'
import { UNNAMED } from '../identify.ts'
import { isMembers, type Members, membersOf } from '../request.ts'
import { type HttpRequest, headerValues } from './request.ts'

/** The caller's name; `UNNAMED` if the source vouches for one who has none; `undefined` if it vouches for nobody. */
export type Principal = string | typeof UNNAMED | undefined

/**
 * Returns the caller that the event's source names. A principal includes its kind, so that a user with the name of a role
 * is not that role, and nothing that a new token or session changes.
 */
export function readPrincipal(
  request: HttpRequest,
  albAuthentication?: IdempotencyOptions['albAuthentication'],
): Principal {
  return request.shape.startsWith('alb')
    ? albPrincipal(request, albAuthentication)
    : gatewayPrincipal(request.context)
}

/**
 * Returns the caller that the `requestContext` of API Gateway or of a function URL names. The first fact that stands for
 * a caller decides: if it has no name, what comes after it may be shared by several such callers.
 */
function gatewayPrincipal(context: Members): Principal {
  const { jwt, iam, claims, principalId, ...others } = membersOf(context.authorizer)
  const identity = membersOf(context.identity)
  const { cognitoIdentity, userArn } = membersOf(iam)
  return (
    claimsPrincipal(membersOf(jwt).claims ?? claims) ??
    principal('lambda', principalId) ??
    // A JWT without claims, or the context of a Lambda authorizer: in a REST API beside `principalId`, in an HTTP API as
    // `lambda`, null or not.
    (isGiven([jwt, principalId, others]) || others.lambda !== undefined ? UNNAMED : undefined) ??
    principal('cognito', identity.cognitoIdentityId ?? membersOf(cognitoIdentity).identityId) ??
    iamPrincipal(identity.userArn ?? userArn, iam) ??
    certificatePrincipal(identity.clientCert ?? membersOf(context.authentication).clientCert) ??
    principal('api-key', identity.apiKeyId)
  )
}

export function claimsPrincipal(claims: unknown): Principal {
  const { iss, sub } = membersOf(claims)
  const subject = nameOf(sub)
  if (subject !== undefined) return JSON.stringify(['jwt', nameOf(iss) ?? '', subject])
  return isGiven(claims) ? UNNAMED : undefined
}

/** CloudFront signs with this role of its own for every viewer (origin access control), and is not the caller. */
const CLOUDFRONT = /^arn:[^:]*:sts::[^:]*:assumed-role\/OriginAccessControlRole\//

function iamPrincipal(arn: unknown, iam: unknown): Principal {
  if (CLOUDFRONT.test(nameOf(arn) ?? '')) return undefined
  return principal('iam', withoutSession(arn)) ?? (isGiven(iam) || nameOf(arn) ? UNNAMED : undefined)
}

/**
 * Returns the ARN of an assumed role without its session, which is new at each sign-in; any other ARN as it is. The users
 * of an identity pool share a role and a session, and have no name here. IAM Identity Center names the session after its
 * user, so that it stays.
 */
export function withoutSession(arn: unknown): unknown {
  const [, role = arn, name = '', session] =
    /^(arn:[^:]*:(?:sts|iam)::[^:]*:assumed-role\/([^/]+))\/(.*)$/.exec(nameOf(arn) ?? '') ?? []
  if (session === 'CognitoIdentityCredentials') return undefined
  return name.startsWith('AWSReservedSSO_') ? arn : role
}

function certificatePrincipal(certificate: unknown): Principal {
  const { issuerDN, subjectDN } = membersOf(certificate)
  const subject = nameOf(subjectDN)
  if (subject !== undefined) return JSON.stringify(['certificate', nameOf(issuerDN) ?? '', subject])
  return isGiven(certificate) ? UNNAMED : undefined
}

const ALB_IDENTITY = 'x-amzn-oidc-identity'
const ALB_CERTIFICATE = 'x-amzn-mtls-clientcert'

/**
 * Returns the caller that a load balancer names in its headers. A client may send them too: only where the load balancer
 * authenticates every request are they certainly its own.
 * @see https://docs.aws.amazon.com/elasticloadbalancing/latest/application/listener-authenticate-users.html
 * @see https://docs.aws.amazon.com/elasticloadbalancing/latest/application/mutual-authentication.html
 */
function albPrincipal(
  request: HttpRequest,
  albAuthentication: IdempotencyOptions['albAuthentication'],
): Principal {
  const headerOf = (name: string): string | undefined => {
    const values = headerValues(request, name)
    return values?.length === 1 ? nameOf(values[0]) : undefined
  }
  switch (albAuthentication) {
    case 'oidc':
      return principal('alb', headerOf(ALB_IDENTITY)) ?? UNNAMED
    case 'mtls': {
      const issuerDN = headerOf(`${ALB_CERTIFICATE}-issuer`)
      const subjectDN = headerOf(`${ALB_CERTIFICATE}-subject`)
      return certificatePrincipal(issuerDN && { issuerDN, subjectDN }) ?? UNNAMED
    }
    default: {
      const { headers, multiValueHeaders } = request.event
      const names = [headers, multiValueHeaders].flatMap((map) => Object.keys(membersOf(map)))
      return names.some((name) => /^x-amzn-(?:oidc-|mtls-clientcert)/i.test(name)) ? UNNAMED : undefined
    }
  }
}

export function principal(kind: string, value: unknown): string | undefined {
  const name = nameOf(value)
  return name === undefined ? undefined : JSON.stringify([kind, name])
}

/** Returns a text that identifies somebody. Authorizers may also return numbers. */
export function nameOf(value: unknown): string | undefined {
  if (typeof value === 'number') return String(value)
  return typeof value === 'string' && value.trim() !== '' ? value : undefined
}

/** Returns whether a value says anything: a route without an authorizer may have one of nulls alone. */
function isGiven(value: unknown): boolean {
  return isMembers(value) ? Object.values(value).some(isGiven) : value !== null && value !== undefined
}
