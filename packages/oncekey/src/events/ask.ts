import { KeyInvalidError } from '../protocol/errors.ts'
import { unawaited } from '../protocol/unawaited.ts'

/** Options' functions read what clients send: if one fails, the request is refused, and nothing is run. */
export function ask<T>(option: string, fn: (event: unknown) => T, event: unknown): T {
  try {
    return unawaited(fn(event))
  } catch (cause) {
    throw unidentified(`The service's own function ${option} failed on this request.`, cause)
  }
}

export function unidentified(message: string, cause?: unknown): KeyInvalidError {
  return new KeyInvalidError(message, { code: 'identity-unknown', cause })
}
