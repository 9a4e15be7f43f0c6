import { isOncekeyError, type OncekeyError } from './errors.ts'

/** An error as it is logged: by its names and codes, and in words only where these show neither key nor contents. */
export interface ErrorDescription {
  readonly name: string
  readonly code?: string
  readonly message?: string
  /** The cause, in the store's words. */
  readonly reason?: string
  readonly cause?: ErrorDescription
}

const MAX_CAUSES = 4
const MAX_CHARACTERS = 500

/** Returns what may be logged about whatever was thrown. */
export function describeError(error: unknown, depth = 0): ErrorDescription {
  const code = codeOf(error)
  const isSafe =
    isOncekeyError(error, 'store-unavailable') ||
    isOncekeyError(error, 'record-unreadable') ||
    isOncekeyError(error, 'identity-unknown')
  const reason =
    isOncekeyError(error, 'store-unavailable') || isOncekeyError(error, 'replay-unavailable')
      ? error.reason
      : undefined
  const cause = causeOf(error)
  return {
    name: nameOf(error),
    ...(code !== undefined && { code }),
    ...(isSafe && { message: error.message.slice(0, MAX_CHARACTERS) }),
    ...(reason !== undefined && { reason: reason.slice(0, MAX_CHARACTERS) }),
    ...(cause !== undefined && depth < MAX_CAUSES && { cause: describeError(cause, depth + 1) }),
  }
}

/** Returns one line about an error of this library's, as it may be printed: with its message, but without its key. */
export function printable(error: OncekeyError): string {
  const key = memberOf(error, 'key')
  const message =
    typeof key === 'string' ? { message: error.message.replace(JSON.stringify(key), '(not shown)') } : {}
  return JSON.stringify({ ...message, ...describeError(error) })
}

/** Returns the name or code of what went wrong at the bottom: `AccessDeniedException`, `ECONNREFUSED`. */
export function rootNameOf(error: unknown): string {
  let root = error
  for (let depth = 0; depth < MAX_CAUSES && causeOf(root) !== undefined; depth += 1) root = causeOf(root)
  return codeOf(root) ?? nameOf(root)
}

/** Returns whether this is text that a program chose, such as a name or a code, and no sentence. */
export const isName = (value: unknown): value is string =>
  typeof value === 'string' && /^[\w$.-]{1,64}$/.test(value)

/** Returns the error's name, if it is one that a program chose, and otherwise the kind of what was thrown. */
export function nameOf(error: unknown): string {
  const name = memberOf(error, 'name')
  return isName(name) ? name : error instanceof Error ? 'Error' : typeof error
}

/** A code of Node.js, such as `ECONNREFUSED`, `EAI_AGAIN` or `ERR_HTTP2_ERROR`. */
const SYSTEM_CODE = /^(?:E[A-Z]{2,}|ERR_[A-Z\d_]+|[A-Z]+(?:_[A-Z]+)+)$/

/** Returns the error's code, if it is one of Oncekey or Node.js: any other may be an id of the handler's own. */
export function codeOf(error: unknown): string | undefined {
  const code = memberOf(error, 'code')
  if (typeof code !== 'string') return undefined
  return isOncekeyError(error) || SYSTEM_CODE.test(code) ? code : undefined
}

function causeOf(error: unknown): unknown {
  return memberOf(error, 'cause')
}

/** Returns a member of whatever was thrown, getters that throw included. */
export function memberOf(value: unknown, name: string): unknown {
  try {
    return typeof value === 'object' && value !== null ? Reflect.get(value, name) : undefined
  } catch {
    return undefined
  }
}
