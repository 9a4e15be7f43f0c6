import { request } from 'node:http'
import { expect, onTestFinished, test } from 'vitest'
import { gatewayResponse } from '../../infra/local/http-api.ts'
import { listen } from '../../infra/local/server.ts'

async function start() {
  const server = await listen(0)
  onTestFinished(() => server.stop())
  const { port } = new URL(server.url)
  /** Sends a request with this Host header. `PORT` stands for the server's port. */
  const get = (host: string) =>
    new Promise<number | undefined>((resolve, reject) => {
      request({ host: '127.0.0.1', port, headers: { Host: host.replace('PORT', port) } })
        .once('response', (response) => resolve(response.resume().statusCode))
        .once('error', reject)
        .end()
    })
  return { server, get }
}

test('a request that comes before the server is open is answered as soon as it is', async () => {
  const { server, get } = await start()
  const early = get('127.0.0.1:PORT')
  // Another request was refused meanwhile, so the first has arrived.
  expect(await get('evil.example')).toBe(421)
  server.open(async () => gatewayResponse(200, 'OK'))
  expect(await early).toBe(200)
})

test.each([
  ['127.0.0.1:PORT', 200],
  ['localhost:PORT', 200],
  ['LOCALHOST:PORT', 200],
  ['[::1]:PORT', 200],
  ['127.0.0.1', 200],
  ['localhost:1', 200],
  ['localhost:', 421],
  ['evil.example:PORT', 421],
  ['localhost.evil.example:PORT', 421],
  ['evil.example#localhost:PORT', 421],
  ['127.0.0.1:PORT.evil.example', 421],
])('a request for the host %j is answered with %i', async (host, status) => {
  const { server, get } = await start()
  server.open(async () => gatewayResponse(200, 'OK'))
  expect(await get(host)).toBe(status)
})
