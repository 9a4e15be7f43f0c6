import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { gatewayResponse, type HttpRequest, type HttpResponse } from './http-api.ts'

/** The payload quota of an HTTP API. */
const MAX_BODY_BYTES = 10 * 1024 * 1024

export type RequestHandler = (request: HttpRequest) => Promise<HttpResponse>

export interface Server {
  readonly url: string
  /** Starts to answer requests with `handle`. Requests that came earlier have waited for it. */
  open(handle: RequestHandler): void
  stop(): Promise<void>
}

/**
 * Starts a server on the loopback interface.
 *
 * @param port 0 for any free port.
 * @throws Error if it cannot listen on the port; the message says what to do.
 */
export async function listen(port: number): Promise<Server> {
  const opened = Promise.withResolvers<RequestHandler>()
  const server = createServer((incoming, outgoing) => {
    const handle: RequestHandler = async (request) =>
      rejectOtherHosts(request) ?? (await opened.promise)(request)
    respond(incoming, outgoing, handle).catch(() => outgoing.destroy())
  })
  server.listen(port, '127.0.0.1')
  try {
    await once(server, 'listening')
  } catch (error) {
    throw new Error(
      `Cannot listen on port ${port} (${reasonOf(error)}). Choose another: PORT=${port + 1} npm start`,
    )
  }
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error(`Expected a port, got ${address}.`)

  return {
    url: `http://127.0.0.1:${address.port}`,
    open: opened.resolve,
    async stop() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

/**
 * Returns a refusal if the request is for another host. A web page of another site could otherwise use this server, if
 * it lets its own name resolve to 127.0.0.1 (DNS rebinding): the browser then takes this server for that site. The port
 * is not compared, because it may be forwarded.
 */
function rejectOtherHosts({ headers }: HttpRequest): HttpResponse | undefined {
  const host = headers.host?.join() ?? ''
  if (/^(?:127\.0\.0\.1|localhost|\[::1\])(?::\d+)?$/i.test(host)) return undefined
  return gatewayResponse(
    421,
    `Expected the header Host to be localhost or 127.0.0.1, with or without a port, got ${JSON.stringify(host)}.`,
  )
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return code === 'EADDRINUSE' ? 'it is already in use' : String(code ?? error)
}

async function respond(
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  handle: RequestHandler,
): Promise<void> {
  const body = await readBody(incoming)
  const {
    status,
    headers,
    body: bytes,
    isCutOff = false,
  } = body === undefined
    ? gatewayResponse(413, 'Request Entity Too Large')
    : await handle({
        method: incoming.method ?? 'GET',
        target: incoming.url ?? '/',
        httpVersion: incoming.httpVersion,
        headers: incoming.headersDistinct,
        body,
        sourceIp: incoming.socket.remoteAddress ?? '127.0.0.1',
      })
  outgoing.statusCode = status
  for (const [name, value] of headers) outgoing.appendHeader(name, value)
  // Send the head first: if a reused connection closes without a response, a browser retries by itself.
  if (isCutOff) outgoing.write(bytes.subarray(0, 1), () => outgoing.destroy())
  else outgoing.end(bytes)
}

async function readBody(incoming: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  let sizeBytes = 0
  for await (const chunk of incoming) {
    sizeBytes += chunk.length
    // Keep reading, or the client would see a broken connection instead of the 413.
    if (sizeBytes <= MAX_BODY_BYTES) chunks.push(chunk)
  }
  return sizeBytes <= MAX_BODY_BYTES ? Buffer.concat(chunks) : undefined
}
