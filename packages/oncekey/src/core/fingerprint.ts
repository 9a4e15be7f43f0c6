import { canonicalText } from './canonical-json.ts'
import { canonicalValue } from './canonical-value.ts'
import { digest } from './identity.ts'

/** The content of a request: text, bytes that are no text, or a value that was already parsed. */
export type Content = string | Uint8Array | { readonly parsed: unknown }

/** The fingerprint of every request where none is compared. */
export const NO_FINGERPRINT = 'none'

/**
 * Returns the fingerprint of a value. The order of an object's members does not matter.
 * @throws TypeError if JSON cannot express the whole value, so that two different values could look alike.
 */
export function fingerprintOf(value: unknown, tag: 'json' | 'custom' = 'json'): string {
  const canonical = canonicalValue(value)
  if (canonical === undefined) {
    throw new TypeError('fingerprint: expected a JSON value, got one that JSON cannot express.')
  }
  return `${tag}:${digest([canonical])}`
}

/**
 * Returns the fingerprint of a request: of what it is about, in order, and of what it carries, without what the JSON
 * pointers in `omit` name. Its tag says how the content was compared: as canonical JSON, or byte by byte and whole.
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
  return `bytes:${digest([...about, text.isWellFormed() ? text : escapeTwice(text)])}`
}

/**
 * Returns a well-formed text for one that is not, as hashing would make all lone surrogates one character. Escaped
 * once, it could be a text that was sent; escaped twice, it would be one with a canonical form, and tagged as JSON.
 */
function escapeTwice(text: string): string {
  return JSON.stringify(JSON.stringify(text))
}
