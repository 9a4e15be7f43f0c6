import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import { FORMAT_VERSION, type InFlightRecord, type Steps } from '../../protocol/record.ts'
import type { StoredResult } from '../../protocol/result.ts'

/** What DynamoDB holds under one key. */
export type Item = Record<string, AttributeValue>

export const number = (value: number): AttributeValue => ({ N: `${value}` })
export const text = (value: string): AttributeValue => ({ S: value })

export const VERSION: AttributeValue = number(FORMAT_VERSION)

/**
 * Expiry as DynamoDB's TTL wants it, beside the one to the millisecond: the one place where time is in seconds.
 * Rounded up, so that nothing goes before it has expired.
 */
export const ttl = (expiresAtMs: number): AttributeValue => number(Math.ceil(expiresAtMs / 1000))

export function claimItem(record: InFlightRecord): Item {
  return {
    id: text(record.id),
    v: VERSION,
    status: text(record.status),
    fingerprint: text(record.fingerprint),
    createdAtMs: number(record.createdAtMs),
    steps: stepsValue(record.steps),
    ...claimAttributes(record),
  }
}

/** What a takeover changes. */
export function claimAttributes(record: InFlightRecord): Item {
  return {
    owner: text(record.owner),
    attempt: number(record.attempt),
    leaseUntilMs: number(record.leaseUntilMs),
    onCrash: text(record.onCrash),
    expiresAtMs: number(record.expiresAtMs),
    expiresAt: ttl(record.expiresAtMs),
  }
}

function stepsValue(steps: Steps): AttributeValue {
  return { M: Object.fromEntries([...steps].map(([name, result]) => [name, resultValue(result)])) }
}

export function resultValue(result: StoredResult): AttributeValue {
  const kind = text(result.kind)
  switch (result.kind) {
    case 'undefined':
      return { M: { kind } }
    case 'unavailable': {
      const status = result.status === undefined ? {} : { status: number(result.status) }
      return { M: { kind, reason: text(result.reason), ...status } }
    }
    case 'json': {
      const { body } = result
      const place: Item =
        'bytes' in body ? { bytes: { B: body.bytes } } : { chunks: number(body.chunks), ref: text(body.ref) }
      const { encoding, checksum, sizeBytes } = result
      return {
        M: {
          kind,
          encoding: text(encoding),
          checksum: text(checksum),
          sizeBytes: number(sizeBytes),
          ...place,
        },
      }
    }
  }
}
