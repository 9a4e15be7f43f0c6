import { hash } from 'node:crypto'

/**
 * The base64url SHA-256 of the parts, each with its length in front, so that no two lists of parts read the same.
 * The length counts UTF-16 units of strings and bytes of byte arrays, and says which.
 */
export function digest(parts: readonly (string | Uint8Array)[]): string {
  let text = ''
  for (const part of parts) {
    // Stryker disable next-line ConditionalExpression,StringLiteral: the bytes of a text come to the same, but slower
    if (typeof part !== 'string') return digestBytes(parts)
    text += `s${part.length}:${part}`
  }
  return hash('sha256', text, 'base64url')
}

function digestBytes(parts: readonly (string | Uint8Array)[]): string {
  const bytes = parts.flatMap((part) =>
    typeof part === 'string'
      ? [Buffer.from(`s${part.length}:${part}`)]
      : [Buffer.from(`b${part.length}:`), part],
  )
  return hash('sha256', Buffer.concat(bytes), 'base64url')
}
