import type { HttpRequest } from './request.ts'

/** What may stand in the header without quotes and still be read as one key: visible, and none of `"`, `,` and `\`. */
const BARE = /^[\x21\x23-\x2b\x2d-\x5b\x5d-\x7e]+$/
const PRINTABLE = /^[\x20-\x7e]+$/

/**
 * The key as a value for the response's `Idempotency-Key`: quoted (RFC 9651 §3.3.3) if the request quoted it or if it
 * must be, else bare, so that a client finds what it sent. `undefined` if no header can hold it.
 */
export function echoKey({ headers }: HttpRequest, key: string, names: readonly string[]): string | undefined {
  if (!PRINTABLE.test(key)) return undefined
  const name = names.find((each) => headers.has(each.toLowerCase())) ?? ''
  const sent = headers.get(name.toLowerCase())?.[0]?.trim()
  const isBare = sent === key || (BARE.test(key) && !sent?.startsWith('"'))
  return isBare ? key : `"${key.replace(/["\\]/g, '\\$&')}"`
}
