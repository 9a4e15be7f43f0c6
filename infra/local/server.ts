import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { gatewayAnswer, type WireAnswer } from './http-api-answer.ts'
import type { WireRequest } from './http-api-event.ts'

/** The payload quota of an HTTP API. */
const MAX_BODY_BYTES = 10 * 1024 * 1024

export type Answer = (request: WireRequest) => Promise<WireAnswer>

export interface Server {
  readonly url: string
  /** From now on, requests are answered by `answer`, and no longer by 503. */
  open(answer: Answer): void
  stop(): Promise<void>
}

/**
 * Listens on loopback.
 * @param port 0 for any free port.
 * @throws if the port cannot be had; the message says what to do.
 */
export async function listen(port: number): Promise<Server> {
  let answer: Answer = async () => gatewayAnswer(503, 'Service Unavailable')
  const server = createServer((incoming, outgoing) => {
    respond(incoming, outgoing, (request) => answer(request)).catch(() => outgoing.destroy())
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
    open(next) {
      answer = next
    },
    async stop() {
      server.close()
      server.closeAllConnections()
      await once(server, 'close')
    },
  }
}

function reasonOf(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined
  return code === 'EADDRINUSE' ? 'something else listens there' : String(code ?? error)
}

async function respond(incoming: IncomingMessage, outgoing: ServerResponse, answer: Answer): Promise<void> {
  const body = await readBody(incoming)
  const {
    status,
    headers,
    body: bytes,
    isCutOff = false,
  } = body === undefined
    ? gatewayAnswer(413, 'Request Entity Too Large')
    : await answer({
        method: incoming.method ?? 'GET',
        target: incoming.url ?? '/',
        httpVersion: incoming.httpVersion,
        headers: incoming.headersDistinct,
        body,
        sourceIp: incoming.socket.remoteAddress ?? '127.0.0.1',
      })
  outgoing.statusCode = status
  for (const [name, value] of headers) outgoing.appendHeader(name, value)
  // After the head: a browser sends a request again by itself if a connection that it used before brings nothing.
  if (isCutOff) outgoing.write(bytes.subarray(0, 1), () => outgoing.destroy())
  else outgoing.end(bytes)
}

async function readBody(incoming: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  let sizeBytes = 0
  for await (const chunk of incoming) {
    sizeBytes += chunk.length
    // Read to the end all the same, or the client would see a broken connection in place of the answer.
    if (sizeBytes <= MAX_BODY_BYTES) chunks.push(chunk)
  }
  return sizeBytes <= MAX_BODY_BYTES ? Buffer.concat(chunks) : undefined
}
