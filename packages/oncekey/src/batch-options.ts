import type { RecordReadingOptions } from './events/batch/read-record.ts'
import { aBoolean, aDuration, aFunction, CLAIM_RULES, EVENT_RULES, type Rule } from './option-rules.ts'
import type { ClaimOptions } from './options.ts'

/** What `idempotentBatch` takes. */
export interface BatchOptions<TRecord = unknown> extends ClaimOptions, RecordReadingOptions<TRecord> {
  /**
   * Records with the same group run one after another, and the group stops at its first failure; a record without one
   * may run beside any other. If it throws, or gives something else, that record alone is reported as failed.
   * @default a FIFO queue's message group; a stream's partition key or item; a Kafka partition; none for other queues
   */
  readonly group?: (record: TRecord) => string | undefined
  /** How many records run at the same time. @default 8 */
  readonly concurrency?: number
  /**
   * With less time than this left in the invocation, no further record is begun: the rest is reported as failed, and
   * so comes again. Give it what one record takes.
   * @default 1 second
   */
  readonly minRemainingMs?: number
  /**
   * Told of every record that failed, and why; Lambda itself logs nothing of it. What it throws is ignored.
   * @default console.error
   */
  readonly onRecordError?: (error: unknown, record: TRecord) => unknown
}

/** What each option must be, and how to say so. */
export const BATCH_RULES: Readonly<Record<keyof BatchOptions, Rule>> = {
  ...CLAIM_RULES,
  key: aFunction,
  group: aFunction,
  fingerprint: EVENT_RULES.fingerprint,
  required: aBoolean,
  concurrency: [(value) => Number.isSafeInteger(value) && Number(value) > 0, 'a whole number above 0'],
  minRemainingMs: aDuration,
  onRecordError: aFunction,
}
