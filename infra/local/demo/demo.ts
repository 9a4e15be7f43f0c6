import { randomUUID } from 'node:crypto'
import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import type { APIGatewayProxyEventV2 } from 'aws-lambda'
import type { LocalFunction } from '../functions.ts'
import { gatewayResponse, type HttpResponse, handleAsHttpApi, type Invoke } from '../http-api.ts'
import type { PaymentProvider } from '../payment-provider.ts'
import type { MatchRoute } from '../routes.ts'
import { createSandboxes, type Sandboxes } from '../sandboxes.ts'
import type { RequestHandler } from '../server.ts'
import { type BundledFunction, bundleUnprotected } from './bundles.ts'
import { type DemoHeaders, invokeAndKill, readDemoHeaders } from './faults.ts'
import { servePage } from './page.ts'
import { createSeenKeys, ISSUER } from './state.ts'

export interface DemoParts {
  readonly matchRoute: MatchRoute
  readonly invoke: Invoke
  /** The payments function and its environment variables. */
  readonly fn: LocalFunction
  readonly environment: Readonly<Record<string, string>>
  readonly client: DynamoDBClient
  readonly provider: PaymentProvider
  readonly onLog: (line: string) => void
}

export interface Demo {
  readonly handle: RequestHandler
  stop(): Promise<void>
}

interface Unprotected {
  readonly fn: LocalFunction
  readonly sandboxes: Sandboxes
  readonly bundled: BundledFunction
}

/** Serves the checkout page, and passes other requests to the API with the faults that their headers ask for. */
export function createDemo({
  matchRoute,
  invoke,
  fn,
  environment,
  client,
  provider,
  onLog,
}: DemoParts): Demo {
  const seenKeys = createSeenKeys()
  const contents = { id: randomUUID() }
  const sources = { client, contents, environment, provider, seenKeys, timeoutMs: fn.timeoutMs }

  // Bundled on first use, because most runs of the stack never need it.
  let unprotected: Promise<Unprotected> | undefined
  async function createUnprotected(): Promise<Unprotected> {
    const bundled = await bundleUnprotected()
    const other: LocalFunction = { ...fn, file: bundled.file, exportName: 'handler' }
    return { fn: other, sandboxes: createSandboxes(other, environment, onLog), bundled }
  }

  async function run({ fault, isUnprotected }: DemoHeaders, event: APIGatewayProxyEventV2) {
    if (isUnprotected) unprotected ??= createUnprotected()
    const other = isUnprotected ? await unprotected : undefined
    if (fault === 'crash') return invokeAndKill(other?.fn ?? fn, environment, provider, event, onLog)
    return other?.sandboxes.invoke(event)
  }

  return {
    async handle(request) {
      const page = await servePage(request, sources)
      if (page !== undefined) return page
      const demo = readDemoHeaders(request)
      if (typeof demo === 'string') return gatewayResponse(400, demo)

      const key = request.headers['idempotency-key']?.[0]
      const { user, fault } = demo
      if (key !== undefined) seenKeys.remember({ key, ...(user !== undefined && { user }) })
      const response: HttpResponse = await handleAsHttpApi(request, matchRoute, async (name, event) => {
        const authorized = user === undefined ? event : withClaims(event, user)
        const report = event.routeKey === 'POST /payments' ? await run(demo, authorized) : undefined
        return report ?? invoke(name, authorized)
      })
      return fault === 'lose-reply' ? { ...response, isCutOff: true } : response
    },
    async stop() {
      const created = await unprotected?.catch(() => undefined)
      await created?.sandboxes.stop()
      await created?.bundled.remove()
    },
  }
}

/** Returns the event with the claims that a JWT authorizer would add for this user. */
function withClaims(event: APIGatewayProxyEventV2, user: string): APIGatewayProxyEventV2 {
  const authorizer = { jwt: { claims: { iss: ISSUER, sub: user }, scopes: null } }
  return { ...event, requestContext: { ...event.requestContext, ...{ authorizer } } }
}
