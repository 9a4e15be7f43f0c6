import type { APIGatewayProxyEventV2 } from 'aws-lambda'

/** What a client asks for: an amount to charge to a customer. */
export interface Order {
  /** In minor units of the currency. */
  readonly amount: number
  readonly currency: string
  readonly customer: string
}

/** A payment as clients see it. */
export interface Payment extends Order {
  readonly id: string
  /** ISO 8601. */
  readonly createdAt: string
}

/** The references of a payment in other systems. */
export interface PaymentReferences {
  readonly chargeId: string
  readonly receiptNumber: string
}

const MAX_CUSTOMER_LENGTH = 100

/** Returns the order in the request's body, or a description of what is invalid in it. */
export function readOrder(event: APIGatewayProxyEventV2): Order | { readonly detail: string } {
  const body = parseBody(event)
  if (typeof body !== 'object' || body === null) return { detail: 'Expected the body to be a JSON object.' }

  const amount = 'amount' in body ? body.amount : undefined
  if (typeof amount !== 'number' || !Number.isSafeInteger(amount) || amount <= 0) {
    return { detail: 'Expected amount to be a positive integer, in minor units of the currency.' }
  }
  const currency = 'currency' in body ? body.currency : undefined
  if (typeof currency !== 'string' || !/^[A-Z]{3}$/.test(currency)) {
    return { detail: 'Expected currency to be three capital letters, such as EUR.' }
  }
  const customer = 'customer' in body ? body.customer : undefined
  if (typeof customer !== 'string' || customer === '' || customer.length > MAX_CUSTOMER_LENGTH) {
    return { detail: `Expected customer to be a string of 1 to ${MAX_CUSTOMER_LENGTH} characters.` }
  }
  return { amount, currency, customer }
}

function parseBody({ body = '', isBase64Encoded }: APIGatewayProxyEventV2): unknown {
  try {
    return JSON.parse(isBase64Encoded ? Buffer.from(body, 'base64').toString() : body)
  } catch {
    return undefined
  }
}
