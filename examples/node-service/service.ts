import { createServer, type IncomingMessage, type Server } from 'node:http'
import { isOncekeyError, runOnce, type Store } from 'oncekey'
import { type Charge, charge } from './provider.ts'

/** Creates a service that charges each order once. It needs no Lambda: `runOnce` protects any function. */
export function createService(store: Store): Server {
  return createServer((request, response) => {
    answer(store, request).then(
      ({ status, body }) => response.writeHead(status, { 'content-type': 'application/json' }).end(body),
      () => response.writeHead(500).end(),
    )
  })
}

async function answer(
  store: Store,
  request: IncomingMessage,
): Promise<{ readonly status: number; readonly body?: string }> {
  const key = request.headers['idempotency-key']
  if (request.method !== 'POST' || request.url !== '/charges' || typeof key !== 'string')
    return { status: 400 }
  const order = JSON.parse(await readBody(request))
  try {
    const charged: Charge = await runOnce(
      store,
      { service: 'billing', name: 'charge', key, input: order, inFlight: { waitMs: 5_000 } },
      (attempt) => charge(order, attempt.derive('charge')),
    )
    return { status: 201, body: JSON.stringify(charged) }
  } catch (error) {
    if (isOncekeyError(error, 'key-reused')) return { status: 422 }
    if (isOncekeyError(error, 'in-flight')) return { status: 409 }
    throw error
  }
}

async function readBody(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks).toString('utf8')
}
