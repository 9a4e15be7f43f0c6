import { randomUUID } from 'node:crypto'
import type { Order } from './payment.ts'

/** A payment provider that charges cards and issues receipt numbers. */
export interface CardProvider {
  /** Charges the customer's card, once per idempotency key. */
  charge(order: Order, idempotencyKey: string): Promise<{ readonly chargeId: string }>
  /** Takes the next receipt number. There are no idempotency keys here: every call takes another number. */
  takeReceiptNumber(chargeId: string): Promise<string>
}

/** Returns a client of the provider at `url`. Without a URL, as when deployed, nothing is charged. */
export function createCardProvider(url: string | undefined): CardProvider {
  return url === undefined || url === '' ? simulatedProvider : createRemoteProvider(url)
}

const simulatedProvider: CardProvider = {
  // The same key returns the same charge, as with a provider that supports idempotency keys.
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
