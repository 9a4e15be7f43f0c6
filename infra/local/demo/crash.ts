import type { WireAnswer } from '../http-api-answer.ts'
import type { WireRequest } from '../http-api-event.ts'
import type { PaymentProvider } from '../payment-provider.ts'
import { createSandboxes, type Sandboxes } from '../sandboxes.ts'
import { listen } from '../server.ts'
import type { LocalFunction } from '../template-functions.ts'

/** A killed run's lease lasts longer than this: nobody wants to watch the function's own ten seconds. */
export const CRASH_TIMEOUT_MS = 4_000

/**
 * Runs the function in a sandbox of its own, which is killed as soon as the card company has made the charge, before
 * its answer arrives. What is killed can neither complete nor release.
 */
export async function invokeAndKill(
  fn: LocalFunction,
  environment: Readonly<Record<string, string>>,
  provider: PaymentProvider,
  event: unknown,
  onLog: (line: string) => void,
): ReturnType<Sandboxes['invoke']> {
  const between = await listen(0)
  const sandboxes = createSandboxes(
    { ...fn, timeoutMs: CRASH_TIMEOUT_MS },
    { ...environment, PAYMENT_PROVIDER_URL: between.url },
    onLog,
  )
  between.open(async (request) => {
    const answer = await forward(provider.url, request)
    await sandboxes.stop()
    return answer
  })
  try {
    return await sandboxes.invoke(event)
  } finally {
    await sandboxes.stop()
    await between.stop()
  }
}

async function forward(url: string, { method, target, headers, body }: WireRequest): Promise<WireAnswer> {
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
