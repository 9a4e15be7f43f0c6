import { batchSourceOf } from '../batch/sources.ts'
import type { Reading } from '../exchange.ts'
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
}

/**
 * What an event that is not HTTP asks for. Its key is the option's, else the one that its source gives it.
 *
 * @throws TypeError for a batch: it holds many intents, and one claim over all of them would lose those that failed.
 */
export function readSingle(
  event: unknown,
  options: SingleReadingOptions & { readonly service: string },
): Reading {
  const { service, key, fingerprint, required = true, skip, archiveReplays = 'run' } = options
  const batch = batchSourceOf(event)
  if (batch !== undefined) {
    throw new TypeError(
      `Expected a single event, got a batch of ${batch}: protect its records one by one with idempotentBatch.`,
    )
  }
  if (skip?.(event) === true) return { kind: 'unprotected', outcome: 'skipped' }

  const native = nativeKey(event, archiveReplays)
  return readMessage({
    // One key of the user's is one intent, whichever way it came; a source's own keys are only its own.
    identity: { kind: 'event', service, name: key ? '' : (native?.name ?? ''), principal: '' },
    key: () => (key ? key(event) : native?.key),
    fingerprint: () =>
      fingerprintMessage(event, native ?? { about: [], content: { parsed: event } }, fingerprint),
    required,
    keep: (value) => ({ value }),
    what: 'event',
  })
}
