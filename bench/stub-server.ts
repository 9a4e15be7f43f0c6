import { readFileSync } from 'node:fs'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createServer } from 'node:https'
import { text } from 'node:stream/consumers'
import { crc32 } from 'node:zlib'
import { createStubTable } from './stub-table.ts'

/** DynamoDB's protocol over TLS on loopback, in a process of its own: the caller's CPU is then all its own. */
const [, , key = '', cert = ''] = process.argv
const answer = createStubTable()

async function respond(request: IncomingMessage, response: ServerResponse): Promise<unknown> {
  const sent = await text(request)
  if (request.method !== 'POST') return response.end('healthy')
  const { refused, ...output } = answer(JSON.parse(sent))
  const body = JSON.stringify(
    refused === undefined
      ? output
      : {
          __type: 'com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException',
          message: 'The conditional request failed',
          Item: refused,
        },
  )
  response.writeHead(refused === undefined ? 200 : 400, {
    'content-type': 'application/x-amz-json-1.0',
    'content-length': Buffer.byteLength(body),
    'x-amzn-requestid': 'BENCH',
    'x-amz-crc32': crc32(body),
  })
  return response.end(body)
}

const options = { key: readFileSync(key), cert: readFileSync(cert) }
const server = createServer(options, (request, response) => void respond(request, response))
server.listen(0, '127.0.0.1', () => process.send?.(server.address()))
process.on('disconnect', () => process.exit())
