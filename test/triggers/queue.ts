import type { Context, SQSEvent, SQSRecord } from 'aws-lambda'
import type { BatchResponse } from '../../packages/oncekey/src/sources/records.ts'
import { lambdaContext, sqsRecord } from './fixtures.ts'

type Consumer = (event: SQSEvent, context: Context) => Promise<BatchResponse<SQSRecord>>

/** The same numbers for the same seed. */
export function random(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** So many records, of which this share is another delivery of one of the rest, in random order. */
export function recordsWithDuplicates(
  count: number,
  duplicateShare: number,
  next: () => number,
): SQSRecord[] {
  const distinct = Math.round(count * (1 - duplicateShare))
  const originals = Array.from({ length: distinct }, (_, i) =>
    sqsRecord(`message-${i}`, JSON.stringify({ order: i })),
  )
  const duplicates = Array.from({ length: count - distinct }, () => pick(originals, next))
  return shuffle([...originals, ...duplicates], next)
}

/**
 * Delivers the records in random batches to consumers that run side by side, and again what they report as failed,
 * until nothing is left. Like SQS it hands out a copy, and knows nothing of duplicates.
 */
export async function drain(
  records: readonly SQSRecord[],
  consumer: Consumer,
  { consumers, next, maxDeliveries }: { consumers: number; next: () => number; maxDeliveries: number },
): Promise<{ deliveries: number; redeliveries: number; batches: number }> {
  const visible = [...records]
  const counts = { deliveries: 0, redeliveries: 0, batches: 0 }

  const consume = async (): Promise<void> => {
    while (visible.length > 0) {
      const batch = visible.splice(0, 1 + Math.floor(next() * 10))
      counts.batches += 1
      counts.deliveries += batch.length
      if (counts.deliveries > maxDeliveries) throw new Error(`not drained after ${maxDeliveries} deliveries`)
      const { batchItemFailures } = await consumer(
        { Records: structuredClone(batch) },
        lambdaContext(() => 300_000),
      )
      const failed = new Set(batchItemFailures.map(({ itemIdentifier }) => itemIdentifier))
      for (const record of batch) {
        if (!failed.has(record.messageId)) continue
        counts.redeliveries += 1
        visible.splice(Math.floor(next() * (visible.length + 1)), 0, record)
      }
    }
  }
  await Promise.all(Array.from({ length: consumers }, consume))
  // A consumer that saw nothing left goes home while another may yet give something back.
  if (visible.length > 0) await consume()
  return counts
}

function pick<T>(items: readonly T[], next: () => number): T {
  const item = items[Math.floor(next() * items.length)]
  if (item === undefined) throw new RangeError('nothing to pick from')
  return item
}

function shuffle<T>(items: readonly T[], next: () => number): T[] {
  return items
    .map((item) => ({ item, at: next() }))
    .sort((one, other) => one.at - other.at)
    .map(({ item }) => item)
}
