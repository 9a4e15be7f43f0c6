import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda'
import type { IdempotentContext } from 'oncekey'
import { createCardProvider } from './card-provider.ts'
import { bookPayment, isAlreadyBooked } from './ledger.ts'
import { type Payment, readOrder } from './payment.ts'
import { json, problem } from './responses.ts'

const provider = createCardProvider(process.env.PAYMENT_PROVIDER_URL)

/** Charges a card, takes a receipt number and books the payment, each of them once, however often it is sent. */
export async function createPayment(
  event: APIGatewayProxyEventV2,
  { idempotency: attempt }: IdempotentContext,
): Promise<APIGatewayProxyStructuredResultV2> {
  const order = readOrder(event)
  if ('detail' in order) return problem(400, 'The payment is not valid', order.detail)

  // The same key on every attempt, so that the provider recognises a repeat.
  const { chargeId } = await provider.charge(order, attempt.derive('charge'))
  // The provider does not recognise a repeat here, so the number is saved in the record.
  const receiptNumber = await attempt.step('receipt', () => provider.takeReceiptNumber(chargeId))

  const payment: Payment = { id: attempt.derive('payment'), ...order, createdAt: new Date().toISOString() }
  const created = json(201, payment, { Location: `/payments/${payment.id}` })
  try {
    // One transaction: the ledger, the wallet, and the response for every repeat.
    return await attempt.commit(created, bookPayment(payment, { chargeId, receiptNumber }))
  } catch (error) {
    if (!isAlreadyBooked(error)) throw error
    return problem(409, 'The payment already exists', `See /payments/${payment.id}.`)
  }
}
