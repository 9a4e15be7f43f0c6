import { once } from 'node:events'
import type { Server } from 'node:http'

/** Lets a server listen on a free port of this machine alone, and says where: `http://127.0.0.1:<port>`. */
export async function listen(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error(`expected a port, got ${address}`)
  return `http://127.0.0.1:${address.port}`
}

/** Ends a server, and whatever still waits for it. */
export async function close(server: Server): Promise<void> {
  server.closeAllConnections()
  server.close()
  await once(server, 'close')
}
