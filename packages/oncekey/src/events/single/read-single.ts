import { ask } from '../ask.ts'
import { batchSourceOf } from '../batch/sources.ts'
import { type CallerOptions, namedPrincipal, refuseAnonymous } from '../caller.ts'
import type { Reading } from '../exchange.ts'
import type { HttpAnsweringOptions } from '../http/answering-options.ts'
import { keepResult } from '../http/keep.ts'
import { findStaleKey } from '../key-age.ts'
import type { KeyRules } from '../key-rules.ts'
import { type FingerprintOption, fingerprintMessage, readMessage } from '../message.ts'
import { nativeKey } from './native-key.ts'

/** What decides how an event is read that is neither HTTP nor a batch. */
export interface SingleReadingOptions {
  /**
   * The key of an event, in place of the one that its source gives; needed where the source gives none (Cognito
   * triggers, direct and asynchronous invocations).
   */
  key?(event: unknown): string | undefined
  /**
   * What tells one intent from another under the same key: what a function says of the event, what it carries without
   * the members that JSON pointers name, or nothing (`false`).
   * @default what the event carries
   */
  readonly fingerprint?: FingerprintOption<unknown> | undefined
  /** Whether an event without a key is refused, rather than run without protection. @default true */
  readonly required?: boolean | undefined
  /** Events to let through without protection. */
  skip?(event: unknown): boolean
  /**
   * An event that EventBridge sends again from an archive: `run` it once more for each replay (that is what replays
   * are for), or take it for a `repeat` of the first one.
   * @default 'run'
   */
  readonly archiveReplays?: 'run' | 'repeat' | undefined
  /** How old a UUIDv7 or ULID key of yours may be, in milliseconds. */
  readonly maxKeyAgeMs?: number | undefined
}

type Options = SingleReadingOptions &
  CallerOptions &
  KeyRules &
  Pick<HttpAnsweringOptions, 'shouldStore' | 'redact'> & { readonly service: string }

/**
 * What an event that is not HTTP asks for. Its key is the option's, else the one that its source gives it.
 *
 * @throws TypeError for a batch: it holds many intents, and one claim over all of them would lose those that failed.
 */
export function readSingle(event: unknown, options: Options, nowMs: number): Reading {
  const { service, key, fingerprint, required = true, skip, archiveReplays = 'run', maxKeyAgeMs } = options
  const batch = batchSourceOf(event)
  if (batch !== undefined) {
    throw new TypeError(
      `Expected a single event, got a batch of ${batch}: protect its records one by one with idempotentBatch.`,
    )
  }

  const native = nativeKey(event, archiveReplays)
  const carried = native ?? { about: [], content: { parsed: event } }
  const common = {
    kind: 'event',
    service,
    skip: () => skip !== undefined && ask('skip', skip, event) === true,
    fingerprint: () => fingerprintMessage(event, carried, fingerprint),
    required,
    keep: (result: unknown) => keepResult(undefined, result, options),
    what: 'event',
  } as const
  // A source's own keys are only its own, and need no rules and no caller.
  if (key === undefined) {
    return readMessage({ ...common, name: native?.name ?? '', key: () => native?.key, principal: () => '' })
  }
  // One key of the user's is one intent, whichever way it came.
  return readMessage({
    ...common,
    name: '',
    key: () => key(event),
    principal: () => callerOf(event, options),
    rules: options,
    staleKey: (given) => findStaleKey(given, maxKeyAgeMs, nowMs),
  })
}

/** Nobody but the option `principal` says who sent an event. */
function callerOf(event: unknown, options: CallerOptions): string {
  const named = namedPrincipal(event, options)
  if (named === undefined) refuseAnonymous(options)
  return named ?? ''
}
