import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda'
import type { IdempotentContext } from 'oncekey'
import { json, problem } from './answers.ts'
import { createCardProvider } from './card-provider.ts'
import { bookPayment, isBookedAlready } from './ledger.ts'
import { readOrder } from './order.ts'
import type { Payment } from './payment.ts'

const provider = createCardProvider(process.env.PAYMENT_PROVIDER_URL)

/** Charges a card, takes a receipt number, and books the payment: each of them once, however often it is sent. */
export async function createPayment(
  event: APIGatewayProxyEventV2,
  { idempotency: attempt }: IdempotentContext,
): Promise<APIGatewayProxyStructuredResultV2> {
  const order = readOrder(event)
  if ('detail' in order) return problem(400, 'The payment is not valid', order.detail)

  // Equal on every attempt: the provider knows a repeat by it.
  const { chargeId } = await provider.charge(order, attempt.derive('charge'))
  // The provider knows no repeats here, so the record does.
  const receiptNumber = await attempt.step('receipt', () => provider.takeReceiptNumber(chargeId))

  const payment: Payment = { id: attempt.derive('payment'), ...order, createdAt: new Date().toISOString() }
  const created = json(201, payment, { Location: `/payments/${payment.id}` })
  try {
    // The ledger, the wallet and the answer for every repeat: all of them, or none.
    return await attempt.commit(created, bookPayment(payment, { chargeId, receiptNumber }))
  } catch (error) {
    if (!isBookedAlready(error)) throw error
    return problem(409, 'The payment was made before', `See /payments/${payment.id}.`)
  }
}
