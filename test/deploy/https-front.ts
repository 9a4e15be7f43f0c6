import { createServer, request } from 'node:http'
import { close, listen } from '../support/loopback.ts'

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
  return { endpoint: await listen(server), [Symbol.asyncDispose]: () => close(server) }
}
