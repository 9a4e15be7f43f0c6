import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda'
import { json, problem } from './answers.ts'
import { findPayment, listLedger } from './ledger.ts'

export async function listPayments(): Promise<APIGatewayProxyStructuredResultV2> {
  return json(200, { payments: await listLedger() })
}

export async function showPayment({
  pathParameters,
}: APIGatewayProxyEventV2): Promise<APIGatewayProxyStructuredResultV2> {
  const payment = await findPayment(pathParameters?.id ?? '')
  return payment ? json(200, payment) : problem(404, 'There is no such payment', 'The ledger has no such id.')
}
