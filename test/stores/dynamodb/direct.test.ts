import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { connect, createServer as createTcpServer, type Socket } from 'node:net'
import { text } from 'node:stream/consumers'
import { Worker } from 'node:worker_threads'
import { crc32 } from 'node:zlib'
import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { createDirectTransport } from '../../../packages/oncekey/src/stores/dynamodb/direct.ts'
import type { Transport } from '../../../packages/oncekey/src/stores/dynamodb/transport.ts'
import { close, listen } from '../../support/loopback.ts'
import { createTable } from '../../support/tables.ts'

afterEach(() => {
  vi.restoreAllMocks()
})

const withoutSdk = () => Promise.reject(new Error('expected no use of the SDK'))

const environmentAt = (endpoint: string) => ({
  AWS_ACCESS_KEY_ID: 'local',
  AWS_SECRET_ACCESS_KEY: 'local',
  AWS_REGION: 'us-east-1',
  AWS_ENDPOINT_URL_DYNAMODB: endpoint,
})

const ITEM = { TableName: 'table', Item: { id: { S: 'k' } } }
const options = { timeoutMs: 20_000, expectedErrors: [] }
const put = (transport: Transport) => transport('PutItem', ITEM, options)

type Answer = (response: ServerResponse, request: IncomingMessage) => void

/** Answers requests with the answers in turn, and with the last one ever after. */
async function startStub(...answers: readonly Answer[]) {
  let requests = 0
  let connections = 0
  const respond = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const answer = answers[Math.min(requests, answers.length - 1)]
    requests += 1
    await text(request)
    answer?.(response, request)
  }
  const server = createServer((request, response) => {
    respond(request, response).catch(() => response.destroy())
  })
  server.on('connection', () => {
    connections += 1
  })
  const endpoint = await listen(server)
  return {
    endpoint,
    transport: createDirectTransport(environmentAt(endpoint), withoutSdk),
    get requests() {
      return requests
    },
    get connections() {
      return connections
    },
    [Symbol.asyncDispose]: () => close(server),
  }
}

const REQUEST_ID = { 'x-amzn-requestid': 'R1' }

const answer =
  (status: number, body: string, headers: Record<string, string> = REQUEST_ID): Answer =>
  (response) => {
    response.writeHead(status, headers).end(body)
  }
const success = answer(200, '{}')
const namespaced = (name: string): string => `com.amazonaws.dynamodb.v20120810#${name}`
const refusal = (name: string, facts: object = {}, status = 400): Answer =>
  answer(status, JSON.stringify({ __type: namespaced(name), message: `about ${name}`, ...facts }))
const reset: Answer = (response) => response.socket?.resetAndDestroy()
const silence: Answer = () => undefined

const STORED = {
  id: { S: 'ключ 😀' },
  sizeBytes: { N: '12345678901234567890.5' },
  body: { B: Buffer.from([0, 255, 127]).toString('base64') },
  parts: { BS: [Buffer.from('a').toString('base64'), ''] },
  names: { SS: ['a', 'b'] },
  numbers: { NS: ['1', '2'] },
  done: { BOOL: false },
  none: { NULL: true },
  nested: { M: { list: { L: [{ B: 'AAE=' }, { M: { inner: { B: 'AQ==' } } }] } } },
}

/** What matters of an error, whoever made it. */
function factsOf(error: unknown): object {
  const { name, message, $fault, $metadata, Item, CancellationReasons } = Object(error)
  const { httpStatusCode, requestId } = Object($metadata)
  return { name, message, $fault, httpStatusCode, requestId, Item, CancellationReasons }
}

/** Returns what the SDK makes of the same answer: the item or the error. */
async function verdictOfSdk(endpoint: string, maxAttempts = 1): Promise<object> {
  const credentials = { accessKeyId: 'local', secretAccessKey: 'local' }
  const client = new DynamoDBClient({ endpoint, region: 'us-east-1', credentials, maxAttempts })
  const command = new PutItemCommand({ TableName: 'table', Item: { id: { S: 'k' } } })
  return await client.send(command).then(
    ({ Attributes }) => ({ item: Attributes }),
    (error: unknown) => factsOf(error),
  )
}

const verdictOf = (transport: Transport): Promise<object> =>
  put(transport).then(
    ({ item }) => ({ item }),
    (error: unknown) => factsOf(error),
  )

describe('a reply', () => {
  test.each([
    ['an item', answer(200, JSON.stringify({ Attributes: STORED }))],
    ['no item', success],
    ['a failed condition', refusal('ConditionalCheckFailedException', { Item: STORED })],
    ['a failed condition without an item', refusal('ConditionalCheckFailedException')],
    [
      'a cancelled transaction',
      refusal('TransactionCanceledException', {
        CancellationReasons: [
          { Code: 'None' },
          { Code: 'ConditionalCheckFailed', Message: 'no', Item: STORED },
        ],
      }),
    ],
    ['a missing table', refusal('ResourceNotFoundException')],
    [
      'a validation error',
      answer(400, '{"__type":"com.amazon.coral.validate#ValidationException","Message":"M"}'),
    ],
    ['denied access', answer(400, '{"__type":"com.amazon.coral.service#AccessDeniedException"}')],
    ['an unknown error', answer(400, '{"__type":"NobodyKnowsException","message":"what?"}')],
    ['an internal error', refusal('InternalServerError', {}, 500)],
    ['an unavailable service', answer(503, '{"__type":"ServiceUnavailable","message":"later"}')],
  ])('with %s means the same as to the SDK', async (_, said) => {
    vi.spyOn(Math, 'random').mockReturnValue(0)
    await using stub = await startStub(said)
    expect(await verdictOf(stub.transport)).toEqual(await verdictOfSdk(stub.endpoint))
  })

  test.each([
    'ConditionalCheckFailedException',
    'InternalServerError',
    'ItemCollectionSizeLimitExceededException',
    'ProvisionedThroughputExceededException',
    'ReplicatedWriteConflictException',
    'RequestLimitExceeded',
    'ResourceNotFoundException',
    'ThrottlingException',
    'TransactionCanceledException',
    'TransactionConflictException',
    'TransactionInProgressException',
    'ValidationException',
  ])('with %s is retried if the SDK retries it', async (name) => {
    vi.spyOn(Math, 'random').mockReturnValue(0)
    await using stub = await startStub(refusal(name, {}, name === 'InternalServerError' ? 500 : 400))
    await verdictOf(stub.transport)
    const tries = stub.requests
    await verdictOfSdk(stub.endpoint, 3)
    expect(stub.requests).toBe(2 * tries)
  })

  test('carries the time of the store', async () => {
    const date = 'Sat, 28 Nov 2020 10:00:00 GMT'
    await using stub = await startStub(answer(200, '{}', { ...REQUEST_ID, date }))
    expect(await put(stub.transport)).toEqual({ nowMs: Date.parse(date), item: undefined, error: undefined })
  })

  test('with an expected error resolves, and can still make the exception of the SDK', async () => {
    const reasons = [{ Code: 'ConditionalCheckFailed', Item: { id: { S: 'k' }, body: { B: 'AAE=' } } }]
    await using stub = await startStub(
      refusal('TransactionCanceledException', { CancellationReasons: reasons }),
    )
    const expectedErrors = ['ConditionalCheckFailedException', 'TransactionCanceledException']
    const { item, error } = await stub.transport('PutItem', ITEM, { ...options, expectedErrors })
    expect(item).toBeUndefined()
    expect(error).toMatchObject({
      name: 'TransactionCanceledException',
      item: undefined,
      reasons: [{ Code: 'ConditionalCheckFailed', Item: { body: { B: new Uint8Array([0, 1]) } } }],
    })
    expect(error?.cause()).toBeInstanceOf(Error)
    expect(factsOf(error?.cause())).toEqual(await verdictOfSdk(stub.endpoint))
  })

  test('with its checksum is read', async () => {
    const body = JSON.stringify({ Attributes: { id: { S: 'é' } } })
    await using stub = await startStub(answer(200, body, { ...REQUEST_ID, 'x-amz-crc32': `${crc32(body)}` }))
    expect(await put(stub.transport)).toMatchObject({ item: { id: { S: 'é' } } })
  })
})

describe('a response that is not a complete reply of DynamoDB', () => {
  const incomplete: readonly (readonly [string, number, string, Record<string, string>])[] = [
    ['an empty 200', 200, '', {}],
    ['a 200 without a request id', 200, '{}', {}],
    ['a page', 200, '<html>Sign in</html>', REQUEST_ID],
    ['JSON of something else', 200, '[]', REQUEST_ID],
    ['a truncated item', 200, '{"Attributes":{"id":{"S":"k', REQUEST_ID],
    ['a wrong checksum', 200, '{}', { ...REQUEST_ID, 'x-amz-crc32': '1' }],
    ['a 204', 204, '', REQUEST_ID],
    ['a redirection', 302, '', { location: 'http://127.0.0.1:1/' }],
    ['a truncated refusal', 400, `{"__type":"${namespaced('ConditionalCheckFailedExce')}`, REQUEST_ID],
    ['a refusal without a type', 400, '{"message":"no"}', REQUEST_ID],
    ['a 408', 408, '', {}],
    ['a 413', 413, '<html>Too large</html>', {}],
    ['a 429', 429, 'slow down', {}],
    ['a 502', 502, '<html>Bad gateway</html>', {}],
  ]

  test.each(incomplete)('(%s) is retried, then thrown', async (_, status, body, headers) => {
    vi.spyOn(Math, 'random').mockReturnValue(0)
    await using stub = await startStub(answer(status, body, headers))
    await expect(put(stub.transport)).rejects.toMatchObject({
      name: 'IncompleteReplyError',
      $metadata: { httpStatusCode: status },
    })
    expect(stub.requests).toBe(3)
  })

  test.each(incomplete)('(%s) does no harm if the next try succeeds', async (_, status, body, headers) => {
    await using stub = await startStub(answer(status, body, headers), success)
    expect(await put(stub.transport)).toMatchObject({ error: undefined })
    expect(stub.requests).toBe(2)
  })
})

describe('a connection', () => {
  const endless = (response: ServerResponse) =>
    response.writeHead(200, { ...REQUEST_ID, 'content-length': '9' })

  test.each<[string, Answer]>([
    ['reset before the reply', reset],
    ['closed before the reply', (response) => response.socket?.end()],
    [
      'reset within the reply',
      (response) => void endless(response).write('{}', () => response.socket?.resetAndDestroy()),
    ],
    [
      'closed within the reply',
      (response) => void endless(response).write('{}', () => response.socket?.end()),
    ],
  ])('%s is retried, then thrown', async (_, breakOff) => {
    await using stub = await startStub(breakOff)
    await expect(put(stub.transport)).rejects.toMatchObject({ code: 'ECONNRESET' })
    expect(stub.requests).toBe(3)
  })

  test('that does not speak HTTP is retried, then thrown', async () => {
    await using stub = await startStub((response) => response.socket?.end('SSH-2.0-OpenSSH_9.2\r\n'))
    await expect(put(stub.transport)).rejects.toMatchObject({ code: expect.stringMatching(/^HPE_/) })
    expect(stub.requests).toBe(3)
  })

  test('that carried more bytes than the reply is not used again', async () => {
    await using stub = await startStub((response) => {
      response.socket?.write(
        'HTTP/1.1 200 OK\r\nx-amzn-requestid: R\r\ncontent-length: 2\r\n\r\n{}{"Item":{}}',
      )
    }, success)
    await put(stub.transport)
    expect(await put(stub.transport)).toMatchObject({ error: undefined })
    expect(stub.connections).toBe(2)
  })

  test('that is refused is retried, then thrown', async () => {
    const stub = await startStub(success)
    await stub[Symbol.asyncDispose]()
    await expect(put(stub.transport)).rejects.toMatchObject({ code: 'ECONNREFUSED' })
  })

  test('is kept for later requests', async () => {
    await using stub = await startStub(success)
    await put(stub.transport)
    await put(createDirectTransport(environmentAt(stub.endpoint), withoutSdk))
    expect(stub.connections).toBe(1)
  })

  test('is waited for when hundreds of calls come at once', async () => {
    await using stub = await startStub(success)
    const replies = await Promise.all(Array.from({ length: 400 }, () => put(stub.transport)))
    expect(replies.filter(({ error }) => error === undefined)).toHaveLength(400)
    expect(stub.connections).toBeLessThanOrEqual(50)
  })

  test('that the server closed while idle is replaced, and so are all other idle ones', async () => {
    // No pause would end before the call.
    vi.spyOn(Math, 'random').mockReturnValue(1e6)
    const seen = new Set<unknown>()
    const onlyOnce: Answer = (response, request) => {
      if (seen.has(request.socket)) reset(response, request)
      else success(response, request)
      seen.add(request.socket)
    }
    await using stub = await startStub(onlyOnce)
    await Promise.all(Array.from({ length: 8 }, () => put(stub.transport)))
    expect(await put(stub.transport)).toMatchObject({ error: undefined })
    expect(stub.requests).toBe(8 + 2)
  })

  test('on which a request was refused half sent is closed', async () => {
    const sockets: Socket[] = []
    const server = createTcpServer((socket) => {
      sockets.push(socket)
      socket
        .on('error', () => undefined)
        .once('data', () => {
          socket.pause().write('HTTP/1.1 413 Content Too Large\r\ncontent-length: 0\r\n\r\n')
        })
    })
    await once(server.listen(0, '127.0.0.1'), 'listening')
    const { port } = Object(server.address())
    const transport = createDirectTransport(environmentAt(`http://127.0.0.1:${port}`), withoutSdk)
    const input = { TableName: 'table', Item: { id: { S: 'x'.repeat(40_000_000) } } }
    await expect(transport('PutItem', input, options)).rejects.toMatchObject({ name: 'IncompleteReplyError' })
    await Promise.all(sockets.map((socket) => once(socket.resume(), 'close')))
    server.close()
  })
})

describe('the time of a call', () => {
  test('ends although the server keeps silent', async () => {
    const closed = Promise.withResolvers<void>()
    await using stub = await startStub((_, request) => request.socket.on('close', () => closed.resolve()))
    await expect(stub.transport('PutItem', ITEM, { ...options, timeoutMs: 100 })).rejects.toMatchObject({
      name: 'TimeoutError',
      code: 'ETIMEDOUT',
    })
    expect(stub.requests).toBe(1)
    await closed.promise
  })

  test('ends although the reply does not', async () => {
    await using stub = await startStub((response) => response.writeHead(200, REQUEST_ID).write('{'))
    await expect(stub.transport('PutItem', ITEM, { ...options, timeoutMs: 100 })).rejects.toMatchObject({
      name: 'TimeoutError',
    })
  })

  test('leaves another try after one without a reply', async () => {
    await using stub = await startStub(silence, success)
    expect(await put(stub.transport)).toMatchObject({ error: undefined })
    expect(stub.connections).toBe(2)
  })

  test('belongs to a single try of a transaction', async () => {
    await using stub = await startStub(silence, success)
    await expect(
      stub.transport('TransactWriteItems', { TransactItems: [] }, { ...options, timeoutMs: 2_300 }),
    ).rejects.toMatchObject({ name: 'TimeoutError' })
    expect(stub.requests).toBe(1)
  })

  test('is not spent on a pause that would outlast it', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(0.999)
    await using stub = await startStub(refusal('ThrottlingException'))
    await expect(stub.transport('PutItem', ITEM, { ...options, timeoutMs: 900 })).rejects.toMatchObject({
      name: 'ThrottlingException',
    })
    expect(stub.requests).toBe(1)
  })

  test('does not end before a reply that arrived while the event loop was blocked', async () => {
    await using stub = await startStub((response, request) => {
      success(response, request)
      const untilMs = performance.now() + 300
      while (performance.now() < untilMs);
    })
    expect(await stub.transport('PutItem', ITEM, { ...options, timeoutMs: 100 })).toMatchObject({
      error: undefined,
    })
    expect(stub.requests).toBe(1)
  })

  test('is not spent on a connection that is never accepted', async () => {
    // Its thread sleeps, so nobody takes connections out of a queue that holds two.
    const listener = `
      const { parentPort } = require('node:worker_threads')
      const server = require('node:net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
        parentPort.postMessage(server.address().port)
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0)
      })`
    const worker = new Worker(listener, { eval: true })
    const [port] = await once(worker, 'message')
    const queue = [connect(port, '127.0.0.1'), connect(port, '127.0.0.1')]
    await Promise.all(queue.map((socket) => once(socket, 'connect')))
    const transport = createDirectTransport(environmentAt(`http://127.0.0.1:${port}`), withoutSdk)
    // A transaction has no other limit than the call's, which the test would not live to see.
    const call = transport('TransactWriteItems', { TransactItems: [] }, { ...options, timeoutMs: 120_000 })
    await expect(call).rejects.toMatchObject({
      name: 'TimeoutError',
      message: expect.stringContaining('No connection'),
    })
    for (const socket of queue) socket.destroy()
    await worker.terminate()
  })
})

describe('a clock that is wrong by an hour', () => {
  /** Refuses what was signed more than five minutes off the time that it says it is. */
  const strict =
    (offMs: number): Answer =>
    (response, request) => {
      const [, y, mo, d, h, mi, s] =
        /^(....)(..)(..)T(..)(..)(..)Z$/.exec(`${request.headers['x-amz-date']}`) ?? []
      const signedMs = Date.parse(`${y}-${mo}-${d}T${h}:${mi}:${s}Z`)
      const nowMs = Date.now() + offMs
      const date = new Date(nowMs).toUTCString()
      if (Math.abs(signedMs - nowMs) < 300_000) answer(200, '{}', { ...REQUEST_ID, date })(response, request)
      else {
        const body = JSON.stringify({
          __type: 'coral#InvalidSignatureException',
          message: 'Signature expired',
        })
        answer(400, body, { ...REQUEST_ID, date })(response, request)
      }
    }

  test.each([3_600_000, -3_600_000])('(%i ms) is corrected once for all', async (offMs) => {
    await using stub = await startStub(strict(offMs))
    await put(stub.transport)
    await put(stub.transport)
    expect(stub.requests).toBe(3)
  })

  test('is corrected for calls that are under way together', async () => {
    await using stub = await startStub(strict(3_600_000))
    await Promise.all([put(stub.transport), put(stub.transport), put(stub.transport)])
    expect(stub.requests).toBe(6)
  })

  test('never judges a lease: a refused condition without a date is no reply', async () => {
    vi.spyOn(Math, 'random').mockReturnValue(0)
    const undated: Answer = (response, request) => {
      response.sendDate = false
      refusal('ConditionalCheckFailedException')(response, request)
    }
    await using stub = await startStub(undated, undated, undated)
    const expectedErrors = ['ConditionalCheckFailedException']
    const sent = stub.transport('PutItem', ITEM, { ...options, expectedErrors })
    await expect(sent).rejects.toMatchObject({ name: 'IncompleteReplyError' })
    expect(stub.requests).toBe(3)
  })

  test('stays corrected although a refusal has no date', async () => {
    const undated: Answer = (response, request) => {
      response.removeHeader('date')
      response.sendDate = false
      refusal('ValidationException')(response, request)
    }
    await using stub = await startStub(strict(3_600_000), strict(3_600_000), undated, strict(3_600_000))
    await put(stub.transport)
    await expect(put(stub.transport)).rejects.toMatchObject({ name: 'ValidationException' })
    await put(stub.transport)
    expect(stub.requests).toBe(4)
  })
})

describe('credentials', () => {
  const bySdk = { nowMs: 1, item: undefined, error: undefined }

  test.each([
    'ExpiredTokenException',
    'IncompleteSignatureException',
    'InvalidSignatureException',
    'MissingAuthenticationTokenException',
    'UnrecognizedClientException',
  ])('that DynamoDB refuses with %s are left to the SDK, from then on', async (name) => {
    await using stub = await startStub(refusal(name))
    const sdk = vi.fn<Transport>().mockResolvedValue(bySdk)
    const loadSdk = vi.fn<() => Promise<Transport>>().mockResolvedValue(sdk)
    const transport = createDirectTransport(environmentAt(stub.endpoint), loadSdk)
    expect([await put(transport), await put(transport)]).toEqual([bySdk, bySdk])
    expect(stub.requests).toBe(1)
    expect(loadSdk).toHaveBeenCalledTimes(1)
    expect(sdk).toHaveBeenLastCalledWith('PutItem', ITEM, { ...options, timeoutMs: expect.any(Number) })
  })

  test('that are not in the environment are left to the SDK', async () => {
    const transport = createDirectTransport({ AWS_REGION: 'us-east-1' }, async () => async () => bySdk)
    expect(await put(transport)).toBe(bySdk)
  })

  test('are read at each call', async () => {
    const seen: unknown[] = []
    await using stub = await startStub((response, request) => {
      seen.push(
        /Credential=(\w+)/.exec(`${request.headers.authorization}`)?.[1],
        request.headers['x-amz-security-token'],
      )
      success(response, request)
    })
    const environment: Record<string, string> = environmentAt(stub.endpoint)
    const transport = createDirectTransport(environment, withoutSdk)
    await put(transport)
    Object.assign(environment, {
      AWS_ACCESS_KEY_ID: 'NEXT',
      AWS_SECRET_ACCESS_KEY: 'S',
      AWS_SESSION_TOKEN: 'T',
    })
    await put(transport)
    expect(seen).toEqual(['local', undefined, 'NEXT', 'T'])
  })
})

describe('on DynamoDB Local', () => {
  async function setUp() {
    const { name: TableName, endpoint } = await createTable()
    return { TableName, transport: createDirectTransport(environmentAt(endpoint), withoutSdk) }
  }
  const expectedErrors = ['ConditionalCheckFailedException', 'TransactionCanceledException']
  const allowed = { ...options, expectedErrors }
  const stored = {
    id: { S: 'ключ 😀' },
    body: { B: new Uint8Array([0, 255, 127]) },
    nested: {
      M: { list: { L: [{ BOOL: true }, { NULL: true }, { N: '-1.5' }, { BS: [new Uint8Array([1])] }] } },
    },
  }
  const Key = { id: stored.id }
  const ifAbsent = {
    ConditionExpression: 'attribute_not_exists(id)',
    ReturnValuesOnConditionCheckFailure: 'ALL_OLD',
  }

  test('an item is written, refused with the item that exists, updated and read', async () => {
    const { TableName, transport } = await setUp()
    const input = { TableName, Item: stored, ...ifAbsent }
    const startedMs = Date.now()
    const written = await transport('PutItem', input, allowed)
    expect(written).toMatchObject({ item: undefined, error: undefined })
    expect(Math.abs(written.nowMs - startedMs)).toBeLessThan(60_000)
    const refused = await transport('PutItem', input, allowed)
    expect(refused.error).toMatchObject({ name: 'ConditionalCheckFailedException', item: stored })

    const update = {
      TableName,
      Key,
      UpdateExpression: 'SET #o = :o',
      ExpressionAttributeNames: { '#o': 'owner' },
      ExpressionAttributeValues: { ':o': { S: 'me' } },
      ReturnValues: 'ALL_NEW',
    }
    const changed = { ...stored, owner: { S: 'me' } }
    expect(await transport('UpdateItem', update, allowed)).toMatchObject({ item: changed })
    expect(await transport('GetItem', { TableName, Key, ConsistentRead: true }, allowed)).toMatchObject({
      item: changed,
    })
    const missing = { TableName, Key: { id: { S: 'missing' } } }
    expect(await transport('GetItem', missing, allowed)).toMatchObject({ item: undefined, error: undefined })
  })

  test('a transaction is carried out once, and cancelled with its reasons', async () => {
    const { TableName, transport } = await setUp()
    const TransactItems = [{ Put: { Item: stored, TableName, ...ifAbsent } }]
    const once = { TransactItems, ClientRequestToken: 'a' }
    expect(await transport('TransactWriteItems', once, allowed)).toMatchObject({ error: undefined })
    expect(await transport('TransactWriteItems', once, allowed)).toMatchObject({ error: undefined })
    const again = { TransactItems, ClientRequestToken: 'b' }
    expect((await transport('TransactWriteItems', again, allowed)).error).toMatchObject({
      name: 'TransactionCanceledException',
      reasons: [{ Code: 'ConditionalCheckFailed', Item: stored }],
    })
  })

  test('an error that is not expected is thrown', async () => {
    const { TableName, transport } = await setUp()
    const input = { TableName: `${TableName}-missing`, Key }
    await expect(transport('GetItem', input, allowed)).rejects.toMatchObject({
      name: 'ResourceNotFoundException',
      $metadata: { httpStatusCode: 400, requestId: expect.any(String) },
    })
  })

  test('an item of the largest size comes back intact, to many readers at once', async () => {
    const { TableName, transport } = await setUp()
    const large = { id: { S: 'large' }, body: { B: new Uint8Array(400 * 1024 - 20).fill(7) } }
    await transport('PutItem', { TableName, Item: large }, allowed)
    const read = { TableName, Key: { id: large.id }, ConsistentRead: true }
    const replies = await Promise.all(Array.from({ length: 60 }, () => transport('GetItem', read, allowed)))
    for (const { item } of replies) expect(Buffer.from(item?.body?.B ?? []).equals(large.body.B)).toBe(true)
  })

  test('hundreds of concurrent calls each get their own reply', async () => {
    const { TableName, transport } = await setUp()
    const ids = Array.from({ length: 400 }, (_, n) => ({ S: `key-${n}` }))
    const write = (id: { S: string }) =>
      transport('PutItem', { TableName, Item: { id }, ...ifAbsent }, allowed)
    const read = (id: { S: string }) =>
      transport('GetItem', { TableName, Key: { id }, ConsistentRead: true }, allowed)
    await Promise.all(ids.map(write))
    const replies = await Promise.all(ids.map(read))
    expect(replies.map(({ item }) => item?.id)).toEqual(ids)
  })
})
