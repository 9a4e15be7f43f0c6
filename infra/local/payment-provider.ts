import { randomUUID } from 'node:crypto'
import { isDeepStrictEqual } from 'node:util'
import { gatewayResponse, type HttpRequest, type HttpResponse } from './http-api.ts'
import { listen } from './server.ts'

interface Charge {
  readonly id: string
  readonly idempotencyKey: string
  readonly order: unknown
}

/** A simulated payment provider. No card is charged. */
export interface PaymentProvider {
  readonly url: string
  /** Every charge so far. A repeat with the same key adds none. */
  readonly charges: readonly Charge[]
  /** Every receipt number taken so far. A repeat takes another one. */
  readonly receipts: readonly string[]
  /** Forgets all charges and receipts. */
  reset(): void
  stop(): Promise<void>
}

/**
 * Starts a payment provider on this machine. `POST /charges` supports idempotency keys for as long as it runs: the same
 * key returns the same charge, another body is answered with 422, and a missing key with 400. `POST /receipts` does not
 * support keys.
 */
export async function startPaymentProvider(): Promise<PaymentProvider> {
  const charges: Charge[] = []
  const receipts: string[] = []

  const charge = ({ headers, body }: HttpRequest): HttpResponse => {
    const idempotencyKey = headers['idempotency-key']?.[0]
    if (!idempotencyKey) return gatewayResponse(400, 'An Idempotency-Key is required.')
    const order: unknown = JSON.parse(body.toString())
    const earlier = charges.find((one) => one.idempotencyKey === idempotencyKey)
    if (earlier && !isDeepStrictEqual(earlier.order, order)) {
      return gatewayResponse(422, 'The Idempotency-Key was used for another charge.')
    }
    // Never the id of an earlier charge, not even after a restart.
    const current = earlier ?? { id: `ch_${randomUUID()}`, idempotencyKey, order }
    if (!earlier) charges.push(current)
    return created({ id: current.id })
  }
  const takeReceipt = (): HttpResponse => {
    const number = `R-${String(receipts.length + 1).padStart(6, '0')}`
    receipts.push(number)
    return created({ number })
  }

  const { url, open, stop } = await listen(0)
  open(async (request) => {
    if (request.method === 'POST' && request.target === '/charges') return charge(request)
    if (request.method === 'POST' && request.target === '/receipts') return takeReceipt()
    return gatewayResponse(404, 'Not Found')
  })
  const reset = () => {
    charges.length = 0
    receipts.length = 0
  }
  return { url, charges, receipts, reset, stop }
}

function created(body: object): HttpResponse {
  return {
    status: 201,
    headers: [['content-type', 'application/json']],
    body: Buffer.from(JSON.stringify(body)),
  }
}
