import type { Order } from './order.ts'

/** A payment as clients see it. */
export interface Payment extends Order {
  readonly id: string
  /** ISO 8601. */
  readonly createdAt: string
}

/** What proves a payment, in other systems. */
export interface Proof {
  readonly chargeId: string
  readonly receiptNumber: string
}
