import type { IdempotencyRecord } from '../../core/record.ts'
import { type Attributes, decodeRecord, type Plain, STEP_PREFIX } from '../codec.ts'

export type Fields = Readonly<Record<string, string>>

const NUMBERS: ReadonlySet<string> = new Set([
  'v',
  'attempt',
  'leaseUntilMs',
  'createdAtMs',
  'expiresAt',
  'completedAtMs',
])

/** Returns the hash fields for attributes: numbers in decimal, results as JSON, and all else as it is. */
export function toFields(attributes: Attributes): Fields {
  return Object.fromEntries(
    Object.entries(attributes).map(([name, value]) => [
      name,
      holdsResult(name) ? resultField(value) : String(value),
    ]),
  )
}

/** Returns a result as JSON. Its bytes are in base64, because clients return text unless they are set up otherwise. */
function resultField(value: Plain): string {
  if (typeof value !== 'object' || value instanceof Uint8Array) return JSON.stringify(value)
  const members = Object.entries(value).map(([name, member]) => [
    name,
    member instanceof Uint8Array ? { base64: Buffer.from(member).toString('base64') } : member,
  ])
  return JSON.stringify(Object.fromEntries(members))
}

/**
 * Returns the record that a hash holds: names and values in turn, or buffers where the user's client returns those.
 *
 * @throws RecordUnreadableError
 */
export function readRecord(id: string, flat: readonly unknown[]): IdempotencyRecord | undefined {
  const fields: (readonly [string, unknown])[] = []
  for (let i = 0; i + 1 < flat.length; i += 2) {
    const name = String(flat[i])
    fields.push([name, fromField(name, String(flat[i + 1]))])
  }
  return fields.length === 0 ? undefined : decodeRecord(id, Object.fromEntries(fields))
}

function fromField(name: string, field: string): unknown {
  if (holdsResult(name)) return fromResultField(field)
  return NUMBERS.has(name) && /^\d+$/.test(field) ? Number(field) : field
}

/** Returns the plain value, or undefined if the field is not JSON. */
function fromResultField(field: string): unknown {
  try {
    const value: unknown = JSON.parse(field, (_name, member: unknown) => {
      const isBytes = typeof member === 'object' && member !== null && 'base64' in member
      return isBytes ? Buffer.from(String(member.base64), 'base64') : member
    })
    return value
  } catch {
    return undefined
  }
}

function holdsResult(name: string): boolean {
  return name === 'result' || name.startsWith(STEP_PREFIX)
}
