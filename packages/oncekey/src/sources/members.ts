/** The members of a value that may be anything: events pass through other middleware, or are made by hand. */
export type Members = Readonly<Record<string, unknown>>

const NONE: Members = {}

/** Returns the value to look up members in, or an empty object if it has none. */
export function membersOf(value: unknown): Members {
  return isMembers(value) ? value : NONE
}

export function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null
}
