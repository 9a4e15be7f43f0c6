import type { SQSRecord } from 'aws-lambda'
import { idempotentBatch } from 'oncekey'
import { ship } from './warehouse.ts'

interface Order {
  readonly orderId: string
  readonly items: readonly string[]
  /** Differs each time that the shop sends the order. */
  readonly sentAt: string
}

const readOrder = (record: SQSRecord): Order => JSON.parse(record.body)

/** Ships each order once, however often the shop or the queue sends it. */
export const handler = idempotentBatch<SQSRecord>(
  async (record, { idempotency: attempt }) => {
    const { orderId, items } = readOrder(record)
    await ship({ parcelId: attempt.derive('parcel'), orderId, items })
  },
  process.env.IDEMPOTENCY_TABLE ?? '',
  {
    // The message's own id would not recognise an order that the shop sends twice.
    key: (record) => readOrder(record).orderId,
    fingerprint: (record) => readOrder(record).items,
  },
)
