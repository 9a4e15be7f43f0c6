import type { LocalFunction } from '../functions.ts'
import type { HttpRequest, HttpResponse } from '../http-api.ts'
import type { PaymentProvider } from '../payment-provider.ts'
import { createSandboxes, type Sandboxes } from '../sandboxes.ts'
import { listen } from '../server.ts'

/**
 * The `X-Demo-…` headers that control the demo. Only the local server reads them; a deployed function ignores them like
 * any other unknown header.
 */
export interface DemoHeaders {
  /** `lose-reply` closes the connection before the response. `crash` kills the run after the card was charged. */
  readonly fault?: 'lose-reply' | 'crash'
  /** The user that an authorizer would have identified. */
  readonly user?: string
  readonly isUnprotected: boolean
}

/** Reads the demo's headers of a request, or returns a message if one of them is invalid. */
export function readDemoHeaders({ headers }: HttpRequest): DemoHeaders | string {
  const fault = headers['x-demo-fault']?.[0]
  const user = headers['x-demo-user']?.[0]
  const protection = headers['x-demo-protection']?.[0] ?? 'on'
  if (fault !== undefined && fault !== 'lose-reply' && fault !== 'crash') {
    return `Expected X-Demo-Fault to be lose-reply or crash, got ${JSON.stringify(fault)}.`
  }
  if (protection !== 'on' && protection !== 'off') {
    return `Expected X-Demo-Protection to be on or off, got ${JSON.stringify(protection)}.`
  }
  return { ...(fault && { fault }), ...(user && { user }), isUnprotected: protection === 'off' }
}

/** The timeout of a run that will be killed. Its lease outlasts it, so it is shorter than the function's own. */
export const CRASH_TIMEOUT_MS = 4_000

/**
 * Runs the function in a separate sandbox and kills it as soon as the payment provider has made the charge, before the
 * function gets the response. A killed run can neither complete nor release its claim.
 */
export async function invokeAndKill(
  fn: LocalFunction,
  environment: Readonly<Record<string, string>>,
  provider: PaymentProvider,
  event: unknown,
  onLog: (line: string) => void,
): ReturnType<Sandboxes['invoke']> {
  const proxy = await listen(0)
  const sandboxes = createSandboxes(
    { ...fn, timeoutMs: CRASH_TIMEOUT_MS },
    { ...environment, PAYMENT_PROVIDER_URL: proxy.url },
    onLog,
  )
  proxy.open(async (request) => {
    const response = await forward(provider.url, request)
    await sandboxes.stop()
    return response
  })
  try {
    return await sandboxes.invoke(event)
  } finally {
    await sandboxes.stop()
    await proxy.stop()
  }
}

async function forward(url: string, { method, target, headers, body }: HttpRequest): Promise<HttpResponse> {
  const response = await fetch(new URL(target, url), {
    method,
    headers: {
      'Content-Type': 'application/json',
      'Idempotency-Key': headers['idempotency-key']?.[0] ?? '',
    },
    body: new Uint8Array(body),
  })
  return { status: response.status, headers: [], body: Buffer.from(await response.arrayBuffer()) }
}
