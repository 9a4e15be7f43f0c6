import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { Context } from 'aws-lambda'
import { dynamoDbStore, type IdempotencyOptions, idempotentHandler } from 'oncekey'
import { httpApiEvent, lambdaContext } from 'oncekey/testing'
import { onTestFinished } from 'vitest'
import { deliver } from '../sources/http/delivered.ts'
import { close, listen } from '../support/loopback.ts'
import type { Protected, Work } from '../support/middies.ts'
import { createTable, type TestTable } from '../support/tables.ts'
import { type Answer, answerOf } from './scenario.ts'

/** A protected API behind a real socket, and the answers that it has sent, in their order. */
export interface ProtectedServer {
  readonly origin: string
  readonly table: TestTable
  readonly answers: readonly Answer[]
}

/** The response of an HTTP API for a function that throws. */
const FAILED = {
  statusCode: 500,
  headers: { 'Content-Type': 'application/json' },
  body: '{"message":"Internal Server Error"}',
}

/** Starts a function on DynamoDB Local behind an HTTP server, until the test ends. */
export async function startProtected(
  work: Work,
  options: IdempotencyOptions = {},
  context: () => Context = () => lambdaContext({ remainingMs: 30_000 }),
): Promise<ProtectedServer> {
  const table = await createTable()
  const handler = idempotentHandler(work, dynamoDbStore(table.name, { client: table.client }), options)
  return { ...(await serveHandler(handler, context)), table }
}

/** Serves a Lambda function as an HTTP API does, until the test ends. */
export async function serveHandler(
  handler: Protected,
  context: () => Context = lambdaContext,
): Promise<Omit<ProtectedServer, 'table'>> {
  const answers: Answer[] = []

  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    const headers = Object.fromEntries(
      Object.entries(request.headers).map(([name, value = '']) => [name, String(value)]),
    )
    const { method = 'GET', url = '/' } = request
    const event = httpApiEvent({ method, path: url, headers, body: Buffer.concat(chunks).toString() })
    const delivered = deliver('http', await handler(event, context()).catch(() => FAILED))
    answers.push(answerOf(delivered))
    response.statusCode = delivered.status
    for (const line of delivered.headers) {
      const colon = line.indexOf(':')
      response.appendHeader(line.slice(0, colon), line.slice(colon + 2))
    }
    response.end(delivered.body)
  }

  const server = createServer((request, response) => void serve(request, response))
  onTestFinished(() => close(server))
  return { origin: await listen(server), answers }
}
