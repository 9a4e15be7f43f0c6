import { once } from 'node:events'
import { createServer, request } from 'node:http'

export interface HttpsFront extends AsyncDisposable {
  readonly endpoint: string
}

/**
 * Stands before the emulator as something that ends TLS does, and says so. The bucket of `cdk bootstrap` refuses
 * whatever has not come over TLS, and the emulator, without any, keeps to that.
 */
export async function startHttpsFront(target: string): Promise<HttpsFront> {
  const server = createServer((asked, response) => {
    const headers = { ...asked.headers, 'x-forwarded-proto': 'https' }
    const onward = request(new URL(asked.url ?? '/', target), { method: asked.method, headers })
    onward.once('response', (answer) => {
      response.writeHead(answer.statusCode ?? 502, answer.headers)
      answer.pipe(response)
    })
    onward.once('error', () => response.destroy())
    asked.pipe(onward)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error(`expected a port, got ${address}`)
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}
