import { createHmac, createSecretKey, hash, type KeyObject } from 'node:crypto'
import type { Credentials, Endpoint } from './endpoint.ts'
import type { Action } from './transport.ts'

/** Returns the headers of a request, its signature among them. */
export type Sign = (
  action: Action,
  body: string,
  credentials: Credentials,
  nowMs: number,
) => Record<string, string>

const ALGORITHM = 'AWS4-HMAC-SHA256'
const CONTENT_TYPE = 'application/x-amz-json-1.0'

/**
 * Returns a function that signs requests to the endpoint with AWS Signature Version 4. It keeps the key of the day.
 *
 * @see https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_sigv-create-signed-request.html
 */
export function createSigner({ host, region }: Endpoint): Sign {
  let key: { readonly secret: string; readonly day: string; readonly value: KeyObject } | undefined

  return (action, body, { accessKeyId, secretAccessKey: secret, sessionToken }, nowMs) => {
    const date = new Date(nowMs).toISOString().replace(/[-:]|\.\d+/g, '')
    const day = date.slice(0, 8)
    if (key?.secret !== secret || key.day !== day) {
      key = { secret, day, value: deriveKey(secret, day, region) }
    }

    const length = `${Buffer.byteLength(body)}`
    const target = `DynamoDB_20120810.${action}`
    const bodyHash = hash('sha256', body)
    const tokenLine = sessionToken === undefined ? '' : `x-amz-security-token:${sessionToken}\n`
    const tokenName = sessionToken === undefined ? '' : 'x-amz-security-token;'
    const signed = `content-length;content-type;host;x-amz-content-sha256;x-amz-date;${tokenName}x-amz-target`
    const canonicalRequest = `POST
/

content-length:${length}
content-type:${CONTENT_TYPE}
host:${host}
x-amz-content-sha256:${bodyHash}
x-amz-date:${date}
${tokenLine}x-amz-target:${target}

${signed}
${bodyHash}`
    const scope = `${day}/${region}/dynamodb/aws4_request`
    const stringToSign = `${ALGORITHM}\n${date}\n${scope}\n${hash('sha256', canonicalRequest)}`
    const signature = createHmac('sha256', key.value).update(stringToSign).digest('hex')
    const credential = `Credential=${accessKeyId}/${scope}`

    return {
      'content-type': CONTENT_TYPE,
      'x-amz-target': target,
      'content-length': length,
      'user-agent': 'oncekey',
      host,
      'x-amz-date': date,
      ...(sessionToken === undefined ? {} : { 'x-amz-security-token': sessionToken }),
      'x-amz-content-sha256': bodyHash,
      authorization: `${ALGORITHM} ${credential}, SignedHeaders=${signed}, Signature=${signature}`,
    }
  }
}

function deriveKey(secret: string, day: string, region: string): KeyObject {
  let key = Buffer.from(`AWS4${secret}`)
  for (const part of [day, region, 'dynamodb', 'aws4_request']) {
    key = createHmac('sha256', key).update(part).digest()
  }
  return createSecretKey(key)
}
