import type { AttributeValue } from '@aws-sdk/client-dynamodb'
import { RecordUnreadableError } from '../../protocol/errors.ts'
import { FORMAT_VERSION, type IdempotencyRecord } from '../../protocol/record.ts'
import type { Body, StoredResult } from '../../protocol/result.ts'
import type { Item } from './item.ts'

/**
 * The record that an item holds. Nothing is guessed: an attribute that is missing, of another type or of no record
 * of this format means that somebody else wrote here, and running over that could run the work again.
 *
 * @throws RecordUnreadableError
 */
export function readRecord(id: string, item: Item | undefined): IdempotencyRecord {
  const attributes = openMap(id, item ?? {}, '')
  const version = attributes.integer('v')
  if (version !== FORMAT_VERSION) {
    const mend =
      version > FORMAT_VERSION ? `is newer than ${FORMAT_VERSION}: update oncekey` : 'was never written'
    throw new RecordUnreadableError(id, `its format version ${version} ${mend}`)
  }
  const status = attributes.oneOf('status', ['in-flight', 'completed'])
  const base = {
    id: attributes.oneOf('id', [id]),
    owner: attributes.matching('owner', NOT_EMPTY),
    attempt: attributes.integer('attempt', 1),
    fingerprint: attributes.matching('fingerprint', FINGERPRINT),
    createdAtMs: attributes.integer('createdAtMs'),
    expiresAtMs: attributes.integer('expiresAtMs'),
    onCrash: attributes.oneOf('onCrash', ['rerun', 'refuse']),
  }
  attributes.integer('expiresAt')
  const leaseUntilMs = attributes.integer('leaseUntilMs')
  if (status === 'in-flight') {
    const steps = new Map<string, StoredResult>()
    for (const [name, value] of Object.entries(attributes.map('steps'))) {
      steps.set(name, readResult(id, value, `steps.${name}`))
    }
    attributes.end()
    return { ...base, status, leaseUntilMs, steps }
  }
  if (leaseUntilMs !== 0) throw new RecordUnreadableError(id, 'it is completed and still has a lease')
  const completedAtMs = attributes.integer('completedAtMs')
  const result = readResult(id, { M: attributes.map('result') }, 'result')
  const commitToken = attributes.has('commitToken') && {
    commitToken: attributes.matching('commitToken', NOT_EMPTY),
  }
  attributes.end()
  return { ...base, status, leaseUntilMs, completedAtMs, result, ...commitToken }
}

const NOT_EMPTY = /./s
const FINGERPRINT = /^[a-z][a-z0-9-]*(:[A-Za-z0-9_-]+)?$/
/** No result comes near to it; a damaged number must not set off a million reads. */
const MAX_CHUNKS = 100
const INTEGER = /^\d+$/

function readResult(id: string, value: AttributeValue, path: string): StoredResult {
  const fields = openMap(id, value.M, path)
  const kind = fields.oneOf('kind', ['json', 'undefined', 'unavailable'])
  const result = ((): StoredResult => {
    if (kind === 'undefined') return { kind }
    if (kind === 'unavailable') {
      const status = fields.has('status') && { status: fields.integer('status') }
      return { kind, reason: fields.matching('reason', /^/), ...status }
    }
    const body: Body = fields.has('bytes')
      ? { bytes: fields.bytes('bytes') }
      : { chunks: fields.integer('chunks', 1, MAX_CHUNKS), ref: fields.matching('ref', NOT_EMPTY) }
    return {
      kind,
      encoding: fields.oneOf('encoding', ['identity', 'br']),
      body,
      sizeBytes: fields.integer('sizeBytes'),
      checksum: fields.matching('checksum', NOT_EMPTY),
    }
  })()
  fields.end()
  return result
}

interface OpenMap {
  has(name: string): boolean
  matching(name: string, pattern: RegExp): string
  oneOf<const T extends string>(name: string, values: readonly T[]): T
  integer(name: string, least?: number, most?: number): number
  bytes(name: string): Uint8Array
  map(name: string): Item
  /** Throws if an attribute was not asked for. */
  end(): void
}

/** Reads a map attribute by attribute. */
function openMap(id: string, item: Item | undefined, path: string): OpenMap {
  const nameOf = (name: string): string => (path === '' ? name : `${path}.${name}`)
  const fail = (name: string, expected: string): never => {
    throw new RecordUnreadableError(id, `expected ${JSON.stringify(nameOf(name))} to be ${expected}`)
  }
  if (item === undefined) throw new RecordUnreadableError(id, `expected ${JSON.stringify(path)} to be a map`)
  const unread = new Set(Object.keys(item))
  const take = (name: string): AttributeValue | undefined => {
    unread.delete(name)
    return item[name]
  }
  const matching = (name: string, pattern: RegExp): string => {
    const value = take(name)?.S
    return value !== undefined && pattern.test(value) ? value : fail(name, 'a string of its own form')
  }
  return {
    has: (name) => Object.hasOwn(item, name),
    matching,
    oneOf(name, values) {
      const value = take(name)?.S
      return values.find((known) => known === value) ?? fail(name, values.join(' or '))
    },
    integer(name, least = 0, most = Number.MAX_SAFE_INTEGER) {
      const digits = take(name)?.N ?? ''
      const value = Number(digits)
      return INTEGER.test(digits) && value >= least && value <= most
        ? value
        : fail(name, `an integer from ${least} to ${most}`)
    },
    bytes: (name) => take(name)?.B ?? fail(name, 'bytes'),
    map: (name) => take(name)?.M ?? fail(name, 'a map'),
    end() {
      for (const name of unread) fail(name, 'absent')
    },
  }
}
