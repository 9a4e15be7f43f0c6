import { hash } from 'node:crypto'
import { KeyInvalidError } from './errors.ts'

/** Everything that keeps two keys apart. */
export interface Identity {
  /** The kind of entry, so that a queue's message id never meets a client's header. */
  readonly kind: 'http' | 'event' | 'batch' | 'run'
  readonly service: string
  /** The operation within the service, or empty where all share one key space. */
  readonly name: string
  /** The authenticated caller, or `anonymous`. */
  readonly principal: string
  readonly key: string
}

const READABLE_CHARACTERS = 64

/**
 * Returns the record's id: the readable scope, `#`, and a digest of the whole identity.
 * The scope lets an operator find a service's records; principal and key appear only in the digest.
 *
 * @throws KeyInvalidError for text that is not well-formed Unicode, such as a key cut inside an emoji: all such halves
 *   would become the same character, and two keys the same record.
 */
export function recordId({ kind, service, name, principal, key }: Identity): string {
  for (const [part, text] of Object.entries({ key, name, principal, service })) {
    if (text.isWellFormed()) continue
    // Only the key is its caller's own, and the message of any other part is logged.
    const got = part === 'key' ? `${JSON.stringify(text.slice(0, READABLE_CHARACTERS))} with` : 'one with'
    throw new KeyInvalidError(
      `Expected the ${part} to be well-formed Unicode, got ${got} half of a surrogate pair. Cut text between characters, not inside one.`,
      { code: part === 'key' ? 'key-invalid' : 'identity-unknown' },
    )
  }
  const scope = (name === '' ? service : `${service}/${name}`)
    .replace(/[^\w./: -]/g, '_')
    .slice(0, READABLE_CHARACTERS)
  return `${scope}#${digest([kind, service, name, principal, key])}`
}

/**
 * Returns a UUID (version 8) that is the same on every attempt of one record, and different for every record and name.
 * @see RFC 9562 §5.8
 */
export function deriveUuid(id: string, name: string): string {
  if (typeof name !== 'string' || !name.isWellFormed()) {
    throw new TypeError(`derive: expected a name of well-formed Unicode, got ${JSON.stringify(name)}.`)
  }
  const hex = hash('sha256', `s${id.length}:${id}s${name.length}:${name}`, 'hex')
  const variant = ((Number.parseInt(hex.slice(16, 18), 16) & 0x3f) | 0x80).toString(16)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(18, 20)}-${hex.slice(20, 32)}`
}

/**
 * Returns the base64url SHA-256 of the parts, each prefixed with its length, so that no two lists of parts are hashed
 * as the same input. The length counts UTF-16 units of strings and bytes of byte arrays.
 */
export function digest(parts: readonly (string | Uint8Array)[]): string {
  let text = ''
  for (const part of parts) {
    // Stryker disable next-line ConditionalExpression,StringLiteral: hashing text as bytes gives the same, but slower
    if (typeof part !== 'string') return digestBytes(parts)
    text += ofText(part)
  }
  return hash('sha256', text, 'base64url')
}

function digestBytes(parts: readonly (string | Uint8Array)[]): string {
  const bytes = parts.flatMap((part) =>
    typeof part === 'string' ? [Buffer.from(ofText(part))] : [Buffer.from(`b${part.length}:`), part],
  )
  return hash('sha256', Buffer.concat(bytes), 'base64url')
}

/** Hashing as UTF-8 would make all halves of surrogate pairs one character: such text is hashed with escapes. */
function ofText(part: string): string {
  return part.isWellFormed() ? `s${part.length}:${part}` : `e${part.length}:${JSON.stringify(part)}`
}
