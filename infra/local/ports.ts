import { once } from 'node:events'
import { createServer } from 'node:net'

const DEFAULT_PORT = 3000

/** Returns the port in the environment variable `PORT`. @throws Error if it is not a port. */
export function readPort(text: string | undefined): number {
  if (text === undefined || text === '') return DEFAULT_PORT
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN
  if (!(port <= 65_535)) {
    throw new Error(
      `Expected PORT to be a number from 0 (any free port) to 65535, got ${JSON.stringify(text)}.`,
    )
  }
  return port
}

/** Returns a free port on the loopback interface, for a server that cannot choose one itself. */
export async function findFreePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') {
    throw new Error(`Expected a port, got ${String(address)}.`)
  }
  return address.port
}
