import type { KeyInvalidError, KeyMissingError, OncekeyError } from '../protocol/errors.ts'
import type { Intent, Kept } from '../protocol/intent.ts'

/**
 * One event's side of the protocol: what it asks for, and how it is told each way in which that can end.
 * Everything it needs of the event was read when it was made, before the handler could change the event.
 */
export interface Exchange {
  readonly intent: Intent
  /** Set if the key is too old to run for: an existing record still answers, and else this is the answer. */
  readonly staleKey?: KeyInvalidError
  /** How long this kind of event's caller can be kept waiting at all. */
  readonly longestWaitMs: number
  /** What to store of what the handler returned; `undefined`: nothing, the claim is released. */
  keep(result: unknown): Kept | undefined
  /** What to store of what the handler threw; `undefined`: nothing, the claim is released. */
  keepError(error: unknown): Kept | undefined
  /** The handler's own result as its caller gets it. */
  answer(result: unknown): unknown
  /** A stored result as a repeat gets it. */
  replay(value: unknown): unknown
  /** Says no: returns the refusal where the event's source takes one, else throws the error. */
  refuse(error: OncekeyError): unknown
}

/** What an event turned out to be. */
export type Reading =
  | { readonly kind: 'exchange'; readonly exchange: Exchange }
  /** The handler runs without protection: no store call, no marker. */
  | { readonly kind: 'unprotected'; readonly outcome: 'skipped' | 'missing' }
  /** The handler does not run. `refuse` returns or throws the answer. */
  | {
      readonly kind: 'refused'
      readonly error: KeyMissingError | KeyInvalidError
      readonly refuse: () => unknown
    }
