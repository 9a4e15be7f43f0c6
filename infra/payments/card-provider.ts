import { randomUUID } from 'node:crypto'
import type { Order } from './order.ts'

/** The company that charges cards and numbers receipts. */
export interface CardProvider {
  /** Charges the customer's card, once for each idempotency key. */
  charge(order: Order, idempotencyKey: string): Promise<{ readonly chargeId: string }>
  /** Takes the next receipt number. It knows no idempotency keys: each call takes another number. */
  takeReceiptNumber(chargeId: string): Promise<string>
}

/** The provider at `url`, or one that only pretends where there is none, as in the cloud. */
export function createCardProvider(url: string | undefined): CardProvider {
  return url === undefined || url === '' ? pretendedProvider : createRemoteProvider(url)
}

const pretendedProvider: CardProvider = {
  // The same key gives the same charge, as a provider that honours keys would answer.
  charge: async (_order, idempotencyKey) => ({ chargeId: `ch_${idempotencyKey}` }),
  takeReceiptNumber: async () => `R-${randomUUID()}`,
}

function createRemoteProvider(url: string): CardProvider {
  async function post(path: string, body: object, headers: Readonly<Record<string, string>> = {}) {
    const response = await fetch(new URL(path, url), {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', ...headers },
      body: JSON.stringify(body),
      signal: AbortSignal.timeout(3_000),
    })
    const answer: unknown = await response.json()
    if (!response.ok) throw new Error(`The card provider answered ${response.status} to POST ${path}.`)
    return (name: string): string => {
      const value = Object(answer)[name]
      if (typeof value !== 'string')
        throw new Error(`The card provider's answer to POST ${path} has no ${name}.`)
      return value
    }
  }

  return {
    async charge(order, idempotencyKey) {
      const read = await post('/charges', order, { 'Idempotency-Key': idempotencyKey })
      return { chargeId: read('id') }
    },
    async takeReceiptNumber(chargeId) {
      const read = await post('/receipts', { charge: chargeId })
      return read('number')
    },
  }
}
