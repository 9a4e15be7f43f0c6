import type { SQSRecord } from 'aws-lambda'
import type { Store } from '../../packages/oncekey/src/core/store.ts'
import { idempotentBatch } from '../../packages/oncekey/src/entries/batch.ts'
import type { BatchOptions } from '../../packages/oncekey/src/options.ts'
import { lambdaContext, sqsEvent } from './fixtures.ts'

/** What a failing record says: nothing here shall be printed. */
export const quiet = { onRecordError: (): undefined => undefined }

export const failures = (...itemIdentifiers: unknown[]): object => ({
  batchItemFailures: itemIdentifiers.map((itemIdentifier) => ({ itemIdentifier })),
})

/** A consumer of SQS that notes what ran, and fails for the bodies given. */
export function consumer(
  store: Store,
  failing: ReadonlySet<string> = new Set(),
  options: BatchOptions<SQSRecord> = quiet,
) {
  const ran: string[] = []
  const handler = idempotentBatch(
    async (record: SQSRecord) => {
      ran.push(record.messageId)
      await Promise.resolve()
      if (failing.has(record.body)) throw new Error(`cannot do ${record.body}`)
    },
    store,
    options,
  )
  return { ran, handle: (...records: SQSRecord[]) => handler(sqsEvent(...records), lambdaContext()) }
}
