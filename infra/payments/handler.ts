import middy from '@middy/core'
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda'
import { type IdempotentContext, idempotent } from 'oncekey'
import { emfMetrics } from 'oncekey/metrics'
import { createPayment } from './create-payment.ts'
import { findPayment, listLedger } from './ledger.ts'
import { json, problem } from './responses.ts'
import { readSetting, SERVICE } from './settings.ts'

type Route = (
  event: APIGatewayProxyEventV2,
  context: IdempotentContext,
) => Promise<APIGatewayProxyStructuredResultV2>

const listPayments: Route = async () => json(200, { payments: await listLedger() })

const showPayment: Route = async ({ pathParameters }) => {
  const payment = await findPayment(pathParameters?.id ?? '')
  return payment
    ? json(200, payment)
    : problem(404, 'Payment not found', 'The ledger has no payment with this id.')
}

const routes: Readonly<Record<string, Route>> = {
  'POST /payments': middy(createPayment).use(
    idempotent(readSetting('IDEMPOTENCY_TABLE'), { service: SERVICE, onOutcome: emfMetrics() }),
  ),
  'GET /payments': listPayments,
  'GET /payments/{id}': showPayment,
}

/** The payments function, which serves every route of the API. */
export const handler: Route = async (event, context) =>
  routes[event.routeKey]?.(event, context) ?? problem(404, 'Route not found', event.routeKey)
