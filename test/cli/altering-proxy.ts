import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { onTestFinished } from 'vitest'
import { close, listen } from '../support/loopback.ts'

/** What DynamoDB Local itself cannot do: deny actions, have another clock, describe a table differently. */
export interface Alterations {
  readonly denied?: readonly string[]
  readonly dateSkewMs?: number
  readonly describeTable?: (table: Record<string, unknown>) => Record<string, unknown>
}

/** Starts a proxy that returns the endpoint's responses with these alterations. */
export async function startAlteringProxy(endpoint: string, alterations: Alterations): Promise<string> {
  const { denied = [], dateSkewMs = 0, describeTable = (table) => table } = alterations
  const answer = async (incoming: IncomingMessage, response: ServerResponse): Promise<void> => {
    const target = String(incoming.headers['x-amz-target'])
    const operation = target.split('.')[1] ?? ''
    const date = new Date(Date.now() + dateSkewMs).toUTCString()
    const headers = { 'content-type': 'application/x-amz-json-1.0', date }
    if (denied.includes(operation)) {
      const body = { __type: 'com.amazon.coral.service#AccessDeniedException', Message: `not ${operation}` }
      response.writeHead(400, headers).end(JSON.stringify(body))
      return
    }
    const { authorization = '', 'x-amz-date': signedAt = '' } = incoming.headers
    const reply = await fetch(endpoint, {
      method: 'POST',
      headers: {
        authorization,
        'x-amz-target': target,
        'x-amz-date': String(signedAt),
        'content-type': headers['content-type'],
      },
      body: await buffer(incoming),
    })
    const body = await reply.text()
    const requestId = reply.headers.get('x-amzn-requestid') ?? ''
    response
      .writeHead(reply.status, { ...headers, 'x-amzn-requestid': requestId })
      .end(operation === 'DescribeTable' ? altered(body) : body)
  }
  const server = createServer((incoming, response) => {
    answer(incoming, response).catch((error: unknown) =>
      response.destroy(new Error('proxy', { cause: error })),
    )
  })
  const altered = (body: string): string => {
    const described: { Table?: Record<string, unknown> } = JSON.parse(body)
    return JSON.stringify(described.Table ? { Table: describeTable(described.Table) } : described)
  }
  onTestFinished(() => close(server))
  return listen(server)
}
