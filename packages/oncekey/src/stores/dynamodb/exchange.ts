import type { Agent, ClientRequest, IncomingHttpHeaders } from 'node:http'
import type { Endpoint } from './endpoint.ts'

const CONNECT_MS = 1_000
const MAX_SOCKETS = 50

/** An HTTP response, complete. */
export interface HttpReply {
  readonly statusCode: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

/** The connection failed or a limit passed, so nobody knows whether the request was carried out. */
export interface NoReply {
  readonly error: Error
  /** Set if earlier requests had used the connection, which the other side may have closed since. */
  readonly isReused: boolean
}

export interface Limits {
  /** On the scale of `performance.now()`. */
  readonly deadlineMs: number
  /** Counted from when the request has a socket, so that a burst may wait for one. */
  readonly responseMs: number
}

type Http = Pick<typeof import('node:http'), 'Agent' | 'request'>

/** One agent per protocol and process, so that all stores share its connections. */
const agents = new Map<Endpoint['protocol'], Agent>()

/** Sends one request and resolves within the limits, whatever happens to it. */
export function exchange(
  { protocol, hostname, port }: Endpoint,
  headers: Record<string, string>,
  body: string,
  { deadlineMs, responseMs }: Limits,
): Promise<HttpReply | NoReply> {
  const http = httpFor(protocol)
  const agent = agentFor(protocol)

  return new Promise((resolve) => {
    let isSettled = false
    let socketAtMs = Number.POSITIVE_INFINITY
    const settle = (outcome: HttpReply | NoReply): void => {
      isSettled = true
      clearTimeout(timer)
      resolve(outcome)
    }
    const fail = (error: Error): void => {
      if (isSettled) return
      const isReused = request.reusedSocket
      // The idle connections may be as dead as this one: a retry needs a new one.
      if (isReused) closeIdleSockets(agent)
      request.destroy()
      settle({ error, isReused })
    }

    const request = http.request({ protocol, hostname, port, path: '/', method: 'POST', headers, agent })
    request.on('socket', () => {
      socketAtMs = performance.now()
    })
    request.on('error', fail)
    request.on('response', (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.on('error', fail)
      response.on('end', () => {
        const { statusCode = 0 } = response
        // Refused while the body was still on its way, which nobody may read any more.
        if (statusCode !== 200 && !request.writableFinished) request.destroy()
        settle({ statusCode, headers: response.headers, body: Buffer.concat(chunks) })
      })
    })
    request.end(body)

    const enforceLimits = (): void => {
      if (isSettled) return
      const limitMs = socketAtMs + (request.socket?.connecting ? CONNECT_MS : responseMs)
      const leftMs = Math.min(deadlineMs, limitMs) - performance.now()
      if (leftMs > 0) timer = setTimeout(onTimer, Math.min(leftMs, CONNECT_MS))
      else fail(timeoutError(request))
    }
    // A reply may lie in the socket, unread because something else kept the event loop busy: read it first.
    const onTimer = (): unknown => setImmediate(enforceLimits)
    let timer = setTimeout(onTimer, Math.min(deadlineMs - performance.now(), CONNECT_MS))
  })
}

/**
 * Opens a connection for the next request, with a request that needs no signature, changes nothing and costs nothing.
 * Resolves once it is open, or has failed or taken too long: then the next request opens its own.
 */
export function openConnection({ protocol, hostname, port }: Endpoint): Promise<void> {
  return new Promise((resolve) => {
    const request = httpFor(protocol).request({
      protocol,
      hostname,
      port,
      path: '/',
      agent: agentFor(protocol),
    })
    request.setTimeout(CONNECT_MS, () => request.destroy())
    request.on('response', (response) => response.resume().on('end', resolve))
    request.on('error', () => resolve())
    request.on('close', resolve)
    request.end()
  })
}

/** Fetched on use, because a static import of these modules costs milliseconds in every cold start. */
function httpFor(protocol: Endpoint['protocol']): Http {
  return process.getBuiltinModule(protocol === 'http:' ? 'node:http' : 'node:https')
}

function agentFor(protocol: Endpoint['protocol']): Agent {
  const agent =
    agents.get(protocol) ?? new (httpFor(protocol).Agent)({ keepAlive: true, maxSockets: MAX_SOCKETS })
  agents.set(protocol, agent)
  return agent
}

function closeIdleSockets({ freeSockets }: Agent): void {
  for (const sockets of Object.values(freeSockets)) {
    for (const socket of sockets ?? []) socket.destroy()
  }
}

function timeoutError({ socket }: ClientRequest): Error {
  const reason =
    socket?.connecting === false ? 'DynamoDB did not reply in time.' : 'No connection to DynamoDB in time.'
  return Object.assign(new Error(reason), { name: 'TimeoutError', code: 'ETIMEDOUT' })
}
