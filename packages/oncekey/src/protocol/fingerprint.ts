import { canonicalText, canonicalValue } from './canonical.ts'
import { digest } from './digest.ts'

/** What a request carries: text, bytes that are no text, or a value that someone has already parsed. */
export type Content = string | Uint8Array | { readonly parsed: unknown }

/** The fingerprint of every request where none is compared. */
export const NO_FINGERPRINT = 'none'

/**
 * The fingerprint of a value. The order of an object's members does not matter.
 * @throws TypeError if JSON cannot say all of the value, so that two different ones could look alike.
 */
export function fingerprintOf(value: unknown, tag: 'json' | 'custom' = 'json'): string {
  const canonical = canonicalValue(value)
  if (canonical === undefined) {
    throw new TypeError('fingerprint: expected a JSON value, got one that JSON cannot say all of.')
  }
  return `${tag}:${digest([canonical])}`
}

/**
 * The fingerprint of a request: what it is about, in order, and what it carries, without what the pointers name.
 * Its tag says how the content was compared: as canonical JSON, or byte by byte (then whole).
 * @throws TypeError if a parsed content is not a JSON value.
 */
export function fingerprintContent(
  about: readonly string[],
  content: Content,
  omit: readonly string[],
): string {
  if (content instanceof Uint8Array) return `bytes:${digest([...about, content])}`
  const text = typeof content === 'string' ? content : canonicalValue(content.parsed)
  if (text === undefined) {
    throw new TypeError(
      'fingerprint: the body was replaced by something that is not JSON; give it as a function.',
    )
  }
  const isCanonical = typeof content !== 'string' && omit.length === 0
  const canonical = isCanonical ? text : canonicalText(text, omit)
  if (canonical !== undefined) return `json:${digest([...about, canonical])}`
  // Hashing text as UTF-8 makes all lone surrogates one character.
  return `bytes:${digest([...about, text.isWellFormed() ? text : JSON.stringify(text)])}`
}
