import { UNNAMED } from '../identify.ts'
import { membersOf } from '../request.ts'
import { nameOf, withoutSession } from './principal.ts'
import { type HttpRequest, headerValues } from './request.ts'

/** Sets version 1's identity. VPC Lattice removes it from what clients send. */
const IDENTITY_HEADER = 'x-amzn-lattice-identity'

/** What only an authenticated caller has, as version 1 does not show the type. */
const OF_CALLERS = ['principal', 'principalorgid', 'sessionname']

/**
 * Returns the caller that VPC Lattice names, `undefined` if it has authenticated none, or `UNNAMED` if it does not name
 * the one that it has authenticated. Many certificates (IAM Roles Anywhere) may share a role: theirs count with it.
 * @see https://docs.aws.amazon.com/vpc-lattice/latest/ug/http-targets.html, "Caller identity headers"
 */
export function readLatticePrincipal(request: HttpRequest): string | typeof UNNAMED | undefined {
  const identity = new Map<string, string>()
  for (const [name, value] of readIdentity(request)) {
    const text = nameOf(value)
    if (text !== undefined) identity.set(name.toLowerCase().replace(/[^a-z\d]/g, ''), text)
  }
  const arn = nameOf(withoutSession(identity.get('principal')))
  if (arn === undefined) {
    const isAuthenticated =
      identity.get('type') === 'AWS_IAM' || OF_CALLERS.some((name) => identity.has(name))
    return isAuthenticated ? UNNAMED : undefined
  }
  const certificate = [...identity].filter(([name]) => name.startsWith('x509')).toSorted()
  return JSON.stringify(['lattice', arn, ...certificate])
}

function readIdentity(request: HttpRequest): readonly (readonly [string, unknown])[] {
  const inContext = Object.entries(membersOf(request.context.identity))
  if (inContext.length > 0) return inContext
  // `Principal=arn:…;PrincipalOrgID=;…`, with a backslash before each semicolon of a value.
  const pairs =
    headerValues(request, IDENTITY_HEADER)
      ?.join(';')
      .split(/(?<!\\);/) ?? []
  return pairs.map((pair) => {
    const [name = '', ...value] = pair.split('=')
    return [name, value.join('=').trim()]
  })
}
