import { hash } from 'node:crypto'
import { digest } from './digest.ts'

/** Who asks, of which service, for what: everything that keeps two keys apart. */
export interface Identity {
  /** The kind of entry, so that a queue's message id never meets a client's header. */
  readonly kind: 'http' | 'event' | 'batch' | 'run'
  readonly service: string
  /** The operation within the service, or empty where all share one key space. */
  readonly name: string
  /** Who calls: the authenticated principal, or `anonymous`. */
  readonly principal: string
  readonly key: string
}

const READABLE_CHARACTERS = 64

/**
 * The record's id: the readable scope, `#`, and a digest of the whole identity.
 * The scope lets an operator find a service's records; principal and key appear only in the digest.
 */
export function recordId({ kind, service, name, principal, key }: Identity): string {
  const scope = (name === '' ? service : `${service}/${name}`)
    .replace(/[^\w./: -]/g, '_')
    .slice(0, READABLE_CHARACTERS)
  return `${scope}#${digest([kind, service, name, principal, key])}`
}

/**
 * A UUID (version 8) that is equal on every attempt of one record and different for every record and name.
 * @see RFC 9562 §5.8
 */
export function deriveUuid(id: string, name: string): string {
  const hex = hash('sha256', `s${id.length}:${id}s${name.length}:${name}`, 'hex')
  const variant = ((Number.parseInt(hex.slice(16, 18), 16) & 0x3f) | 0x80).toString(16)
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-8${hex.slice(13, 16)}-${variant}${hex.slice(18, 20)}-${hex.slice(20, 32)}`
}
