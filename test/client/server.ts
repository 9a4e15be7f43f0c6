import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { onTestFinished } from 'vitest'
import { close, listen } from '../support/loopback.ts'

export interface Seen {
  readonly method: string | undefined
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

export type Answerer = (response: ServerResponse, seen: Seen) => void

/** Starts a server that answers the nth request with the nth answerer, and later ones with the last. */
export async function startServer(
  ...answerers: readonly Answerer[]
): Promise<{ readonly url: string; readonly requests: readonly Seen[] }> {
  const requests: Seen[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const { method, headers } = request
      const seen = { method, headers, body: Buffer.concat(chunks).toString() }
      requests.push(seen)
      answerers[Math.min(requests.length, answerers.length) - 1]?.(response, seen)
    })
  })
  onTestFinished(() => close(server))
  return { url: `${await listen(server)}/payments`, requests }
}

export function answer(status: number, headers: Record<string, string> = {}, body: unknown = {}): Answerer {
  return (response) => {
    response.writeHead(status, { 'Content-Type': 'application/json', ...headers }).end(JSON.stringify(body))
  }
}

export function problem(
  status: number,
  retryable?: boolean,
  headers: Record<string, string> = {},
  members: object = {},
): Answerer {
  return problemText(status, JSON.stringify({ status, retryable, ...members }), headers)
}

/** Answers with the content type of a problem, and any text. */
export function problemText(status: number, text: string, headers: Record<string, string> = {}): Answerer {
  return (response) => {
    response.writeHead(status, { ...headers, 'Content-Type': 'application/problem+json' }).end(text)
  }
}

/** Closes the connection without a response. */
export const loseConnection: Answerer = (response) => response.destroy()

/** Closes the connection in the middle of the body. */
export const loseHalf: Answerer = (response) => {
  response.writeHead(201, { 'Content-Length': '100' })
  response.write('{"half":', () => response.destroy())
}

export const neverAnswer: Answerer = () => undefined
