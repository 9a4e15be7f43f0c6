import type { APIGatewayProxyEventV2 } from 'aws-lambda'

/** What a client asks for: an amount in minor units, to be charged to a customer. */
export interface Order {
  readonly amount: number
  readonly currency: string
  readonly customer: string
}

const MAX_CUSTOMER_LENGTH = 100

/** The order in the request, or what is wrong with it. */
export function readOrder(event: APIGatewayProxyEventV2): Order | { readonly detail: string } {
  const body = readJson(event)
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

function readJson({ body = '', isBase64Encoded }: APIGatewayProxyEventV2): unknown {
  try {
    return JSON.parse(isBase64Encoded ? Buffer.from(body, 'base64').toString() : body)
  } catch {
    return undefined
  }
}
