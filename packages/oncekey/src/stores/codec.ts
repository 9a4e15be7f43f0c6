import { RecordUnreadableError } from '../core/errors.ts'
import { FORMAT_VERSION, type IdempotencyRecord, type InFlightRecord } from '../core/record.ts'
import { isJson, MAX_RESULT_BYTES, type StoredResult } from '../core/result.ts'
import type { Completion, LeaseChange } from '../core/store.ts'

/** A value that every store can hold. */
export type Plain = string | number | boolean | Uint8Array | { readonly [name: string]: Plain }

/**
 * A record as every store holds it. DynamoDB bills each attribute on each write, so defaults are left out.
 *
 * | attribute | value |
 * |---|---|
 * | `id`, `owner`, `fingerprint` | text |
 * | `v` | the format version, 1 |
 * | `status` | `in-flight` or `completed` |
 * | `attempt` | an integer, at least 1 |
 * | `leaseUntilMs`, `createdAtMs` | epoch milliseconds; the lease is 0 once the record is released or completed |
 * | `takenOverAtMs` | epoch milliseconds; absent if no claim has taken the record over |
 * | `expiresAt` | epoch seconds, rounded up |
 * | `onCrash` | `refuse`; absent for `rerun` |
 * | `step:<name>` | a result; one attribute for each saved step |
 * | `completedAtMs`, `result`, `commitToken` | completed records only; the token only if `commit` completed it |
 *
 * A result is the text of its JSON, or one of these maps:
 *
 * | map | result |
 * |---|---|
 * | `{ br, size }` | Brotli of the JSON, and the JSON's size in bytes |
 * | `{ chunks, ref, encoding?, size, checksum }` | the number of chunk items, part of their ids; `encoding` is `br` or absent |
 * | `{ undefined: true }` | the value `undefined` |
 * | `{ unavailable, status? }` | the reason why there is no result, and its HTTP status |
 */
export type Attributes = Readonly<Record<string, Plain>>

export const STEP_PREFIX = 'step:'

/** No result comes near to it, and a damaged number must not start a million reads. */
const MAX_CHUNKS = 100
const FINGERPRINT = /^[a-z][a-z0-9-]*(:[A-Za-z0-9_-]+)?$/

/** Returns a new record, whole. */
export function encodeRecord(record: InFlightRecord): Attributes {
  const { id, status, fingerprint, createdAtMs } = record
  const attributes: Record<string, Plain> = { id, v: FORMAT_VERSION, status, fingerprint, createdAtMs }
  Object.assign(attributes, encodeClaim(record))
  for (const [name, result] of record.steps) attributes[STEP_PREFIX + name] = encodeResult(result)
  return attributes
}

/** Returns what a takeover changes. Without `onCrash` it has to remove that attribute. */
export function encodeTakeover(record: InFlightRecord): Attributes {
  return { ...encodeClaim(record), takenOverAtMs: record.createdAtMs }
}

function encodeClaim(record: InFlightRecord): Attributes {
  const { owner, attempt, onCrash } = record
  return { owner, attempt, ...encodeLease(record), ...(onCrash === 'refuse' && { onCrash }) }
}

export function encodeLease({
  leaseUntilMs,
  expiresAtMs,
}: Omit<LeaseChange, 'fromLeaseUntilMs'>): Attributes {
  return { leaseUntilMs, expiresAt: toSeconds(expiresAtMs) }
}

export function encodeCompletion(completion: Completion): Attributes {
  const { result, completedAtMs, expiresAtMs, commitToken } = completion
  return {
    status: 'completed',
    ...encodeLease({ leaseUntilMs: 0, expiresAtMs }),
    completedAtMs,
    result: encodeResult(result),
    ...(commitToken !== undefined && { commitToken }),
  }
}

export function encodeResult(result: StoredResult): Plain {
  switch (result.kind) {
    case 'json':
      return result.json
    case 'compressed':
      return { br: result.bytes, size: result.sizeBytes }
    case 'chunked': {
      const { chunks, ref, encoding, sizeBytes: size, checksum } = result
      return encoding === 'br' ? { chunks, ref, encoding, size, checksum } : { chunks, ref, size, checksum }
    }
    case 'undefined':
      return { undefined: true }
    case 'unavailable':
      return { unavailable: result.reason, ...(result.status !== undefined && { status: result.status }) }
  }
}

/** Returns the expiry that a store holds. Rounded up, so that no record expires early. */
export function toSeconds(expiresAtMs: number): number {
  return Math.ceil(expiresAtMs / 1000)
}

/**
 * Returns the record that these attributes hold. An attribute that is missing, of another type, out of range or
 * unknown means that somebody else wrote here, and guessing at it could run the work again.
 *
 * @throws RecordUnreadableError
 */
export function decodeRecord(id: string, attributes: Readonly<Record<string, unknown>>): IdempotencyRecord {
  const reader = createReader(id, attributes, '')
  const version = integer(reader, 'v', FORMAT_VERSION)
  if (version > FORMAT_VERSION) {
    const reason = `its format version ${version} is newer than ${FORMAT_VERSION}; update oncekey`
    throw new RecordUnreadableError(id, reason)
  }
  const status = oneOf(reader, 'status', ['in-flight', 'completed'])
  const base = {
    id: oneOf(reader, 'id', [id]),
    owner: text(reader, 'owner'),
    attempt: integer(reader, 'attempt', 1),
    fingerprint: text(reader, 'fingerprint', FINGERPRINT),
    createdAtMs: integer(reader, 'createdAtMs'),
    ...(has(reader, 'takenOverAtMs') && { takenOverAtMs: integer(reader, 'takenOverAtMs') }),
    expiresAtMs: integer(reader, 'expiresAt', 0, Math.floor(Number.MAX_SAFE_INTEGER / 1000)) * 1000,
    onCrash: has(reader, 'onCrash') ? oneOf(reader, 'onCrash', ['refuse']) : 'rerun',
  } as const
  const steps = new Map<string, StoredResult>()
  for (const name of Object.keys(attributes)) {
    if (!name.startsWith(STEP_PREFIX)) continue
    const value = take(reader, name)
    // A completed record needs its steps no more: a completion may have left some behind.
    if (status === 'in-flight') steps.set(name.slice(STEP_PREFIX.length), decodeResult(id, name, value))
  }
  if (status === 'in-flight') {
    return end(reader, { ...base, status, leaseUntilMs: integer(reader, 'leaseUntilMs'), steps })
  }
  integer(reader, 'leaseUntilMs', 0, 0)
  return end(reader, {
    ...base,
    status,
    leaseUntilMs: 0,
    completedAtMs: integer(reader, 'completedAtMs'),
    result: decodeResult(id, 'result', take(reader, 'result')),
    ...(has(reader, 'commitToken') && { commitToken: text(reader, 'commitToken') }),
  })
}

function decodeResult(id: string, path: string, value: unknown): StoredResult {
  if (typeof value === 'string') return isJson(value) ? { kind: 'json', json: value } : fail(id, path, 'JSON')
  const reader = createReader(id, value, path)
  if (has(reader, 'br')) {
    return end(reader, { kind: 'compressed', bytes: bytes(reader, 'br'), sizeBytes: size(reader) })
  }
  if (has(reader, 'chunks')) {
    return end(reader, {
      kind: 'chunked',
      chunks: integer(reader, 'chunks', 1, MAX_CHUNKS),
      ref: text(reader, 'ref'),
      encoding: has(reader, 'encoding') ? oneOf(reader, 'encoding', ['br']) : 'identity',
      sizeBytes: size(reader),
      checksum: text(reader, 'checksum'),
    })
  }
  if (has(reader, 'unavailable')) {
    const status = has(reader, 'status') ? { status: integer(reader, 'status') } : {}
    return end(reader, { kind: 'unavailable', reason: text(reader, 'unavailable', /^/), ...status })
  }
  if (take(reader, 'undefined') !== true) fail(id, path, 'JSON or a map of a result')
  return end(reader, { kind: 'undefined' })
}

/** Attributes that are read one by one, so that those nobody asks for are noticed. */
interface AttributeReader {
  readonly id: string
  /** Of the map within the record; empty for the record itself. */
  readonly path: string
  readonly values: Readonly<Record<string, unknown>>
  readonly unread: Set<string>
}

function createReader(id: string, values: unknown, path: string): AttributeReader {
  if (!isMap(values)) return fail(id, path, 'a map')
  return { id, path, values, unread: new Set(Object.keys(values)) }
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)
  )
}

function has({ values }: AttributeReader, name: string): boolean {
  return Object.hasOwn(values, name)
}

function take(reader: AttributeReader, name: string): unknown {
  reader.unread.delete(name)
  return has(reader, name) ? reader.values[name] : undefined
}

function text(reader: AttributeReader, name: string, pattern = /./s): string {
  const value = take(reader, name)
  return typeof value === 'string' && pattern.test(value)
    ? value
    : failAt(reader, name, `a string like ${pattern}`)
}

function oneOf<const T extends string>(reader: AttributeReader, name: string, expected: readonly T[]): T {
  const value = take(reader, name)
  return expected.find((known) => known === value) ?? failAt(reader, name, expected.join(' or '))
}

function integer(reader: AttributeReader, name: string, least = 0, most = Number.MAX_SAFE_INTEGER): number {
  const value = take(reader, name)
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= least && value <= most
    ? value
    : failAt(reader, name, `an integer from ${least} to ${most}`)
}

/** The size of a result is bounded before anything is decompressed: a few stored bytes could fill the memory. */
function size(reader: AttributeReader): number {
  return integer(reader, 'size', 1, MAX_RESULT_BYTES)
}

function bytes(reader: AttributeReader, name: string): Uint8Array {
  const value = take(reader, name)
  return value instanceof Uint8Array ? value : failAt(reader, name, 'bytes')
}

/** Returns `value`, or throws if there are attributes that were never read. */
function end<T>(reader: AttributeReader, value: T): T {
  for (const name of reader.unread) failAt(reader, name, 'absent')
  return value
}

function failAt({ id, path }: AttributeReader, name: string, expected: string): never {
  return fail(id, path === '' ? name : `${path}.${name}`, expected)
}

function fail(id: string, path: string, expected: string): never {
  throw new RecordUnreadableError(id, `expected attribute ${JSON.stringify(path)} to be ${expected}`)
}
