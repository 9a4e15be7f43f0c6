import { KeyInvalidError, KeyMissingError } from '../protocol/errors.ts'
import { type Content, fingerprintContent, fingerprintOf, NO_FINGERPRINT } from '../protocol/fingerprint.ts'
import { type Identity, recordId } from '../protocol/identity.ts'
import type { Kept } from '../protocol/intent.ts'
import type { Exchange, Reading } from './exchange.ts'

/** An event that no client waits for with a header in hand: what its source, or the user's function, says of it. */
export interface Message {
  readonly identity: Omit<Identity, 'key'>
  /** What came out for the key, before anybody looked whether it will do. */
  readonly key: unknown
  readonly fingerprint: string
  readonly required: boolean
  /** What to store of the handler's result. */
  readonly keep: (result: unknown) => Kept
  /** What the message is, for the error's text. */
  readonly what: string
}

/** What a message asks for. Whoever cannot be answered is told by an error, so that the source sends it again. */
export function readMessage({ identity, key, fingerprint, required, keep, what }: Message): Reading {
  if (key === undefined || key === null || key === '') {
    if (!required) return { kind: 'unprotected', outcome: 'missing' }
    return refused(
      new KeyMissingError(`The ${what} names no key. Give the option key, a function that finds one in it.`),
    )
  }
  if (typeof key !== 'string') {
    return refused(
      new KeyInvalidError(
        `The ${what} names a key that is no string but ${typeof key}. Make it a string in the option key.`,
      ),
    )
  }
  const exchange: Exchange = {
    intent: { id: recordId({ ...identity, key }), key, fingerprint },
    longestWaitMs: Number.POSITIVE_INFINITY,
    keep,
    keepError: () => undefined,
    answer: (result) => result,
    replay: (value) => value,
    refuse(error) {
      throw error
    },
  }
  return { kind: 'exchange', exchange }
}

/** What the user wants compared: what a function says of the message, what was sent but for the pointers, or nothing. */
export type FingerprintOption<T> = ((message: T) => unknown) | readonly string[] | false

/** What a message carries, and what that is about. */
export interface Carried {
  readonly about: readonly string[]
  readonly content: Content
}

export function fingerprintMessage<T>(
  message: T,
  { about, content }: Carried,
  option: FingerprintOption<T> = [],
): string {
  if (option === false) return NO_FINGERPRINT
  if (typeof option === 'function') return fingerprintOf(option(message), 'custom')
  return fingerprintContent(about, content, option)
}

function refused(error: KeyMissingError | KeyInvalidError): Reading {
  return {
    kind: 'refused',
    error,
    refuse() {
      throw error
    },
  }
}
