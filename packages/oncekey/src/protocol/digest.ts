import { hash } from 'node:crypto'

/**
 * The base64url SHA-256 of the parts, each with its length in front, so that no two lists of parts read the same.
 * The length counts UTF-16 units of strings and bytes of byte arrays, and says which.
 */
export function digest(parts: readonly (string | Uint8Array)[]): string {
  // Stryker disable next-line ConditionalExpression,ArrowFunction,StringLiteral,BlockStatement: the same, but faster
  if (parts.every((part) => typeof part === 'string')) {
    return hash('sha256', parts.map((part) => `s${part.length}:${part}`).join(''), 'base64url')
  }
  const bytes = parts.flatMap((part) =>
    typeof part === 'string'
      ? [Buffer.from(`s${part.length}:${part}`)]
      : [Buffer.from(`b${part.length}:`), part],
  )
  return hash('sha256', Buffer.concat(bytes), 'base64url')
}
