import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import { RecordUnreadableError } from '../../protocol/errors.ts'
import { FORMAT_VERSION, type IdempotencyRecord } from '../../protocol/record.ts'
import type { Body, StoredResult } from '../../protocol/result.ts'
import type { Item } from './item.ts'
import { type OpenMap, openMap } from './open-map.ts'

const FINGERPRINT = /^[a-z][a-z0-9-]*(:[A-Za-z0-9_-]+)?$/
/** No result comes near to it; a damaged number must not set off a million reads. */
const MAX_CHUNKS = 100

/**
 * The record that an item holds. Nothing is guessed: an attribute that is missing, of another type or of no record
 * of this format means that somebody else wrote here, and running over that could run the work again.
 *
 * @throws RecordUnreadableError
 */
export function readRecord(id: string, item: Item | undefined): IdempotencyRecord {
  const attributes = openMap(id, item ?? {})
  const version = attributes.integer('v', FORMAT_VERSION)
  if (version > FORMAT_VERSION) {
    const reason = `its format version ${version} is newer than ${FORMAT_VERSION}; update oncekey`
    throw new RecordUnreadableError(id, reason)
  }
  attributes.integer('expiresAt')
  const status = attributes.oneOf('status', ['in-flight', 'completed'])
  const base = {
    id: attributes.oneOf('id', [id]),
    owner: attributes.text('owner'),
    attempt: attributes.integer('attempt', 1),
    fingerprint: attributes.text('fingerprint', FINGERPRINT),
    createdAtMs: attributes.integer('createdAtMs'),
    expiresAtMs: attributes.integer('expiresAtMs'),
    onCrash: attributes.oneOf('onCrash', ['rerun', 'refuse']),
  }
  if (status === 'in-flight') {
    const steps = Object.entries(attributes.map('steps')).map(
      ([name, value]) => [name, readResult(id, `steps.${name}`, value)] as const,
    )
    return attributes.end({
      ...base,
      status,
      leaseUntilMs: attributes.integer('leaseUntilMs'),
      steps: new Map(steps),
    })
  }
  attributes.integer('leaseUntilMs', 0, 0)
  return attributes.end({
    ...base,
    status,
    leaseUntilMs: 0,
    completedAtMs: attributes.integer('completedAtMs'),
    result: readResult(id, 'result', { M: attributes.map('result') }),
    ...(attributes.has('commitToken') ? { commitToken: attributes.text('commitToken') } : {}),
  })
}

function readResult(id: string, path: string, { M }: AttributeValue): StoredResult {
  const fields = openMap(id, M, path)
  const kind = fields.oneOf('kind', ['json', 'undefined', 'unavailable'])
  switch (kind) {
    case 'undefined':
      return fields.end({ kind })
    case 'unavailable': {
      const status = fields.has('status') ? { status: fields.integer('status') } : {}
      return fields.end({ kind, reason: fields.text('reason', /^/), ...status })
    }
    case 'json':
      return fields.end({
        kind,
        encoding: fields.oneOf('encoding', ['identity', 'br']),
        body: readBody(fields),
        sizeBytes: fields.integer('sizeBytes'),
        checksum: fields.text('checksum'),
      })
  }
}

function readBody(fields: OpenMap): Body {
  if (fields.has('bytes')) return { bytes: fields.bytes('bytes') }
  return { chunks: fields.integer('chunks', 1, MAX_CHUNKS), ref: fields.text('ref') }
}
