import { Client } from '@modelcontextprotocol/sdk/client/index.js'
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js'
import { Server } from '@modelcontextprotocol/sdk/server/index.js'
import { CallToolRequestSchema, ListToolsRequestSchema } from '@modelcontextprotocol/sdk/types.js'
import { Ajv } from 'ajv'
import { dynamoDbStore } from 'oncekey'
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { serveHandler } from '../contract/protected-server.ts'
import type { Protected } from '../support/middies.ts'
import { createTable } from '../support/tables.ts'
import { recipe } from './recipe.ts'

beforeEach(async () => {
  const { name, client } = await createTable()
  vi.stubGlobal('table', dynamoDbStore(name, { client }))
})
afterEach(() => void vi.unstubAllGlobals())

describe('the recipe for the Agentic Commerce Protocol', () => {
  /** The schema `Error` of the protocol, version 2026-04-17. */
  const isError = new Ajv().compile({
    type: 'object',
    additionalProperties: false,
    properties: {
      type: { enum: ['invalid_request', 'processing_error', 'service_unavailable'] },
      code: { type: 'string' },
      message: { type: 'string' },
      param: { type: 'string' },
    },
    required: ['type', 'code', 'message'],
  })

  async function start(checkout: () => unknown) {
    const handler = (await recipe('idempotency_key_required', { checkout })) as Protected
    const { origin } = await serveHandler(handler)
    return (key: string | undefined, body: object, path = '/checkout_sessions') =>
      fetch(origin + path, {
        method: 'POST',
        headers: {
          'Content-Type': 'application/json',
          'API-Version': '2026-04-17',
          'Request-Id': crypto.randomUUID(),
          ...(key !== undefined && { 'Idempotency-Key': key }),
        },
        body: JSON.stringify(body),
      })
  }
  const cart = { line_items: [{ id: 'item_1' }], currency: 'usd', capabilities: {} }
  const created = async () => ({ statusCode: 201, body: '{"id":"cs_1"}' })

  it('replays the session of a request that is sent twice, with the headers of the protocol', async () => {
    const checkout = vi.fn(created)
    const send = await start(checkout)
    const answers = [await send('k1', cart), await send('k1', cart)]
    expect(await Promise.all(answers.map((answer) => answer.text()))).toEqual([
      '{"id":"cs_1"}',
      '{"id":"cs_1"}',
    ])
    expect(answers.map(({ status, headers }) => [status, headers.get('idempotency-key')])).toEqual([
      [201, 'k1'],
      [201, 'k1'],
    ])
    expect(answers.map(({ headers }) => headers.get('idempotent-replayed'))).toEqual([null, 'true'])
    const requestIds = answers.map(({ headers }) => headers.get('request-id'))
    expect(new Set(requestIds).size).toBe(2)
    expect(requestIds).not.toContain(null)
    expect(checkout).toHaveBeenCalledTimes(1)
  })

  it('has the keys of one endpoint apart from those of another', async () => {
    const checkout = vi.fn(created)
    const send = await start(checkout)
    await send('k1', cart)
    await send('k1', { payment_data: { token: 'spt_1' } }, '/checkout_sessions/cs_1/complete')
    expect(checkout).toHaveBeenCalledTimes(2)
  })

  it('refuses as the protocol says', async () => {
    const end = Promise.withResolvers<void>()
    const checkout = vi.fn(() => end.promise.then(created))
    const send = await start(checkout)
    const first = send('k1', cart)
    await vi.waitUntil(() => checkout.mock.calls.length > 0)
    const refusals = [await send(undefined, cart), await send('k1', cart), await send('k1', {})]
    end.resolve()
    await first
    const errors = await Promise.all(refusals.map((refusal) => refusal.json()))
    expect(errors).toEqual(errors.filter((error) => isError(error)))
    expect(errors.map(({ type, code }, at) => [refusals[at]?.status, type, code])).toEqual([
      [400, 'invalid_request', 'idempotency_key_required'],
      [409, 'invalid_request', 'idempotency_in_flight'],
      [422, 'invalid_request', 'idempotency_conflict'],
    ])
    expect(refusals.map(({ headers }) => headers.get('retry-after'))).toEqual([
      null,
      expect.stringMatching(/^[1-5]$/),
      null,
    ])
    expect(refusals.map(({ headers }) => headers.get('request-id'))).not.toContain(null)
  })
})

describe('the recipe for MCP, called by the client of the official SDK', () => {
  let paid: unknown[]
  let isDeclined: boolean

  /** A server with the tool `pay`. */
  const createMcpServer = (): Server => {
    const server = new Server({ name: 'payments', version: '1.0.0' }, { capabilities: { tools: {} } })
    server.setRequestHandler(ListToolsRequestSchema, () => ({
      tools: [{ name: 'pay', inputSchema: { type: 'object' } }],
    }))
    server.setRequestHandler(CallToolRequestSchema, ({ params }) => {
      if (isDeclined) return { content: [{ type: 'text', text: 'declined' }], isError: true }
      paid.push(params.arguments)
      return { content: [{ type: 'text', text: `receipt ${paid.length}` }] }
    })
    return server
  }

  async function connect() {
    paid = []
    isDeclined = false
    const handler = (await recipe('WebStandardStreamableHTTPServerTransport', {
      createMcpServer,
    })) as Protected
    const { origin, answers } = await serveHandler(handler)
    const client = new Client({ name: 'agent', version: '1.0.0' })
    await client.connect(new StreamableHTTPClientTransport(new URL(`${origin}/mcp`)))
    onTestFinished(() => client.close())
    const pay = (key: string | undefined, amount: number) => {
      const _meta = key === undefined ? {} : { 'com.example/idempotency-key': key }
      return client.callTool({ name: 'pay', arguments: { amount }, _meta }, undefined, { timeout: 10_000 })
    }
    return { client, pay, answers, origin }
  }
  const receipt = (number: number) => ({ content: [{ type: 'text', text: `receipt ${number}` }] })

  it('runs a tool once for each key, and answers a repeat under its own id', async () => {
    const { client, pay, answers } = await connect()
    expect((await client.listTools()).tools).toHaveLength(1)
    expect(await pay('k1', 5)).toEqual(receipt(1))
    expect(await pay('k1', 5)).toEqual(receipt(1))
    expect(await pay('k2', 5)).toEqual(receipt(2))
    expect(paid).toEqual([{ amount: 5 }, { amount: 5 }])
    expect(answers.filter(({ isReplay }) => isReplay)).toHaveLength(1)
  })

  it('answers two calls at once with the one result', async () => {
    const { pay } = await connect()
    expect(await Promise.all([pay('k1', 5), pay('k1', 5)])).toEqual([receipt(1), receipt(1)])
    expect(paid).toHaveLength(1)
  })

  it.each([
    ['another amount under the key', 'k1', 'key-reused'],
    ['no key', undefined, 'key-missing'],
  ])('rejects a call with %s as an error that says why', async (_, key, code) => {
    const { pay } = await connect()
    await pay('k1', 5)
    await expect(pay(key, 7)).rejects.toMatchObject({
      name: 'McpError',
      code: -32_000,
      data: { code, retryable: false },
    })
    expect(paid).toHaveLength(1)
  })

  it('runs a tool again that failed', async () => {
    const { pay } = await connect()
    isDeclined = true
    expect(await pay('k1', 5)).toMatchObject({ isError: true })
    isDeclined = false
    expect(await pay('k1', 5)).toEqual(receipt(1))
  })

  it('refuses several messages in a list if one of them calls a tool', async () => {
    const { origin } = await connect()
    const call = { jsonrpc: '2.0', id: 7, method: 'tools/call', params: { name: 'pay', arguments: {} } }
    const response = await fetch(`${origin}/mcp`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream' },
      body: JSON.stringify([call, call]),
    })
    expect(await response.json()).toMatchObject({ id: null, error: { data: { code: 'key-missing' } } })
    expect(paid).toEqual([])
  })
})
