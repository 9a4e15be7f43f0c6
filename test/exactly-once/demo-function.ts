import type { APIGatewayProxyEventV2 } from 'aws-lambda'
import type { IdempotentContext } from 'oncekey'
import { handler } from '../../infra/payments/handler.ts'
import { serveInvocations } from '../support/serve-invocations.ts'

// The demo's own handler, with its middleware, as the stack deploys it.
serveInvocations((event, context) => handler(event as APIGatewayProxyEventV2, context as IdempotentContext))
