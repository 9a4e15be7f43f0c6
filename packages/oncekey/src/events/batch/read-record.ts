import type { Exchange, Reading } from '../exchange.ts'
import { type FingerprintOption, fingerprintMessage, readMessage } from '../message.ts'
import type { BatchRecord, BatchSource } from './sources.ts'

/** What decides how a record is read. */
export interface RecordReadingOptions<TRecord> {
  /**
   * The key of a record, in place of the one that its source gives: a sender that sends the same order twice makes
   * two messages of it, and only its own id in them says that they are one.
   */
  readonly key?: ((record: TRecord) => string | undefined) | undefined
  /**
   * What tells one intent from another under the same key: what a function says of the record, what was sent without
   * the members that JSON pointers name, or nothing (`false`).
   * @default what was sent
   */
  readonly fingerprint?: FingerprintOption<TRecord> | undefined
  /** Whether a record without a key is reported as failed, rather than run without protection. @default true */
  readonly required?: boolean | undefined
}

/** What one record of a batch asks for. */
export function readRecord<TRecord>(
  source: BatchSource,
  { record, key, issuer, about, content }: BatchRecord<TRecord>,
  options: RecordReadingOptions<TRecord> & { readonly service: string },
): Reading {
  const { service, required = true } = options
  return readMessage({
    // One key of the user's is one intent, whichever queue it came through; a source's own keys are only its own.
    kind: 'batch',
    service,
    name: options.key ? '' : source,
    principal: () => (options.key ? '' : issuer),
    key: () => (options.key ? options.key(record) : key),
    fingerprint: () => fingerprintMessage(record, { about, content }, options.fingerprint),
    required,
    // Nobody is answered with a record's result, so nothing of it needs to be kept.
    keep: () => ({ value: undefined }),
    what: `${source} record`,
  })
}

/** What an exchange is known by within one batch: two records of which both are the same are one intent. */
export function intentName({ intent }: Exchange): string {
  return `${intent.id} ${intent.fingerprint}`
}
