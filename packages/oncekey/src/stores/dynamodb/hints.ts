import { member, nameOf, type Request } from './failures.ts'

const CREDENTIALS = 'check the access key, the secret and the session token of the process'

const CONNECT =
  'no connection was made; a function in a VPC needs a gateway endpoint for DynamoDB (or a NAT gateway) in the route table of its subnets, and a security group that lets HTTPS out'

const SILENCE =
  'no reply came in time; if it lasts, check the network, and whether the handler blocks the event loop'

const CLOSED =
  'the connection was closed before the reply; if it lasts, check the proxies and firewalls on the way'

const NOT_DYNAMODB =
  'the reply is not from DynamoDB; check AWS_ENDPOINT_URL_DYNAMODB and AWS_ENDPOINT_URL, and the proxies on the way'

const DNS = 'the name server did not answer; check the DNS settings of the VPC or the host'

/** What to do about an error that is known by its name, or by Node's code for it. */
const HINTS: ReadonlyMap<string, string> = new Map([
  [
    'CredentialsProviderError',
    'no AWS credentials were found; run with a role or a profile, or pass a client that has credentials',
  ],
  [
    'ExpiredTokenException',
    'the AWS credentials of the process have expired; renew them, or let the role of the host supply them',
  ],
  ['IncompleteSignatureException', CREDENTIALS],
  [
    'InvalidSignatureException',
    `${CREDENTIALS}, which must belong together, and that the clock of the host is right`,
  ],
  ['MissingAuthenticationTokenException', CREDENTIALS],
  [
    'UnrecognizedClientException',
    `AWS does not know these credentials; ${CREDENTIALS}, and that the account has the Region enabled`,
  ],

  ['ECONNREFUSED', 'nothing listens there; check AWS_ENDPOINT_URL_DYNAMODB and AWS_ENDPOINT_URL'],
  ['ECONNRESET', CLOSED],
  ['EPIPE', CLOSED],
  ['EAI_AGAIN', DNS],
  ['ETIMEOUT', DNS],
  ['EHOSTUNREACH', CONNECT],
  ['ENETUNREACH', CONNECT],
  ['EPROTO', 'the endpoint does not speak TLS; check its protocol in AWS_ENDPOINT_URL_DYNAMODB'],

  ['DataError', NOT_DYNAMODB],
  ['IncompleteReplyError', NOT_DYNAMODB],
  ['SyntaxError', NOT_DYNAMODB],
  ['UnknownError', NOT_DYNAMODB],
])

/** What to do about each kind of throttling: the last word of DynamoDB's own reason. @see API_ThrottlingReason */
const THROTTLING: readonly (readonly [limit: RegExp, hint: string])[] = [
  [
    /KeyRangeThroughputExceeded$/,
    'one key is requested more than about 1,000 times a second; find the client that repeats it',
  ],
  [
    /MaxOnDemandThroughputExceeded$/,
    'the table has reached the maximum throughput that is configured for it; raise it',
  ],
  [
    /AccountLimitExceeded$|^RequestLimitExceeded$/,
    "the account's quota for DynamoDB throughput is used up; request a higher one",
  ],
  [
    /ProvisionedThroughputExceeded(Exception)?$/,
    'the provisioned capacity of the table, or what one key may take, is used up; raise it, or change to on-demand capacity',
  ],
  [
    /^ThrottlingException$/,
    'the load grows faster than the table; it adapts within minutes, or warm its throughput before a launch',
  ],
]

/** Returns what to do about an error, or `undefined` if its name says all that is known. */
export function hintFor(thrown: unknown, { action, table, region }: Request): string | undefined {
  const name = nameOf(thrown)
  if (name === 'SdkMissingError') return missingHint(member(thrown, 'cause'))
  if (region === undefined) return 'set AWS_REGION, or pass a client with a Region'
  const code = String(member(thrown, 'code') ?? name)
  const message = messageOf(thrown)
  // Whatever its name is: DynamoDB passes on what KMS said.
  if (/\bkms:|AWSKMS|KMS key/i.test(message) || name.startsWith('KMS')) {
    return 'the KMS key of the table cannot be used; check that it is enabled, and that its key policy and the role allow kms:Decrypt'
  }
  switch (name) {
    case 'AccessDeniedException':
      return deniedHint(action, message)
    case 'ResourceNotFoundException': {
      const arnRegion = /^arn:[^:]*:dynamodb:([^:]*):/.exec(table)?.[1]
      return arnRegion === undefined || arnRegion === region
        ? `there is no such table in ${region} in this account; create it, or correct its name, the Region or the account`
        : `the table is in ${arnRegion}, but the request went to ${region}; set AWS_REGION, or pass a client for that Region`
    }
    case 'ValidationException':
      return invalidHint(action, message)
  }
  const throttlings = member(thrown, 'ThrottlingReasons') ?? member(thrown, 'throttlingReasons')
  const [throttling] = Array.isArray(throttlings) ? throttlings : []
  const limit = String(member(throttling, 'reason') ?? name)
  const throttled = THROTTLING.find(([pattern]) => pattern.test(limit))
  if (throttled !== undefined) return throttled[1]

  // The SDK calls a reset a timeout, too.
  const known = HINTS.get(code)
  if (known !== undefined) return known
  if (name === 'TimeoutError' || code === 'ETIMEDOUT') {
    const isConnecting =
      member(thrown, 'syscall') === 'connect' || /not establish a connection|no connection/i.test(message)
    return isConnecting ? CONNECT : SILENCE
  }
  if (code === 'ENOTFOUND') {
    const host = String(member(thrown, 'hostname') ?? 'the endpoint')
    return `the name ${host} does not exist; check the Region ${region}, and AWS_ENDPOINT_URL_DYNAMODB`
  }
  if (/CERT|SELF_SIGNED|UNABLE_TO_VERIFY|^ERR_TLS/.test(code)) {
    return 'the certificate of the endpoint is not trusted; if a proxy inspects TLS, set NODE_EXTRA_CA_CERTS to its certificate'
  }
  return HINTS.get(name)
}

/** Returns what to do about an `import` of the SDK that failed. */
function missingHint(cause: unknown): string {
  const isBundled = /dynamic require of/i.test(messageOf(cause))
  return isBundled
    ? 'the bundle is an ES module without `require`, which the SDK calls; leave @aws-sdk/* external, or define `require` in a banner'
    : 'install @aws-sdk/client-dynamodb'
}

/** The policies that can deny what the role allows, as AWS names them. The role's own is the usual case. */
const OTHER_POLICY =
  /(explicit deny in an?|no) (service control policy|resource control policy|VPC endpoint policy|permissions boundary|session policy|resource-based policy|identity-based policy)/i

/** @see https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html */
function deniedHint(action: Request['action'], message: string): string {
  const denied = /perform: (dynamodb:\w+)/.exec(message)?.[1]
  const [, how = '', policy = 'identity-based policy'] = OTHER_POLICY.exec(message) ?? []
  const isExplicit = how.startsWith('explicit')
  if (isExplicit) return `remove the deny of ${denied ?? `dynamodb:${action}`} from the ${policy}`
  if (policy !== 'identity-based policy' && policy !== 'resource-based policy') {
    return `allow ${denied ?? `dynamodb:${action}`} on this table in the ${policy} too`
  }
  return action === 'TransactWriteItems'
    ? "grant the function's role dynamodb:UpdateItem on this table, and the action of each write on its table"
    : `grant the function's role ${denied ?? `dynamodb:${action}`} on this table`
}

function invalidHint(action: Request['action'], message: string): string | undefined {
  if (/item size/i.test(message)) {
    return 'the record would exceed 400 KB; save fewer or smaller results in steps'
  }
  if (/tablename/i.test(message)) return 'correct the name of the table'
  if (action === 'TransactWriteItems') return undefined
  return 'expected partition key `id` (S) and no sort key; create such a table if this one has another key'
}

/** Errors whose messages name principals, resources, hosts and limits, but no attribute of an item. */
const SAFE =
  /^(?:AccessDenied|CredentialsProvider|ExpiredToken|IncompleteSignature|InvalidSignature|KMS|MissingAuthentication|OptIn|ProvisionedThroughput|RequestLimit|ResourceNotFound|SdkMissing|Throttling|Timeout|UnknownOperation|UnrecognizedClient)/

/** Returns the cause in the words of DynamoDB or of Node, or by its name alone if they might show contents. */
export function reasonOf(thrown: unknown, action: Request['action']): string {
  const name = nameOf(thrown)
  const message = messageOf(thrown)
  const isOwnRequest = action !== 'TransactWriteItems' && name === 'ValidationException'
  // An error of a system call names the call and an address.
  const isSafe = SAFE.test(name) || isOwnRequest || typeof member(thrown, 'syscall') === 'string'
  return isSafe && message !== '' ? `${name}: ${message}` : `${name}`
}

/** If every address of a host refuses the connection, only the errors inside the `AggregateError` have a message. */
function messageOf(thrown: unknown): string {
  const message = member(thrown, 'message')
  const errors = member(thrown, 'errors')
  if (message === '' && Array.isArray(errors)) return errors.map(messageOf).join(', ')
  return typeof message === 'string' ? message : ''
}
