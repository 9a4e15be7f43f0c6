import { KeyInvalidError } from '../protocol/errors.ts'

/** What the options ask of a key, whatever kind of event it came with. */
export interface KeyRules {
  readonly minLength?: number | undefined
  readonly pattern?: RegExp | undefined
}

const EXCERPT_CHARACTERS = 40

/** @throws KeyInvalidError if the key breaks a rule. */
export function checkRules(key: string, { minLength = 1, pattern }: KeyRules, where: string): void {
  if (key.length < minLength) throw malformed(where, key, `at least ${minLength} characters`)
  // `search` starts at the beginning whatever the pattern's flags, and leaves its state alone.
  if (pattern !== undefined && key.search(pattern) < 0)
    throw malformed(where, key, `a match of ${String(pattern)}`)
}

export function malformed(where: string, value: string, expected: string): KeyInvalidError {
  const excerpt = JSON.stringify(value.slice(0, EXCERPT_CHARACTERS))
  const rest = value.length > EXCERPT_CHARACTERS ? `… (${value.length} characters)` : ''
  return new KeyInvalidError(`${where} is malformed: expected ${expected}, got ${excerpt}${rest}.`)
}
