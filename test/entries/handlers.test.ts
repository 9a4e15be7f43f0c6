import type { IncomingMessage, ServerResponse } from 'node:http'
import { configure as serverlessExpress } from '@codegenie/serverless-express'
import awsLambdaFastify from '@fastify/aws-lambda'
import type { APIGatewayProxyHandlerV2, Callback, Context, Handler } from 'aws-lambda'
import fastify from 'fastify'
import { Hono } from 'hono'
import { handle } from 'hono/aws-lambda'
import { idempotentHandler } from 'oncekey'
import { httpApiEvent, lambdaContext } from 'oncekey/testing'
import serverlessHttp from 'serverless-http'
import { describe, expect, it } from 'vitest'
import { memoryStore } from '../../packages/oncekey/src/stores/memory.ts'

const payment = JSON.stringify({ id: 'p_1' })

/** Applications of frameworks, and what Lambda calls for them. Each call of `pay` is a payment. */
const applications: readonly (readonly [name: string, create: (pay: () => void) => Handler])[] = [
  [
    'a handler of Lambda’s own type',
    (pay) => {
      const handler: APIGatewayProxyHandlerV2 = async () => {
        pay()
        return { statusCode: 201, body: payment }
      }
      return handler
    },
  ],
  [
    'a handler that calls back',
    (pay) => (_event, _context, callback) => {
      setImmediate(() => {
        pay()
        callback(null, { statusCode: 201, body: payment })
      })
    },
  ],
  [
    'an async handler that calls back',
    (pay) => async (_event, _context, callback) => {
      pay()
      callback(null, { statusCode: 201, body: payment })
    },
  ],
  ['@codegenie/serverless-express', (pay) => serverlessExpress({ app: nodeListener(pay) })],
  [
    '@codegenie/serverless-express, which calls back and never resolves its promise',
    (pay) => serverlessExpress({ app: nodeListener(pay), resolutionMode: 'CALLBACK' }),
  ],
  [
    'a server that is created at the first request, as with NestJS',
    (pay) => {
      let started: Promise<Handler> | undefined
      return async (event, context, callback) => {
        started ??= Promise.resolve(serverlessExpress({ app: nodeListener(pay) }))
        const server = await started
        return server(event, context, callback)
      }
    },
  ],
  [
    '@fastify/aws-lambda',
    (pay) => {
      const app = fastify()
      app.post('/payments', async (_request, reply) => {
        pay()
        return reply.status(201).send({ id: 'p_1' })
      })
      return awsLambdaFastify(app)
    },
  ],
  ['serverless-http', (pay) => serverlessHttp(nodeListener(pay))],
  [
    'hono/aws-lambda',
    (pay) => {
      const app = new Hono().post('/payments', (c) => {
        pay()
        return c.json({ id: 'p_1' }, 201)
      })
      return handle(app)
    },
  ],
]

function nodeListener(pay: () => void): (request: IncomingMessage, response: ServerResponse) => void {
  return (_request, response) => {
    pay()
    response.writeHead(201, { 'content-type': 'application/json' })
    response.end(payment)
  }
}

describe('idempotentHandler', () => {
  it.each(applications)('runs %s once, and answers its repeat', async (_name, create) => {
    let payments = 0
    const handler = idempotentHandler(
      create(() => {
        payments += 1
      }),
      memoryStore(),
      { service: 'payments' },
    )
    const event = httpApiEvent({ key: 'k1', headers: { 'content-type': 'application/json' } })
    const first = await handler(event, lambdaContext())
    const repeat = await handler(event, lambdaContext())
    expect(first).toMatchObject({ statusCode: 201, body: payment })
    expect(repeat).toMatchObject({
      statusCode: 201,
      body: payment,
      headers: { 'Idempotent-Replayed': 'true' },
    })
    expect(payments).toBe(1)
  })

  it('passes no callback to a handler that declares none', async () => {
    const countArguments = (...args: unknown[]): number => args.length
    const handler = idempotentHandler(countArguments, memoryStore(), { service: 'payments', key: () => 'k1' })
    expect(await handler({}, lambdaContext())).toBe(2)
  })

  it('waits for the callback of a handler that returns what it has begun', async () => {
    const begin = (_event: unknown, _context: Context, callback: Callback<unknown>): unknown =>
      setImmediate(() => callback(null, 'paid'))
    const handler = idempotentHandler(begin, memoryStore(), { service: 'payments', key: () => 'k1' })
    expect(await handler({}, lambdaContext())).toBe('paid')
    expect(await handler({}, lambdaContext())).toBe('paid')
  })

  it('completes a handler that returns nothing at once', async () => {
    let runs = 0
    const count = (_event: unknown): void => {
      runs += 1
    }
    const handler = idempotentHandler(count, memoryStore(), { service: 'payments', key: () => 'k1' })
    expect(await handler({}, lambdaContext())).toBeUndefined()
    expect(await handler({}, lambdaContext())).toBeUndefined()
    expect(runs).toBe(1)
  })

  it.each<[string, (callback: Callback<string>) => Promise<string> | undefined]>([
    ['calls back with an error', (callback) => void callback(new Error('declined'))],
    [
      'calls back with an error and never resolves',
      (callback) => {
        callback(new Error('declined'))
        return new Promise<string>(() => undefined)
      },
    ],
    ['rejects', () => Promise.reject(new Error('declined'))],
  ])('releases the key where a handler with a callback %s', async (_how, fail) => {
    let runs = 0
    const handler = idempotentHandler(
      (_event: unknown, _context: Context, callback: Callback<string>) => {
        runs += 1
        return runs === 1 ? fail(callback) : Promise.resolve('paid')
      },
      memoryStore(),
      { service: 'payments', key: () => 'k1' },
    )
    await expect(handler({}, lambdaContext())).rejects.toThrow('declined')
    expect(await handler({}, lambdaContext())).toBe('paid')
    expect(await handler({}, lambdaContext())).toBe('paid')
    expect(runs).toBe(2)
  })
})
