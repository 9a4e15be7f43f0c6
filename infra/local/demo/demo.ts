import type { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import type { APIGatewayProxyEventV2 } from 'aws-lambda'
import { answerAsHttpApi, type Invoke } from '../gateway.ts'
import { gatewayAnswer, type WireAnswer } from '../http-api-answer.ts'
import type { PaymentProvider } from '../payment-provider.ts'
import { createSandboxes, type Sandboxes } from '../sandboxes.ts'
import type { Answer } from '../server.ts'
import type { LocalFunction } from '../template-functions.ts'
import type { MatchRoute } from '../template-routes.ts'
import { type BundledFunction, bundleUnprotected } from './bundles.ts'
import { invokeAndKill } from './crash.ts'
import { answerPage } from './page.ts'
import { createSeenKeys, ISSUER } from './seen-keys.ts'
import { readWishes, type Wishes } from './wishes.ts'

export interface DemoParts {
  readonly matchRoute: MatchRoute
  readonly invoke: Invoke
  /** The payments function and its environment. */
  readonly fn: LocalFunction
  readonly environment: Readonly<Record<string, string>>
  readonly client: DynamoDBClient
  readonly provider: PaymentProvider
  readonly onLog: (line: string) => void
}

export interface Demo {
  readonly answer: Answer
  stop(): Promise<void>
}

interface Unprotected {
  readonly fn: LocalFunction
  readonly sandboxes: Sandboxes
  readonly bundled: BundledFunction
}

/** The checkout page, and in front of the API the misbehaving world that the page asks for. */
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
  const sources = { client, environment, provider, seenKeys, timeoutMs: fn.timeoutMs }

  // Made when it is first wished for: most runs of the stack never do.
  let unprotected: Promise<Unprotected> | undefined
  async function makeUnprotected(): Promise<Unprotected> {
    const bundled = await bundleUnprotected()
    const other: LocalFunction = { ...fn, file: bundled.file, exportName: 'handler' }
    return { fn: other, sandboxes: createSandboxes(other, environment, onLog), bundled }
  }

  async function run({ fault, isUnprotected }: Wishes, event: APIGatewayProxyEventV2) {
    if (isUnprotected) unprotected ??= makeUnprotected()
    const other = isUnprotected ? await unprotected : undefined
    if (fault === 'crash') return invokeAndKill(other?.fn ?? fn, environment, provider, event, onLog)
    return other?.sandboxes.invoke(event)
  }

  return {
    async answer(request) {
      const page = await answerPage(request, sources)
      if (page !== undefined) return page
      const wishes = readWishes(request)
      if (typeof wishes === 'string') return gatewayAnswer(400, wishes)

      const key = request.headers['idempotency-key']?.[0]
      const { user, fault } = wishes
      if (key !== undefined) seenKeys.remember({ key, ...(user !== undefined && { user }) })
      const answer: WireAnswer = await answerAsHttpApi(request, matchRoute, async (name, event) => {
        const authorized = user === undefined ? event : withClaims(event, user)
        const report = event.routeKey === 'POST /payments' ? await run(wishes, authorized) : undefined
        return report ?? invoke(name, authorized)
      })
      return fault === 'lose-reply' ? { ...answer, isCutOff: true } : answer
    },
    async stop() {
      const made = await unprotected?.catch(() => undefined)
      await made?.sandboxes.stop()
      await made?.bundled.remove()
    },
  }
}

/** The event as it comes from behind a JWT authorizer that knows the caller. */
function withClaims(event: APIGatewayProxyEventV2, user: string): APIGatewayProxyEventV2 {
  const authorizer = { jwt: { claims: { iss: ISSUER, sub: user }, scopes: null } }
  return { ...event, requestContext: { ...event.requestContext, ...{ authorizer } } }
}
