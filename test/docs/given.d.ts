/** What the documentation takes as given: the reader's own code, and imports that another block of the page shows. */

import type { Function as LambdaFunction } from 'aws-cdk-lib/aws-lambda'
import type {
  APIGatewayProxyEventV2,
  APIGatewayProxyStructuredResultV2,
  Context,
  SQSRecord,
} from 'aws-lambda'
import type * as oncekey from 'oncekey'
import type { IdempotentContext } from 'oncekey'

declare global {
  interface Order {
    readonly id: string
    readonly amount: number
    readonly currency: string
    readonly customer: string
  }
  interface Receipt {
    readonly number: string
  }
  const table: string
  const order: Order
  const ledgerTable: string
  const walletsTable: string
  const shipOrder: (record: SQSRecord, context: IdempotentContext) => Promise<void>
  const createPayment: (
    event: APIGatewayProxyEventV2,
    context: IdempotentContext,
  ) => Promise<APIGatewayProxyStructuredResultV2>
  const checkout: typeof createPayment
  const createMcpServer: () => import('@modelcontextprotocol/sdk/server/index.js').Server
  const guardedBefore: (
    event: APIGatewayProxyEventV2,
    context: Context,
  ) => Promise<APIGatewayProxyStructuredResultV2>
  const onPaymentEvent: typeof guardedBefore
  const isSigned: (event: APIGatewayProxyEventV2) => boolean
  const charge: (order: Order, idempotencyKey?: string) => Promise<Receipt>
  const ship: (orderId: string, idempotencyKey: string) => Promise<string>
  const startExecution: (name: string, payload: string | undefined) => Promise<void>
  const readOrder: (event: APIGatewayProxyEventV2) => Order
  const provider: {
    charge(order: Order, idempotencyKey: string): Promise<{ readonly chargeId: string }>
    takeReceiptNumber(chargeId: string): Promise<string>
  }
  const untilOnline: () => Promise<void>
  const app: (request: object, response: object) => void
  const paymentsFunction: LambdaFunction

  // README.md imports these in its first block, or leaves their import to the reader.
  const middy: typeof import('@middy/core').default
  const httpErrorHandler: typeof import('@middy/http-error-handler').default
  const httpHeaderNormalizer: typeof import('@middy/http-header-normalizer').default
  const httpJsonBodyParser: typeof import('@middy/http-json-body-parser').default
  const validator: typeof import('@middy/validator').default
  const eventSchema: never
  const idempotent: typeof oncekey.idempotent
  const idempotentHandler: typeof oncekey.idempotentHandler
  const runOnce: typeof oncekey.runOnce
}
