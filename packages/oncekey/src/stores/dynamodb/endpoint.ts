export type Environment = Readonly<Record<string, string | undefined>>

export interface Credentials {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken: string | undefined
}

export interface Endpoint {
  readonly protocol: 'http:' | 'https:'
  readonly hostname: string
  /** Empty for the protocol's own. */
  readonly port: string
  /** The `Host` header. */
  readonly host: string
  readonly region: string
}

/** Settings that change credentials or endpoint in ways that only the SDK knows. */
const SDK_SETTINGS = [
  'AWS_ACCOUNT_ID',
  'AWS_ACCOUNT_ID_ENDPOINT_MODE',
  'AWS_CONFIG_FILE',
  'AWS_CONTAINER_CREDENTIALS_FULL_URI',
  'AWS_CONTAINER_CREDENTIALS_RELATIVE_URI',
  'AWS_IGNORE_CONFIGURED_ENDPOINT_URLS',
  'AWS_PROFILE',
  'AWS_SHARED_CREDENTIALS_FILE',
  'AWS_USE_DUALSTACK_ENDPOINT',
  'AWS_USE_FIPS_ENDPOINT',
]

/** The public partitions, by the names of their Regions. In any other Region the SDK is used. */
const DNS_SUFFIXES: readonly (readonly [region: RegExp, suffix: string])[] = [
  [/^(us|us-gov|eu|ap|sa|ca|me|af|il|mx)-\w+-\d+$/, 'amazonaws.com'],
  [/^cn-\w+-\d+$/, 'amazonaws.com.cn'],
  [/^eusc-de-\w+-\d+$/, 'amazonaws.eu'],
]

/**
 * Returns whether the environment is the plain one of a Lambda function: access key, secret and Region, and no
 * setting that needs the SDK.
 */
export function canSendDirectly(environment: Environment): boolean {
  return findCredentials(environment) !== undefined && findEndpoint(environment) !== undefined
}

export function findCredentials(environment: Environment): Credentials | undefined {
  const accessKeyId = environment.AWS_ACCESS_KEY_ID
  const secretAccessKey = environment.AWS_SECRET_ACCESS_KEY
  if (!accessKeyId || !secretAccessKey) return undefined
  return { accessKeyId, secretAccessKey, sessionToken: environment.AWS_SESSION_TOKEN || undefined }
}

/**
 * Returns the endpoint that the SDK would send to, or `undefined` if only the SDK can tell.
 *
 * @see https://docs.aws.amazon.com/sdkref/latest/guide/feature-ss-endpoints.html
 */
export function findEndpoint(environment: Environment): Endpoint | undefined {
  const region = environment.AWS_REGION
  if (!region || SDK_SETTINGS.some((name) => isSet(environment[name]))) return undefined
  const suffix = DNS_SUFFIXES.find(([pattern]) => pattern.test(region))?.[1]
  if (suffix === undefined) return undefined
  const url = environment.AWS_ENDPOINT_URL_DYNAMODB || environment.AWS_ENDPOINT_URL
  return parseEndpoint(url || `https://dynamodb.${region}.${suffix}`, region)
}

const isSet = (value: string | undefined): boolean => value !== undefined && value !== '' && value !== 'false'

function parseEndpoint(text: string, region: string): Endpoint | undefined {
  const url = URL.parse(text)
  if (url === null || url.href !== `${url.origin}/`) return undefined
  const { protocol, hostname, port, host } = url
  if (protocol !== 'http:' && protocol !== 'https:') return undefined
  return { protocol, hostname: hostname.replace(/[[\]]/g, ''), port, host, region }
}
