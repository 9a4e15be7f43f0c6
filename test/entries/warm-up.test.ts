import { subscribe, unsubscribe } from 'node:diagnostics_channel'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import type { IdempotencyOptions } from 'oncekey'
import { memoryStore } from 'oncekey/memory'
import { httpApiEvent, lambdaContext } from 'oncekey/testing'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { createStubTable } from '../../bench/stub-table.ts'
import { close, listen } from '../support/loopback.ts'

/** Stands in for DynamoDB, and keeps what arrives. `onGet` answers the request that only opens a connection. */
async function startDynamoDb(onGet = (response: ServerResponse): unknown => response.end('healthy')) {
  const table = createStubTable()
  const requests: IncomingMessage[] = []
  let connections = 0
  const respond = async (request: IncomingMessage, response: ServerResponse): Promise<unknown> => {
    requests.push(request)
    if (request.method === 'GET') return onGet(response)
    const body = JSON.stringify(table(JSON.parse(await text(request))))
    return response.writeHead(200, { 'x-amzn-requestid': 'R' }).end(body)
  }
  const server = createServer((request, response) => void respond(request, response))
  server.on('connection', () => {
    connections += 1
  })
  vi.stubEnv('AWS_ENDPOINT_URL_DYNAMODB', await listen(server))
  return {
    requests,
    methods: () => requests.map(({ method }) => method),
    connections: () => connections,
    [Symbol.asyncDispose]: () => close(server),
  }
}

/** Loads Oncekey anew, as a process does. */
async function startProcess() {
  vi.resetModules()
  const { idempotent, idempotentHandler, warmedUp } = await import('oncekey')
  const work = vi.fn(async () => ({ statusCode: 201 }))
  return {
    warmedUp,
    idempotent,
    work,
    protect(options?: IdempotencyOptions, table: Parameters<typeof idempotentHandler>[1] = 'payments') {
      const handler = idempotentHandler(work, table, options)
      return () => handler(httpApiEvent({ key: 'k-1' }), lambdaContext())
    },
  }
}

beforeEach(() => {
  vi.stubEnv('AWS_LAMBDA_INITIALIZATION_TYPE', 'on-demand')
  vi.stubEnv('AWS_REGION', 'us-east-1')
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIDEXAMPLE')
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'local')
})
afterEach(() => {
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
})

describe('the warm-up', () => {
  it('opens one connection while the function is initialized, and writes nothing', async () => {
    await using dynamoDb = await startDynamoDb()
    const { protect, warmedUp, work } = await startProcess()
    protect()
    await warmedUp()
    expect(dynamoDb.methods()).toEqual(['GET'])
    expect(dynamoDb.connections()).toBe(1)
    expect(dynamoDb.requests[0]?.headers.authorization).toBeUndefined()
    expect(work).not.toHaveBeenCalled()
  })

  it('gives its connection to the first invocation', async () => {
    await using dynamoDb = await startDynamoDb()
    const { protect, warmedUp } = await startProcess()
    const invoke = protect()
    await warmedUp()
    expect(await invoke()).toMatchObject({ statusCode: 201 })
    expect(dynamoDb.methods()).toEqual(['GET', 'POST', 'POST'])
    expect(dynamoDb.connections()).toBe(1)
  })

  it('is joined by the first invocation, where nobody awaits it', async () => {
    const asked = Promise.withResolvers<ServerResponse>()
    await using dynamoDb = await startDynamoDb(asked.resolve)
    const { protect } = await startProcess()
    const invocation = protect()()
    const response = await asked.promise
    expect(dynamoDb.methods()).toEqual(['GET'])
    response.end()
    expect(await invocation).toMatchObject({ statusCode: 201 })
    expect(dynamoDb.methods()).toEqual(['GET', 'POST', 'POST'])
  })

  it('is done once in a process, whatever the number of functions and entries', async () => {
    await using dynamoDb = await startDynamoDb()
    const { protect, idempotent, warmedUp } = await startProcess()
    const invoke = protect()
    protect()
    idempotent('orders')
    await warmedUp()
    await invoke()
    protect()
    await warmedUp()
    expect(dynamoDb.methods()).toEqual(['GET', 'POST', 'POST'])
  })

  it('calls no hook, reports no outcome and prints no warning', async () => {
    await using _dynamoDb = await startDynamoDb()
    const { protect, warmedUp } = await startProcess()
    const hook = vi.fn()
    const emitWarning = vi.spyOn(process, 'emitWarning')
    subscribe('oncekey:outcome', hook)
    protect({
      ...{ key: hook, principal: hook, skip: hook, fingerprint: hook },
      ...{ onOutcome: hook, onReplay: hook, shouldStore: hook, redact: hook },
    })
    await warmedUp()
    unsubscribe('oncekey:outcome', hook)
    expect(hook).not.toHaveBeenCalled()
    expect(emitWarning).not.toHaveBeenCalled()
  })

  it('changes nothing if its connection fails', async () => {
    await using dynamoDb = await startDynamoDb((response) => response.destroy())
    const { protect, warmedUp } = await startProcess()
    const invoke = protect()
    await warmedUp()
    expect(await invoke()).toMatchObject({ statusCode: 201 })
    expect(dynamoDb.methods()).toEqual(['GET', 'POST', 'POST'])
  })

  it('changes nothing if there is nobody to connect to', async () => {
    await using dynamoDb = await startDynamoDb()
    vi.stubEnv('AWS_ENDPOINT_URL_DYNAMODB', 'http://127.0.0.1:1')
    const { protect, warmedUp } = await startProcess()
    protect()
    await warmedUp()
    expect(dynamoDb.methods()).toEqual([])
  })

  it.each<{ readonly when: string; readonly start: () => void; readonly options?: IdempotencyOptions }>([
    { when: 'outside Lambda', start: () => vi.stubEnv('AWS_LAMBDA_INITIALIZATION_TYPE', undefined) },
    { when: 'where the option warmUp is false', start: () => undefined, options: { warmUp: false } },
    {
      when: 'where a client is given',
      start: () => undefined,
      options: { client: new DynamoDBClient({ region: 'us-east-1' }) },
    },
    {
      when: 'where the SDK has to find the credentials',
      start: () => vi.stubEnv('AWS_ACCESS_KEY_ID', undefined),
    },
    { when: 'where a profile is set', start: () => vi.stubEnv('AWS_PROFILE', 'work') },
  ])('does not happen $when', async ({ start, options }) => {
    await using dynamoDb = await startDynamoDb()
    start()
    const { protect, warmedUp } = await startProcess()
    protect(options)
    await warmedUp()
    expect(dynamoDb.connections()).toBe(0)
  })

  it('does not happen where a store is given, which is not touched', async () => {
    await using dynamoDb = await startDynamoDb()
    const { protect, warmedUp } = await startProcess()
    const store = memoryStore()
    const insert = vi.spyOn(store, 'insert')
    protect({}, store)
    await warmedUp()
    expect(insert).not.toHaveBeenCalled()
    expect(dynamoDb.connections()).toBe(0)
  })
})
