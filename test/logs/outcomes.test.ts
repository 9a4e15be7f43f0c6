import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { frontDoors } from '../support/front-doors.ts'
import { crashed, editItem } from '../support/items.ts'
import type { Work } from '../support/middies.ts'
import { startTrial, type Trial } from '../support/trial.ts'
import { collectLines } from './lines.ts'

const KEY = 'the-secret-key-1'
const BODY = '{"card":"the-secret-card"}'
const request = { key: KEY, body: BODY, caller: { by: 'jwt', subject: 'the-secret-caller' } } as const
const pay: Work = () => ({ statusCode: 201, body: BODY })
const fail = (): never => {
  throw Object.assign(new TypeError(`no ${KEY} ${BODY}`), { code: `not a code: ${BODY}` })
}

type Deployment = Parameters<Trial['sandbox']>[1]
type Sandbox = ReturnType<Trial['sandbox']>

interface Case {
  readonly what: string
  readonly work?: Work
  readonly options?: Deployment
  /** Makes it happen. */
  readonly act: (trial: Trial, call: Sandbox) => Promise<unknown>
  readonly level: 'warn' | 'error'
  readonly message: string
  readonly outcome: string
  readonly error: object
  readonly attempt?: number
}

const abandoned: Case['act'] = async (trial, call) => {
  await call(request)
  await editItem(trial.table, { ...crashed(), onCrash: { S: 'refuse' } })
  await call(request)
}

const cases: readonly Case[] = [
  {
    what: 'a result that may not be stored',
    act: (trial, call) => {
      trial.proxy.inject('complete', 'refused for good')
      return call(request)
    },
    level: 'error',
    message: 'A run has ended, but its result was not stored.',
    outcome: 'completion-failed',
    attempt: 1,
    error: {
      name: 'StoreUnavailableError',
      code: 'store-unavailable',
      message: expect.stringContaining("grant the function's role dynamodb:UpdateItem on this table"),
      reason: expect.stringMatching(/^AccessDeniedException: /),
      cause: { name: 'AccessDeniedException' },
    },
  },
  {
    what: 'a result whose storing the network prevents',
    act: (trial, call) => {
      trial.proxy.inject('complete', 'reset before the write')
      return call({ ...request, remainingMs: 2_500 })
    },
    level: 'error',
    message: 'A run has ended, but its result was not stored.',
    outcome: 'completion-failed',
    attempt: 1,
    error: {
      name: 'StoreUnavailableError',
      code: 'store-unavailable',
      message: expect.stringContaining('the connection was closed before the reply'),
      reason: expect.any(String),
      cause: { name: expect.any(String), code: 'ECONNRESET' },
    },
  },
  {
    what: 'a claim that DynamoDB refuses',
    act: (trial, call) => {
      trial.proxy.inject('insert', 'refused for good')
      return call(request)
    },
    level: 'error',
    message: 'The key was not claimed, and the handler did not run.',
    outcome: 'store-unavailable',
    error: {
      name: 'StoreUnavailableError',
      code: 'store-unavailable',
      message: expect.stringContaining("grant the function's role dynamodb:PutItem on this table"),
      reason: expect.stringMatching(/^AccessDeniedException: /),
      cause: { name: 'AccessDeniedException' },
    },
  },
  {
    what: 'a claim that the network prevents',
    act: (trial, call) => {
      trial.proxy.inject('any', 'reset before the write')
      return call({ ...request, remainingMs: 2_500 })
    },
    level: 'warn',
    message: 'The key was not claimed, and the handler did not run.',
    outcome: 'store-unavailable',
    error: expect.objectContaining({
      message: expect.stringContaining('the connection was closed before the reply'),
    }),
  },
  {
    what: 'a run without protection',
    options: { onStoreError: 'run' },
    act: (trial, call) => {
      trial.proxy.inject('any', 'refused for good')
      return call(request)
    },
    level: 'error',
    message: 'The handler ran without protection, because the store was unavailable.',
    outcome: 'store-unavailable',
    attempt: 1,
    error: expect.objectContaining({ code: 'store-unavailable' }),
  },
  {
    what: 'a damaged record',
    act: async (trial, call) => {
      await call(request)
      await trial.edit({ result: 7, status: 'the-secret-card' })
      await call(request)
    },
    level: 'error',
    message: 'The record cannot be read, and the handler did not run.',
    outcome: 'unreadable',
    error: {
      name: 'RecordUnreadableError',
      code: 'record-unreadable',
      message: expect.stringContaining('expected attribute "status" to be'),
    },
  },
  {
    what: 'a run of which nobody knows what it did',
    options: { onCrash: 'refuse' },
    act: abandoned,
    level: 'error',
    message: 'An earlier run was interrupted, and its repeats are refused.',
    outcome: 'outcome-unknown',
    error: { name: 'OutcomeUnknownError', code: 'outcome-unknown' },
  },
  {
    what: 'a result that is not JSON',
    work: () => ({ statusCode: 201, body: 1n }),
    act: (_trial, call) => call(request),
    level: 'warn',
    message:
      'The handler has finished, but there is no result to replay. Repeats are refused and do not run.',
    outcome: 'executed',
    attempt: 1,
    error: {
      name: 'ResultUnavailableError',
      code: 'replay-unavailable',
      reason: 'it is not JSON (TypeError)',
    },
  },
  {
    what: 'a function redact that throws',
    options: { redact: fail },
    act: (_trial, call) => call(request),
    level: 'warn',
    message:
      'The handler has finished, but there is no result to replay. Repeats are refused and do not run.',
    outcome: 'executed',
    attempt: 1,
    error: expect.objectContaining({ reason: 'redact threw (TypeError)' }),
  },
  {
    what: 'a function key that throws',
    options: { key: fail },
    act: (_trial, call) => call(request),
    level: 'warn',
    message: 'An event could not be identified, and the handler did not run.',
    outcome: 'invalid',
    error: {
      name: 'KeyInvalidError',
      code: 'key-invalid',
      cause: { name: 'TypeError' },
    },
  },
  {
    what: 'a function principal that throws',
    options: { principal: fail },
    act: (_trial, call) => call(request),
    level: 'warn',
    message: 'An event could not be identified, and the handler did not run.',
    outcome: 'invalid',
    error: {
      name: 'KeyInvalidError',
      code: 'identity-unknown',
      message: "This request cannot be identified: the service's function principal threw.",
      cause: { name: 'TypeError' },
    },
  },
]

describe.each(frontDoors)('through $door', (door) => {
  it.each(cases)(
    '$what is logged as $outcome, with its cause and without key, body or caller',
    async ({ work = pay, options, act, level, message, outcome, error, attempt }) => {
      await using trial = await startTrial()
      const { logger, lines } = collectLines()
      await act(trial, trial.sandbox(work, { door, ...options, logger }))
      expect(lines.at(-1)).toEqual({
        level,
        message,
        fields: {
          outcome,
          service: 'payments',
          recordId: outcome === 'invalid' ? undefined : expect.stringMatching(/^payments#[\w-]{43}$/),
          attempt,
          requestId: '5e2f8d1c-6f0a-4d6e-9b0f-2d4a1c3b5e7f',
          error,
          hint: expect.stringMatching(/\.$/),
        },
      })
      expect(lines).toHaveLength(1)
      expect(JSON.stringify(lines)).not.toContain('the-secret')
    },
  )

  it.each<[string, Case['message'], string]>([
    ['completes', 'A run lost its claim, and another run has completed.', 'superseded'],
    ['is in progress', 'A run lost its claim, and another run is in progress.', 'in-flight'],
  ])('a run that loses its claim while another one %s is logged', async (other, message, outcome) => {
    await using trial = await startTrial()
    const { logger, lines } = collectLines()
    const frozen = Promise.withResolvers<void>()
    const successor = Promise.withResolvers<void>()
    const started = vi.fn()
    const running = trial.sandbox(
      async () => {
        started()
        await frozen.promise
        return { statusCode: 201, body: BODY }
      },
      { door, logger },
    )(request)
    await vi.waitUntil(() => started.mock.calls.length === 1)
    await trial.lapseLease()
    const taking = trial.sandbox(async () => {
      started()
      await successor.promise
      return { statusCode: 201 }
    })(request)
    await vi.waitUntil(() => started.mock.calls.length === 2)
    if (other === 'completes') {
      successor.resolve()
      await taking
    }
    frozen.resolve()
    await running
    successor.resolve()
    await taking
    expect(lines).toMatchObject([{ level: 'warn', message, fields: { outcome, attempt: 1 } }])
  })

  it.each<[string, Deployment]>([
    ['onReplay', { onReplay: fail }],
    ['onOutcome', { onOutcome: fail }],
    ['onOutcome', { onOutcome: async () => fail() }],
  ])('a function %s that throws is logged once, by the name of its error alone', async (hook, options) => {
    await using trial = await startTrial()
    const { logger, lines } = collectLines()
    const call = trial.sandbox(pay, { door, ...options, logger })
    for (let times = 1; times <= 5; times += 1) await call(request)
    expect(lines).toEqual([
      {
        level: 'warn',
        message: `The function ${hook} threw an error, which was ignored.`,
        fields: { error: { name: 'TypeError' }, hint: expect.any(String) },
      },
    ])
  })

  it('what is in order, or for its caller to correct, is not logged', async () => {
    await using trial = await startTrial()
    const { logger, lines } = collectLines()
    const outcomes: string[] = []
    const call = trial.sandbox(
      async (event) => {
        if (Object(event).body !== '"run"') return { statusCode: 500 }
        await repeat()
        return { statusCode: 201 }
      },
      { door, logger, onOutcome: ({ outcome }) => outcomes.push(outcome) },
    )
    const repeat = () => call({ key: 'run', body: '"run"' })
    await repeat()
    await repeat()
    await call({ key: 'run', body: '"other"' })
    await call({ key: 'fails' })
    await call({ key: '"malformed' })
    await call({ key: undefined })
    await call({ method: 'GET' })
    expect(outcomes).toEqual([
      'in-flight',
      'executed',
      'replayed',
      'mismatch',
      'released',
      'invalid',
      'missing',
      'skipped',
    ])
    expect(lines).toEqual([])
  })
})

it.each<[string, string, Deployment]>([
  ['throws', 'shouldStore threw an error, so the profile decided.', { shouldStore: fail }],
  [
    'returns a promise',
    'shouldStore returned object, so the profile decided.',
    { shouldStore: Object(async () => true) },
  ],
])('a function shouldStore that %s is a warning of the process', async (_, message, options) => {
  await using trial = await startTrial()
  const emitWarning = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
  onTestFinished(() => emitWarning.mockRestore())
  await trial.sandbox(pay, options)(request)
  expect(emitWarning.mock.calls.flat()).toContain(message)
})

it('an event that cannot be identified is told by the log alone', async () => {
  await using trial = await startTrial()
  const { logger, lines } = collectLines()
  const emitWarning = vi.spyOn(process, 'emitWarning').mockImplementation(() => undefined)
  onTestFinished(() => emitWarning.mockRestore())
  await trial.sandbox(pay, { principal: fail, logger })(request)
  expect(lines).toHaveLength(1)
  expect(emitWarning).not.toHaveBeenCalled()
})
