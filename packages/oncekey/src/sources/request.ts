import type { Identity } from '../core/identity.ts'
import type { Responder } from '../core/request.ts'
import { type Compared, withoutEnvelopes } from './envelope.ts'
import type { EventKind, NativeKey, UNNAMED } from './identify.ts'

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

/** Stores and answers plain values, and throws refusals: for callers that get a result or an error, not a response. */
export const valueResponder: Responder<unknown> = {
  toStore: (value) => ({ value }),
  errorToStore: () => undefined,
  respond: (result) => result,
  replay: (value) => value,
  refuse(error) {
    throw error
  },
}

/** An event that is not HTTP: its key, if its source gives one, and what it carries. */
export interface NativeEvent extends Compared {
  readonly native: NativeKey | undefined
  /** As `EventKind.principal` returns it, for sources whose events have a caller. */
  readonly caller?: string | typeof UNNAMED | undefined
}

/** Describes the events of a source that are answered with plain values. */
export function describeNative(
  kind: Identity['kind'],
  noun: string,
  responder: Responder<unknown>,
): EventKind<NativeEvent> {
  return {
    kind,
    noun,
    responder,
    maxWaitMs: Number.POSITIVE_INFINITY,
    missingKey: `This ${noun} has no key of its own. Set the option key to a function that returns one. (HTTP events are known by their method, path, headers and requestContext together.)`,
    nativeKey: (event) => event.native,
    readContent: withoutEnvelopes,
  }
}
