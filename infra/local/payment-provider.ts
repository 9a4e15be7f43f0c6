import { isDeepStrictEqual } from 'node:util'
import { gatewayAnswer, type WireAnswer } from './http-api-answer.ts'
import type { WireRequest } from './http-api-event.ts'
import { listen } from './server.ts'

interface Charge {
  readonly id: string
  readonly idempotencyKey: string
  readonly order: unknown
}

/** A company that charges cards, on this machine. No money moves. */
export interface PaymentProvider {
  readonly url: string
  /** Every charge that was made. A repeat of a key makes none. */
  readonly charges: readonly Charge[]
  /** Every receipt number that was taken. A repeat takes another one. */
  readonly receipts: readonly string[]
  /** As if nothing had been charged yet. */
  forget(): void
  stop(): Promise<void>
}

/**
 * `POST /charges` honours idempotency keys for as long as it runs: the same key gives the same charge, with another
 * body 422, without a key 400. `POST /receipts` knows no keys.
 */
export async function startPaymentProvider(): Promise<PaymentProvider> {
  const charges: Charge[] = []
  const receipts: string[] = []

  const charge = ({ headers, body }: WireRequest): WireAnswer => {
    const idempotencyKey = headers['idempotency-key']?.[0]
    if (!idempotencyKey) return gatewayAnswer(400, 'A charge needs an Idempotency-Key.')
    const order: unknown = JSON.parse(body.toString())
    const earlier = charges.find((one) => one.idempotencyKey === idempotencyKey)
    if (earlier && !isDeepStrictEqual(earlier.order, order)) {
      return gatewayAnswer(422, 'The Idempotency-Key was used for another charge.')
    }
    const made = earlier ?? { id: `ch_${charges.length + 1}`, idempotencyKey, order }
    if (!earlier) charges.push(made)
    return created({ id: made.id })
  }
  const takeReceipt = (): WireAnswer => {
    const number = `R-${String(receipts.length + 1).padStart(6, '0')}`
    receipts.push(number)
    return created({ number })
  }

  const { url, open, stop } = await listen(0)
  open(async (request) => {
    if (request.method === 'POST' && request.target === '/charges') return charge(request)
    if (request.method === 'POST' && request.target === '/receipts') return takeReceipt()
    return gatewayAnswer(404, 'Not Found')
  })
  const forget = () => {
    charges.length = 0
    receipts.length = 0
  }
  return { url, charges, receipts, forget, stop }
}

function created(body: object): WireAnswer {
  return {
    status: 201,
    headers: [['content-type', 'application/json']],
    body: Buffer.from(JSON.stringify(body)),
  }
}
