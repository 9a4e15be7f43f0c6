import { Metrics, MetricUnit } from '@aws-lambda-powertools/metrics'
import { logMetrics } from '@aws-lambda-powertools/metrics/middleware'
import { Tracer } from '@aws-lambda-powertools/tracer'
import { captureLambdaHandler } from '@aws-lambda-powertools/tracer/middleware'
import cors from '@middy/http-cors'
import errors from '@middy/http-error-handler'
import serializer from '@middy/http-response-serializer'
import inputOutputLogger from '@middy/input-output-logger'
import xray from 'aws-xray-sdk-core'
import { dynamoDbStore, idempotent, idempotentHandler, type Store } from 'oncekey'
import { httpApiEvent, lambdaContext, type RequestFacts } from 'oncekey/testing'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { deliver } from '../sources/http/delivered.ts'
import { type Middleware, middies, type Protected, type Work } from '../support/middies.ts'
import { createTable } from '../support/tables.ts'
import { type Answer, answerOf } from './scenario.ts'

let store: Store
let runs: number

beforeEach(async () => {
  const { name, client } = await createTable()
  store = dynamoDbStore(name, { client })
  runs = 0
})

const work: Work = () => {
  runs += 1
  return { statusCode: 201, body: { id: 'p_1' } }
}
const json = () =>
  serializer({
    serializers: [{ regex: /json/, serializer: ({ body }) => JSON.stringify(body) }],
    defaultContentType: 'application/json',
  })

const send = async (handler: Protected, facts: RequestFacts = {}): Promise<Answer> => {
  const headers = { Origin: 'https://app.example' }
  const answer = await handler(httpApiEvent({ key: 'k1', headers, ...facts }), lambdaContext())
  return answerOf(deliver('http', answer))
}

/** The order that leaves nothing open: every hook of the others sees every answer, whoever gave it. */
const around = (assemble: (typeof middies)[number]['assemble'], others: unknown[]): Protected =>
  assemble(idempotentHandler(work, store), others as Middleware[])
/** The order of the headline: a replay is an early answer. */
const within = (assemble: (typeof middies)[number]['assemble'], others: unknown[]): Protected =>
  assemble(work, [...(others as Middleware[]), idempotent(store) as Middleware])

describe.each(middies)('$version', ({ assemble }) => {
  it('gives every answer to all hooks of the middlewares around idempotentHandler', async () => {
    const seen: unknown[] = []
    const logger = inputOutputLogger({ logger: (entry: unknown) => seen.push(entry) })
    const handler = around(assemble, [cors({ origin: '*' }), errors({ logger: false }), logger, json()])
    const first = await send(handler)
    const replay = await send(handler)
    const refusal = await send(handler, { body: '{"amount":1}' })

    expect(runs).toBe(1)
    expect([first, replay, refusal].map(({ status }) => status)).toEqual([201, 201, 422])
    expect([first.body, replay.body]).toEqual(['{"id":"p_1"}', '{"id":"p_1"}'])
    expect(replay.isReplay).toBe(true)
    expect(refusal.code).toBe('key-reused')
    for (const answer of [first, replay, refusal]) {
      expect(answer.header('access-control-allow-origin')).toBe('*')
    }
    const responses = seen.filter((entry) => 'response' in Object(entry))
    expect(responses).toHaveLength(3)
  })

  it.each([
    ['around idempotentHandler', around],
    ['outside idempotent', within],
  ])('lets the metrics of Powertools %s be published on a replay too', async (_order, order) => {
    vi.stubEnv('POWERTOOLS_DEV', 'true')
    vi.stubEnv('POWERTOOLS_METRICS_DISABLED', 'false')
    const lines = vi.spyOn(console, 'log').mockImplementation(() => undefined)
    const metrics = new Metrics({ namespace: 'shop', serviceName: 'payments' })
    const count = { before: () => void metrics.addMetric('requests', MetricUnit.Count, 1) }
    const handler = order(assemble, [logMetrics(metrics, { throwOnEmptyMetrics: true }), count, json()])
    await send(handler)
    await send(handler)
    expect(metrics.hasStoredMetrics()).toBe(false)
    expect(lines).toHaveBeenCalledTimes(2)
  })

  it('answers a replay though metrics that must not be empty are', async () => {
    vi.stubEnv('POWERTOOLS_DEV', 'true')
    vi.stubEnv('POWERTOOLS_METRICS_DISABLED', 'false')
    const lines = vi.spyOn(console, 'log').mockImplementation(() => undefined)
    const metrics = new Metrics({ namespace: 'shop', serviceName: 'payments' })
    const counting: Work = (event, context) => {
      metrics.addMetric('payments', MetricUnit.Count, 1)
      return work(event, context)
    }
    const others = [logMetrics(metrics, { throwOnEmptyMetrics: true }) as Middleware]
    const handler = assemble(counting, [...others, idempotent(store) as Middleware])
    await send(handler)
    expect((await send(handler)).isReplay).toBe(true)
    expect(lines).toHaveBeenCalledTimes(1)
  })

  it.each([
    ['around idempotentHandler', around],
    ['outside idempotent', within],
  ])("closes the segment of Powertools' tracer %s on a replay too", async (_order, order) => {
    vi.stubEnv('AWS_EXECUTION_ENV', 'AWS_Lambda_nodejs24.x')
    vi.stubEnv('_HANDLER', 'index.handler')
    const tracer = new Tracer({ serviceName: 'payments', enabled: true, captureHTTPsRequests: false })
    const namespace = tracer.provider.getNamespace()
    await namespace.runPromise(async () => {
      const facade = new xray.Segment('lambda')
      tracer.setSegment(facade)
      const handler = order(assemble, [captureLambdaHandler(tracer), json()])
      await send(handler)
      await send(handler)
      expect(tracer.getSegment()).toBe(facade)
      expect(facade.subsegments?.map((segment) => segment.in_progress ?? false)).toEqual([false, false])
    })
  })
})

describe('a middleware outside idempotent', () => {
  /** What a process of its own prints when it answers a first request and a replay. */
  const warningsOf = async (
    assemble: (typeof middies)[number]['assemble'],
    others: unknown[],
    fails = false,
  ) => {
    vi.resetModules()
    const fresh = await import('oncekey')
    const emitted = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
    const failing: Work = () => Promise.reject(new Error('declined'))
    const protect = fresh.idempotent(store, { principal: () => 'ada' }) as Middleware
    const handler = assemble(fails ? failing : work, [...(others as Middleware[]), protect])
    await send(handler)
    await send(handler)
    return emitted.mock.calls.map(([, options]) => Object(options).code)
  }
  const cases = middies.flatMap(({ version, assemble }) =>
    [
      { others: 'CORS', made: () => [cors({ origin: '*' })], warnings: ['ONCEKEY_AFTER'] },
      { others: 'a serializer', made: () => [json()], warnings: ['ONCEKEY_AFTER'] },
      { others: 'an early answer', made: () => [{ after: () => 'other' }], warnings: ['ONCEKEY_AFTER'] },
      { others: 'an error handler', made: () => [errors({ logger: false })], warnings: [] },
      {
        others: 'an error handler, and an `after` that throws',
        made: () => [errors({ logger: false }), { after: () => Promise.reject(new Error('late')) }],
        warnings: [],
      },
      { others: 'a logger', made: () => [inputOutputLogger({ logger: () => undefined })], warnings: [] },
      { others: 'nothing', made: () => [], warnings: [] },
    ].map((row) => ({ version, assemble, ...row })),
  )

  it.each(cases)('is warned of once if it changes responses: $others, $version', async (row) => {
    expect(await warningsOf(row.assemble, row.made())).toEqual(row.warnings)
  })

  it.each(middies)('is not warned of if it answers an error, $version', async ({ assemble }) => {
    expect(await warningsOf(assemble, [errors({ logger: false }), cors({ origin: '*' })], true)).toEqual([])
  })
})

afterEach(() => {
  vi.unstubAllEnvs()
  vi.restoreAllMocks()
})
