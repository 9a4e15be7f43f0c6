import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { onTestFinished } from 'vitest'
import { close, listen } from '../support/loopback.ts'

/** What DynamoDB Local cannot do itself: refuse actions, run on another clock, describe another table. */
export interface Alterations {
  readonly denied?: readonly string[]
  readonly dateSkewMs?: number
  readonly describeTable?: (table: Record<string, unknown>) => Record<string, unknown>
}

/** An endpoint that answers as the one behind it does, but for the alterations. */
export async function startAlteringProxy(endpoint: string, alterations: Alterations): Promise<string> {
  const { denied = [], dateSkewMs = 0, describeTable = (table) => table } = alterations
  const answer = async (asked: IncomingMessage, response: ServerResponse): Promise<void> => {
    const target = String(asked.headers['x-amz-target'])
    const operation = target.split('.')[1] ?? ''
    const date = new Date(Date.now() + dateSkewMs).toUTCString()
    const headers = { 'content-type': 'application/x-amz-json-1.0', date }
    if (denied.includes(operation)) {
      const body = { __type: 'com.amazon.coral.service#AccessDeniedException', Message: `not ${operation}` }
      response.writeHead(400, headers).end(JSON.stringify(body))
      return
    }
    const { authorization = '', 'x-amz-date': signedAt = '' } = asked.headers
    const reply = await fetch(endpoint, {
      method: 'POST',
      headers: {
        authorization,
        'x-amz-target': target,
        'x-amz-date': String(signedAt),
        'content-type': headers['content-type'],
      },
      body: await buffer(asked),
    })
    const body = await reply.text()
    response.writeHead(reply.status, headers).end(operation === 'DescribeTable' ? altered(body) : body)
  }
  const server = createServer((asked, response) => {
    answer(asked, response).catch((error: unknown) => response.destroy(new Error('proxy', { cause: error })))
  })
  const altered = (body: string): string => {
    const described: { Table?: Record<string, unknown> } = JSON.parse(body)
    return JSON.stringify(described.Table ? { Table: describeTable(described.Table) } : described)
  }
  onTestFinished(() => close(server))
  return listen(server)
}
