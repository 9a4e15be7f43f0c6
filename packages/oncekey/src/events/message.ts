import { KeyInvalidError, KeyMissingError } from '../protocol/errors.ts'
import { type Content, fingerprintContent, fingerprintOf, NO_FINGERPRINT } from '../protocol/fingerprint.ts'
import { type Identity, recordId } from '../protocol/identity.ts'
import type { Kept } from '../protocol/intent.ts'
import { unawaited } from '../protocol/unawaited.ts'
import type { Exchange, Reading } from './exchange.ts'
import { checkRules, type KeyRules } from './key-rules.ts'

/** An event that no client waits for with a header in hand: what its source, or the user's function, says of it. */
export interface Message extends Pick<Identity, 'kind' | 'service' | 'name'> {
  // Functions of the user's may stand behind these four: should one fail, the message is refused.
  /** Whether to let it pass without protection. */
  readonly skip?: () => boolean
  readonly key: () => unknown
  readonly principal: () => string
  /** What compares the message with another. */
  readonly fingerprint: () => string
  readonly required: boolean
  /** What the key must be like. */
  readonly rules?: KeyRules
  /** The answer to a key that is too old to run for. */
  readonly staleKey?: (key: string) => KeyInvalidError | undefined
  /** What to store of the handler's result; `undefined`: nothing. */
  readonly keep: (result: unknown) => Kept | undefined
  /** What the message is, for the error's text. */
  readonly what: string
}

/** What a message asks for. Whoever cannot be answered is told by an error, so that the source sends it again. */
export function readMessage(message: Message): Reading {
  const { kind, service, name, required, rules = {}, keep, what } = message
  try {
    if (message.skip?.() === true) return { kind: 'unprotected', outcome: 'skipped' }
    const key = unawaited(message.key())
    if (key === undefined || key === null || key === '') {
      if (!required) return { kind: 'unprotected', outcome: 'missing' }
      const mend = 'Give the option key, a function that finds one in it.'
      return refused(new KeyMissingError(`This ${what} names no key. ${mend}`))
    }
    if (typeof key !== 'string') {
      return refused(new KeyInvalidError(`The key of this ${what}: expected a string, got ${typeof key}.`))
    }
    checkRules(key, rules, `The key of this ${what}`)
    const staleKey = message.staleKey?.(key)
    const principal = message.principal()
    const exchange: Exchange = {
      intent: {
        id: recordId({ kind, service, name, principal, key }),
        key,
        fingerprint: message.fingerprint(),
      },
      ...(staleKey && { staleKey }),
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
    if (cause instanceof KeyInvalidError) return refused(cause)
    const why = 'its key or fingerprint could not be found out'
    return refused(
      new KeyInvalidError(`This ${what} cannot be run: ${why}.`, { code: 'identity-unknown', cause }),
    )
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
  if (typeof option === 'function') return fingerprintOf(unawaited(option(message)), 'custom')
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
