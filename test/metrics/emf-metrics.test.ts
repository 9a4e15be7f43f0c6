import { Ajv } from 'ajv'
import type { OutcomeEvent } from 'oncekey'
import { runOnce, StoreUnavailableError } from 'oncekey'
import { memoryStore } from 'oncekey/memory'
import { type EmfOptions, emfMetrics } from 'oncekey/metrics'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { emfSchema } from './emf-schema.ts'

const executed: OutcomeEvent = {
  outcome: 'executed',
  service: 'payments',
  key: 'the-secret-key',
  id: 'payments#digest',
  attempt: 1,
  isTakeover: false,
  durationMs: 12,
}

const outcomes = [
  'executed',
  'replayed',
  'in-flight',
  'mismatch',
  'missing',
  'invalid',
  'superseded',
  'released',
  'completion-failed',
  'replay-unavailable',
  'outcome-unknown',
  'unreadable',
  'store-unavailable',
  'skipped',
] as const satisfies readonly OutcomeEvent['outcome'][]

interface Line {
  readonly [name: string]: unknown
  readonly _aws: {
    readonly Timestamp: number
    readonly CloudWatchMetrics: readonly [
      {
        readonly Namespace: string
        readonly Dimensions: readonly [readonly string[]]
        readonly Metrics: readonly { readonly Name: string; readonly Unit: string }[]
      },
    ]
  }
}

const isEmf = new Ajv().compile<Line>(emfSchema)

function parseLine(line: string): Line {
  const parsed: unknown = JSON.parse(line)
  if (!isEmf(parsed)) throw new Error(`not the Embedded Metric Format: ${JSON.stringify(isEmf.errors)}`)
  return parsed
}

function lineOf(event: OutcomeEvent, options: EmfOptions = {}): Line {
  const lines: string[] = []
  emfMetrics({ ...options, write: (line) => lines.push(line) })(event)
  expect(lines).toHaveLength(1)
  return parseLine(lines.join())
}

describe('an outcome', () => {
  it.each(outcomes)('%s is one count under its own name', (outcome) => {
    const line = lineOf({ ...executed, outcome })
    expect(line[outcome]).toBe(1)
    expect(line._aws.CloudWatchMetrics[0].Metrics.filter(({ Name }) => Name !== 'errors')).toEqual([
      { Name: outcome, Unit: 'Count' },
      { Name: 'durationMs', Unit: 'Milliseconds' },
    ])
  })

  it('that somebody has to look at is counted as an error, too', () => {
    const counted = outcomes.filter((outcome) => lineOf({ outcome, durationMs: 0 }).errors === 1)
    expect(counted).toEqual([
      'superseded',
      'completion-failed',
      'replay-unavailable',
      'outcome-unknown',
      'unreadable',
      'store-unavailable',
    ])
    const error = new Error('too large')
    expect(lineOf({ ...executed, error })._aws.CloudWatchMetrics[0].Metrics).toContainEqual({
      Name: 'errors',
      Unit: 'Count',
    })
  })

  it('with an error carries its code and its cause, which are no dimensions', () => {
    const cause = Object.assign(new Error('the-secret-key'), { name: 'AccessDeniedException' })
    const error = new StoreUnavailableError('the-secret-key', { retryable: false, cause })
    const line = lineOf({ ...executed, outcome: 'store-unavailable', error })
    expect(line).toMatchObject({ errorCode: 'store-unavailable', errorCause: 'AccessDeniedException' })
    expect(line._aws.CloudWatchMetrics[0].Dimensions).toEqual([['service']])
    expect(lineOf(executed)).not.toHaveProperty('errorCause')
  })

  it('carries no code that the handler chose, which may be an id', () => {
    const error = Object.assign(new TypeError('declined'), { code: 'order-4711' })
    const line = lineOf({ ...executed, outcome: 'released', error })
    expect(line).toMatchObject({ errorCause: 'TypeError' })
    expect(JSON.stringify(line)).not.toContain('4711')
  })

  it('is counted in the namespace Oncekey under its service', () => {
    const line = lineOf(executed)
    expect(line._aws.CloudWatchMetrics[0]).toMatchObject({ Namespace: 'Oncekey', Dimensions: [['service']] })
    expect(line).toMatchObject({ service: 'payments', durationMs: 12, outcome: 'executed', attempt: 1 })
  })

  it('carries the time at which it was told', () => {
    const beforeMs = Date.now()
    const { Timestamp } = lineOf(executed)._aws
    expect(Timestamp).toBeGreaterThanOrEqual(beforeMs)
    expect(Timestamp).toBeLessThanOrEqual(Date.now())
  })

  it('of a later run is a takeover too', () => {
    const line = lineOf({ ...executed, attempt: 2, isTakeover: true })
    expect(line.takeover).toBe(1)
    expect(line._aws.CloudWatchMetrics[0].Metrics).toContainEqual({ Name: 'takeover', Unit: 'Count' })
  })

  it('without a service is counted without that dimension', () => {
    const line = lineOf({ outcome: 'skipped', durationMs: 0 })
    expect(line._aws.CloudWatchMetrics[0].Dimensions).toEqual([[]])
  })

  it('names every dimension and metric by a member of the line itself, texts and numbers', () => {
    const line = lineOf(
      { ...executed, isTakeover: true },
      { dimensions: { stage: 'prod', region: 'eu-west-1' } },
    )
    const [{ Dimensions, Metrics }] = line._aws.CloudWatchMetrics
    expect(Dimensions).toEqual([['service', 'stage', 'region']])
    expect(Dimensions[0].map((name) => typeof line[name])).toEqual(['string', 'string', 'string'])
    expect(Metrics.map(({ Name }) => typeof line[Name])).toEqual(['number', 'number', 'number'])
  })
})

describe('a line', () => {
  it('holds neither the key, nor the id, nor the error', () => {
    const error = new Error('the-secret-key is wrong')
    const text = JSON.stringify(lineOf({ ...executed, outcome: 'invalid', error }))
    expect(text).not.toContain('the-secret-key')
    expect(text).not.toContain('payments#digest')
  })

  it('holds the id when asked, which is never a dimension', () => {
    const line = lineOf(executed, { withId: true })
    expect(line.id).toBe('payments#digest')
    expect(line._aws.CloudWatchMetrics[0].Dimensions).toEqual([['service']])
    expect(JSON.stringify(line)).not.toContain('the-secret-key')
  })
})

describe('standard output', () => {
  const written: unknown[] = []
  beforeEach(() => {
    written.length = 0
    vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
      written.push(chunk)
      return true
    })
  })
  afterEach(() => vi.restoreAllMocks())

  it('gets one whole line for each outcome of a real run', async () => {
    const options = { name: 'charge', key: 'order-1', service: 'payments', onOutcome: emfMetrics() }
    const store = memoryStore()
    await runOnce(store, options, async () => 'paid')
    await runOnce(store, options, async () => 'paid again')
    const texts = written.map(String)
    expect(texts.every((text) => text.indexOf('\n') === text.length - 1)).toBe(true)
    expect(texts.map((text) => parseLine(text).outcome)).toEqual(['executed', 'replayed'])
  })
})

describe('options that CloudWatch would drop', () => {
  it.each<[string, EmfOptions, string]>([
    ['an empty namespace', { namespace: '' }, 'got ""'],
    ['a namespace with a space', { namespace: 'My App' }, 'got "My App"'],
    ['a dimension without a name', { dimensions: { '': 'x' } }, 'a dimension name'],
    ['a dimension that starts with a colon', { dimensions: { ':x': 'x' } }, 'got ":x"'],
    ['a dimension that has a metric’s name', { dimensions: { durationMs: '1' } }, 'got "durationMs"'],
    ['a dimension that has an outcome’s name', { dimensions: { 'in-flight': '1' } }, 'got "in-flight"'],
    ['a dimension without a value', { dimensions: { stage: ' ' } }, 'dimension stage'],
    ['a dimension too long', { dimensions: { stage: 'x'.repeat(1025) } }, 'dimension stage'],
    [
      'a thirtieth dimension beside the service',
      { dimensions: Object.fromEntries(Array.from({ length: 30 }, (_, n) => [`d${n}`, 'x'])) },
      'at most 29',
    ],
  ])('are refused at once: %s', (_what, options, message) => {
    expect(() => emfMetrics(options)).toThrow(TypeError)
    expect(() => emfMetrics(options)).toThrow(message)
  })
})
