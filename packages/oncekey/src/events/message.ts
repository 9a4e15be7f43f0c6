import { KeyInvalidError, KeyMissingError } from '../protocol/errors.ts'
import { type Content, fingerprintContent, fingerprintOf, NO_FINGERPRINT } from '../protocol/fingerprint.ts'
import { type Identity, recordId } from '../protocol/identity.ts'
import type { Kept } from '../protocol/intent.ts'
import type { Exchange, Reading } from './exchange.ts'

/** An event that no client waits for with a header in hand: what its source, or the user's function, says of it. */
export interface Message {
  readonly identity: Omit<Identity, 'key'>
  /** What names the key, and what compares the message with another: functions of the user's may stand behind both. */
  readonly key: () => unknown
  readonly fingerprint: () => string
  readonly required: boolean
  /** What to store of the handler's result. */
  readonly keep: (result: unknown) => Kept
  /** What the message is, for the error's text. */
  readonly what: string
}

/** What a message asks for. Whoever cannot be answered is told by an error, so that the source sends it again. */
export function readMessage(message: Message): Reading {
  const { identity, required, keep, what } = message
  try {
    const key = message.key()
    if (key === undefined || key === null || key === '') {
      if (!required) return { kind: 'unprotected', outcome: 'missing' }
      const mend = 'Give the option key, a function that finds one in it.'
      return refused(new KeyMissingError(`This ${what} names no key. ${mend}`))
    }
    if (typeof key !== 'string') {
      return refused(new KeyInvalidError(`The key of this ${what}: expected a string, got ${typeof key}.`))
    }
    const exchange: Exchange = {
      intent: { id: recordId({ ...identity, key }), key, fingerprint: message.fingerprint() },
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
  } catch (cause) {
    const why = 'its key or fingerprint could not be found out'
    return refused(new KeyInvalidError(`This ${what} cannot be run: ${why}.`, { cause }))
  }
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
