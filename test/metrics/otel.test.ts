import { context, metrics, trace } from '@opentelemetry/api'
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks'
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics'
import {
  BasicTracerProvider,
  InMemorySpanExporter,
  type ReadableSpan,
  SimpleSpanProcessor,
} from '@opentelemetry/sdk-trace-base'
import { idempotentBatch, idempotentHandler, KeyReusedError, OutcomeUnknownError, type Store } from 'oncekey'
import { memoryStore } from 'oncekey/memory'
import { otelOutcomes } from 'oncekey/otel'
import { httpApiEvent, lambdaContext } from 'oncekey/testing'
import { afterEach, beforeEach, describe, expect, it, onTestFinished } from 'vitest'
import { StoreUnavailableError } from '../../packages/oncekey/src/core/errors.ts'
import { frontDoors } from '../support/front-doors.ts'
import type { Work } from '../support/middies.ts'
import { sqsEvent, sqsRecord } from '../triggers/fixtures.ts'

const spans = new InMemorySpanExporter()

beforeEach(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(spans)] }))
})

afterEach(() => {
  spans.reset()
  for (const api of [context, trace, metrics]) api.disable()
})

/** Registers an SDK for metrics, and returns what reads them. */
function startMetrics() {
  const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 600_000 })
  const provider = new MeterProvider({ readers: [reader] })
  metrics.setGlobalMeterProvider(provider)
  onTestFinished(() => provider.shutdown())
  return async () => {
    await reader.forceFlush()
    const scopes = exporter.getMetrics().at(-1)?.scopeMetrics ?? []
    return scopes.flatMap((scope) => scope.metrics)
  }
}

/** Runs in a span, as the instrumentation of Lambda does with an invocation, and returns the span. */
async function inSpan(invoke: () => Promise<unknown>): Promise<ReadableSpan> {
  await trace.getTracer('test').startActiveSpan('invocation', async (span) => {
    await invoke().catch(() => undefined)
    span.end()
  })
  const span = spans.getFinishedSpans().at(-1)
  if (span === undefined) throw new Error('expected a finished span')
  return span
}

const pay: Work = async () => {
  await new Promise(setImmediate)
  return { statusCode: 201 }
}
const request = () => [httpApiEvent({ key: 'the-secret-key-1' }), lambdaContext()] as const

/** A store whose writes of this kind fail. */
function brokenAt(method: 'insert' | 'complete'): Store {
  const cause = Object.assign(new Error('the-secret-body'), { name: 'AccessDeniedException' })
  const error = new StoreUnavailableError('grant dynamodb:PutItem', {
    retryable: false,
    cause,
    reason: 'AccessDeniedException: not authorized',
  })
  return { ...memoryStore(), [method]: () => Promise.reject(error) }
}

describe.each(frontDoors)('the span around a handler, through $door', ({ protect }) => {
  it('tells how the request ended: run, replayed', async () => {
    const handler = protect(pay, memoryStore(), { onOutcome: otelOutcomes() })
    const first = await inSpan(() => handler(...request()))
    expect(first.attributes).toEqual({
      'oncekey.outcome': 'executed',
      'oncekey.service': 'payments',
      'oncekey.record.id': expect.stringMatching(/^payments#[\w-]{43}$/),
      'oncekey.attempt': 1,
    })
    expect(first.events).toMatchObject([{ name: 'oncekey.outcome', attributes: first.attributes }])
    const repeat = await inSpan(() => handler(...request()))
    expect(repeat.attributes).toMatchObject({ 'oncekey.outcome': 'replayed' })
    expect(repeat.status).toEqual({ code: 0 })
  })

  it.each(['insert', 'complete'] as const)(
    'is an error with its cause if the store fails at %s',
    async (at) => {
      const handler = protect(pay, brokenAt(at), { onOutcome: otelOutcomes(), logger: false })
      const span = await inSpan(() => handler(...request()))
      expect(span.status).toMatchObject({ code: 2, message: expect.stringMatching(/\.$/) })
      expect(span.events).toMatchObject([
        { name: 'oncekey.outcome', attributes: { 'error.type': 'AccessDeniedException' } },
        {
          name: 'exception',
          attributes: {
            'exception.type': 'StoreUnavailableError',
            'exception.message': 'grant dynamodb:PutItem AccessDeniedException: not authorized',
          },
        },
      ])
      expect(JSON.stringify([span.attributes, span.events, span.status])).not.toContain('the-secret')
    },
  )
})

it('a takeover is told', async () => {
  const span = await inSpan(async () =>
    otelOutcomes()({ outcome: 'executed', durationMs: 1, attempt: 2, isTakeover: true }),
  )
  expect(span.attributes).toMatchObject({ 'oncekey.takeover': true, 'oncekey.attempt': 2 })
})

it.each([new KeyReusedError('the-secret-key'), new OutcomeUnknownError('the-secret-key')])(
  'no message that shows a key is recorded: $name',
  async (error) => {
    const outcome = error.code === 'key-reused' ? 'mismatch' : 'outcome-unknown'
    const span = await inSpan(async () => otelOutcomes()({ outcome, durationMs: 1, error }))
    expect(span.attributes).toEqual({ 'oncekey.outcome': outcome })
    expect(JSON.stringify(span.events)).not.toContain('the-secret-key')
    expect(span.events[0]?.attributes).toMatchObject({ 'error.type': error.code })
  },
)

it('a batch leaves an event for each record', async () => {
  const handler = idempotentBatch(async () => undefined, memoryStore(), { onOutcome: otelOutcomes() })
  const event = sqsEvent(sqsRecord('m1', 'one'), sqsRecord('m2', 'two'))
  const span = await inSpan(() => handler(event, lambdaContext()))
  const ids = span.events.map(({ attributes }) => attributes?.['oncekey.record.id'])
  expect(new Set(ids).size).toBe(2)
})

it('without a span, outcomes and durations are counted all the same', async () => {
  const read = startMetrics()
  const handler = idempotentHandler(pay, memoryStore(), { onOutcome: otelOutcomes() })
  for (let times = 1; times <= 3; times += 1) await handler(...request())
  const measured = await read()
  expect(measured.map(({ descriptor }) => [descriptor.name, descriptor.unit])).toEqual([
    ['oncekey.outcomes', '{request}'],
    ['oncekey.duration', 's'],
  ])
  const replayed = { 'oncekey.outcome': 'replayed', 'oncekey.service': 'payments' }
  expect(measured[0]?.dataPoints).toMatchObject([{ value: 1 }, { attributes: replayed, value: 2 }])
  expect(measured[1]?.dataPoints).toMatchObject([
    { value: { count: 1 } },
    { attributes: replayed, value: { count: 2 } },
  ])
})

it('an SDK that is registered later is used from then on', async () => {
  const onOutcome = otelOutcomes()
  onOutcome({ outcome: 'executed', durationMs: 1 })
  const read = startMetrics()
  onOutcome({ outcome: 'executed', durationMs: 1 })
  expect(await read()).toHaveLength(2)
})
