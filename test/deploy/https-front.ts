import { createServer, request } from 'node:http'
import { close, listen } from '../support/loopback.ts'

export interface HttpsFront extends AsyncDisposable {
  readonly endpoint: string
}

/**
 * Starts a proxy that claims to have terminated TLS. The policy of the bucket of `cdk bootstrap` denies requests without
 * TLS, and the emulator, which has no TLS, enforces it.
 */
export async function startHttpsFront(target: string): Promise<HttpsFront> {
  const server = createServer((incoming, response) => {
    const headers = { ...incoming.headers, 'x-forwarded-proto': 'https' }
    const forwarded = request(new URL(incoming.url ?? '/', target), { method: incoming.method, headers })
    forwarded.once('response', (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(response)
    })
    forwarded.once('error', () => response.destroy())
    incoming.pipe(forwarded)
  })
  return { endpoint: await listen(server), [Symbol.asyncDispose]: () => close(server) }
}
