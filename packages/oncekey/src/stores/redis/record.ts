import { RecordUnreadableError } from '../../protocol/errors.ts'
import { type Members, membersOf } from '../../protocol/members.ts'
import { FORMAT_VERSION, type IdempotencyRecord, type InFlightRecord } from '../../protocol/record.ts'
import type { Body, StoredResult } from '../../protocol/result.ts'
import type { Completion } from '../../protocol/store.ts'
import { STEP_PREFIX } from './script.ts'

type Fields = Readonly<Record<string, string>>

/** The fields of a takeover or a renewal: everything of a claim that may change while the record stays. */
export function claimFields(
  claim: Pick<InFlightRecord, 'leaseUntilMs' | 'expiresAtMs'> & Partial<InFlightRecord>,
): Fields {
  const { owner, attempt, onCrash, leaseUntilMs, expiresAtMs } = claim
  return {
    leaseUntilMs: String(leaseUntilMs),
    expiresAtMs: String(expiresAtMs),
    ...(owner === undefined ? {} : { owner }),
    ...(attempt === undefined ? {} : { attempt: String(attempt) }),
    ...(onCrash === undefined ? {} : { onCrash }),
  }
}

export function recordFields(record: InFlightRecord): Fields {
  return {
    v: String(FORMAT_VERSION),
    status: record.status,
    fingerprint: record.fingerprint,
    createdAtMs: String(record.createdAtMs),
    ...claimFields(record),
    ...Object.fromEntries(
      [...record.steps].map(([name, result]) => [STEP_PREFIX + name, writeResult(result)]),
    ),
  }
}

export function completionFields({ result, completedAtMs, expiresAtMs, commitToken }: Completion): Fields {
  return {
    status: 'completed',
    leaseUntilMs: '0',
    completedAtMs: String(completedAtMs),
    expiresAtMs: String(expiresAtMs),
    result: writeResult(result),
    ...(commitToken === undefined ? {} : { commitToken }),
  }
}

/** Text, because clients hand binary replies over as text unless told otherwise: hence base64. */
export function writeResult(result: StoredResult): string {
  if (result.kind !== 'json' || !('bytes' in result.body)) return JSON.stringify(result)
  return JSON.stringify({ ...result, body: { base64: Buffer.from(result.body.bytes).toString('base64') } })
}

/** @throws RecordUnreadableError for anything that this release did not write: it is never guessed at. */
export function readRecord(id: string, fields: ReadonlyMap<string, string>): IdempotencyRecord | undefined {
  if (fields.size === 0) return undefined
  const unreadable = (reason: string): RecordUnreadableError => new RecordUnreadableError(id, reason)
  const text = (name: string): string => {
    const value = fields.get(name)
    if (value === undefined || value === '') throw unreadable(`it has no ${name}`)
    return value
  }
  const whole = (name: string): number => {
    const value = Number(text(name))
    if (!/^\d+$/.test(text(name)) || !Number.isSafeInteger(value))
      throw unreadable(`its ${name} is not a whole number`)
    return value
  }

  if (text('v') !== String(FORMAT_VERSION)) {
    throw unreadable(`its format is ${JSON.stringify(text('v'))}, and this release reads ${FORMAT_VERSION}`)
  }
  const status = text('status')
  const onCrash = text('onCrash')
  if (onCrash !== 'rerun' && onCrash !== 'refuse')
    throw unreadable(`its onCrash is ${JSON.stringify(onCrash)}`)
  const base = {
    id,
    owner: text('owner'),
    attempt: whole('attempt'),
    fingerprint: text('fingerprint'),
    createdAtMs: whole('createdAtMs'),
    expiresAtMs: whole('expiresAtMs'),
    onCrash,
  } as const
  const leaseUntilMs = whole('leaseUntilMs')
  if (base.attempt === 0) throw unreadable('its attempt is 0')

  if (status === 'completed') {
    if (leaseUntilMs !== 0) throw unreadable('it is completed and has a lease')
    const commitToken = fields.get('commitToken')
    return {
      ...base,
      status,
      leaseUntilMs,
      completedAtMs: whole('completedAtMs'),
      result: readResult(text('result'), unreadable),
      ...(commitToken === undefined ? {} : { commitToken }),
    }
  }
  if (status !== 'in-flight') throw unreadable(`its status is ${JSON.stringify(status)}`)
  const steps = new Map<string, StoredResult>()
  for (const [name, value] of fields) {
    if (name.startsWith(STEP_PREFIX)) steps.set(name.slice(STEP_PREFIX.length), readResult(value, unreadable))
  }
  return { ...base, status, leaseUntilMs, steps }
}

function readResult(text: string, unreadable: (reason: string) => RecordUnreadableError): StoredResult {
  let stored: unknown
  try {
    stored = JSON.parse(text)
  } catch {
    throw unreadable('a result in it is not JSON')
  }
  const { kind, encoding, sizeBytes, checksum, body, reason, status } = membersOf(stored)
  if (kind === 'undefined') return { kind }
  if (kind === 'unavailable' && typeof reason === 'string') {
    return typeof status === 'number' ? { kind, reason, status } : { kind, reason }
  }
  const found = readBody(membersOf(body))
  if (
    kind === 'json' &&
    (encoding === 'identity' || encoding === 'br') &&
    typeof sizeBytes === 'number' &&
    typeof checksum === 'string' &&
    found !== undefined
  ) {
    return { kind, encoding, sizeBytes, checksum, body: found }
  }
  throw unreadable('a result in it is not of this format')
}

function readBody({ base64, chunks, ref }: Members): Body | undefined {
  if (typeof base64 === 'string') return { bytes: Buffer.from(base64, 'base64') }
  return typeof chunks === 'number' && typeof ref === 'string' ? { chunks, ref } : undefined
}
