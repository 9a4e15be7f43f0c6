export type Members = Readonly<Record<string, unknown>>

const NONE: Members = {}

/** What ought to be an object, to look for members in; an empty one if it is none. */
export function membersOf(value: unknown): Members {
  return isMembers(value) ? value : NONE
}

export function isMembers(value: unknown): value is Members {
  return typeof value === 'object' && value !== null
}
