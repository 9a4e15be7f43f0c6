import middy from '@middy/core'
import type { APIGatewayProxyEventV2, APIGatewayProxyStructuredResultV2 } from 'aws-lambda'
import { type IdempotentContext, idempotent } from 'oncekey'
import { emfMetrics } from 'oncekey/metrics'
import { problem } from './answers.ts'
import { createPayment } from './create-payment.ts'
import { listPayments, showPayment } from './read-payments.ts'
import { SERVICE } from './service.ts'
import { setting } from './setting.ts'

type Route = (
  event: APIGatewayProxyEventV2,
  context: IdempotentContext,
) => Promise<APIGatewayProxyStructuredResultV2>

const routes: Readonly<Record<string, Route>> = {
  'POST /payments': middy(createPayment).use(
    idempotent(setting('IDEMPOTENCY_TABLE'), { service: SERVICE, onOutcome: emfMetrics() }),
  ),
  'GET /payments': listPayments,
  'GET /payments/{id}': showPayment,
}

/** The payments function: one for all routes of the API. */
export const handler: Route = async (event, context) =>
  routes[event.routeKey]?.(event, context) ?? problem(404, 'There is no such route', event.routeKey)
