import { Console } from 'node:console'
import { Writable } from 'node:stream'
import { runInNewContext } from 'node:vm'
import { Logger as PowertoolsLogger } from '@aws-lambda-powertools/logger'
import { idempotentBatch, idempotentHandler, type Logger, once, runOnce, type Store } from 'oncekey'
import { memoryStore } from 'oncekey/memory'
import { httpApiEvent, lambdaContext } from 'oncekey/testing'
import { pino } from 'pino'
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from 'vitest'
import { StoreUnavailableError } from '../../packages/oncekey/src/core/errors.ts'
import { frontDoors } from '../support/front-doors.ts'
import { sqsEvent, sqsRecord } from '../triggers/fixtures.ts'
import { collectLines } from './lines.ts'

afterEach(() => {
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
})

/** A store that takes claims, but no results. */
function brokenStore(): Store {
  const complete = () => Promise.reject(new StoreUnavailableError('the table is gone', { retryable: false }))
  return { ...memoryStore(), complete }
}

const newService = (): string => `service-${Math.random()}`
const pay = async () => ({ statusCode: 201 })
const request = () => [httpApiEvent({ key: 'k1' }), lambdaContext()] as const

/** Lets a result get lost under this logger. */
async function loseResult(logger?: Logger | false, service = newService()): Promise<string> {
  const options = { service, ...(logger !== undefined && { logger }) }
  expect(await idempotentHandler(pay, brokenStore(), options)(...request())).toMatchObject({
    statusCode: 201,
  })
  return service
}

/** Collects the lines that a function writes to a stream of this process. */
function watch(stream: NodeJS.WriteStream): string[] {
  const written: string[] = []
  vi.spyOn(stream, 'write').mockImplementation((chunk) => {
    written.push(String(chunk))
    return true
  })
  return written
}

describe('by default', () => {
  it('one line of JSON goes to standard error, with the level and the timestamp that Lambda filters by', async () => {
    const written = watch(process.stderr)
    const service = await loseResult()
    expect(written).toHaveLength(1)
    expect(written[0]).toMatch(/^[^\n]+\n$/)
    expect(JSON.parse(String(written[0]))).toEqual({
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      level: 'ERROR',
      message: 'A run has ended, but its result was not stored.',
      outcome: 'completion-failed',
      service,
      recordId: expect.stringContaining(`${service}#`),
      attempt: 1,
      requestId: '5e2f8d1c-6f0a-4d6e-9b0f-2d4a1c3b5e7f',
      error: { name: 'StoreUnavailableError', code: 'store-unavailable', message: 'the table is gone' },
      hint: expect.any(String),
    })
  })

  it('a percent sign in a name changes nothing', async () => {
    const written = watch(process.stderr)
    await loseResult(undefined, '100%s of %o')
    expect(JSON.parse(String(written[0])).service).toBe('100%s of %o')
  })
})

it('false logs nothing', async () => {
  const written = watch(process.stderr)
  await loseResult(false)
  expect(written).toEqual([])
})

describe('the option logger of every entry', () => {
  const store = brokenStore()
  const service = 'payments'
  it.each<[string, (logger: Logger) => Promise<unknown>]>([
    ...frontDoors.map(({ door, protect }): [string, (logger: Logger) => Promise<unknown>] => [
      door,
      (logger) => protect(pay, brokenStore(), { logger })(...request()),
    ]),
    [
      'idempotentBatch',
      (logger) => idempotentBatch(pay, store, { logger })(sqsEvent(sqsRecord('m1', 'text')), lambdaContext()),
    ],
    ['runOnce', (logger) => runOnce(store, { service, name: 'charge', key: 'o1', logger }, pay)],
    [
      'once',
      (logger) => {
        class Orders {
          @once(store, { service, key: (id: string) => id, logger })
          async charge(_id: string) {
            return 'paid'
          }
        }
        return new Orders().charge('o2')
      },
    ],
  ])('%s gets what is lost', async (_, lose) => {
    const { logger, lines } = collectLines()
    await lose(logger)
    expect(lines).toMatchObject([{ level: 'error', fields: { outcome: 'completion-failed' } }])
  })
})

describe("Powertools' Logger", () => {
  const parse = (written: readonly string[]) => written.map((line) => JSON.parse(line))
  beforeEach(() => vi.stubEnv('AWS_LAMBDA_FUNCTION_NAME', 'payments'))

  it('gets message and fields, in its own format and under its own service', async () => {
    const [out, err] = [watch(process.stdout), watch(process.stderr)]
    const logger = new PowertoolsLogger({ serviceName: 'shop' })
    await loseResult(logger)
    const lines = parse([...out, ...err])
    expect(lines).toMatchObject([
      {
        level: 'ERROR',
        service: 'shop',
        message: 'A run has ended, but its result was not stored.',
        outcome: 'completion-failed',
        error: { code: 'store-unavailable', message: 'the table is gone' },
      },
    ])
  })

  it.each(frontDoors)(
    'has the record id among its keys while the handler runs, through $door',
    async ({ protect }) => {
      const out = watch(process.stdout)
      const logger = new PowertoolsLogger({ serviceName: 'shop' })
      const handler = protect(
        async () => {
          await Promise.resolve()
          logger.info('paying')
          return { statusCode: 201 }
        },
        memoryStore(),
        { logger },
      )
      await handler(...request())
      logger.info('after')
      const [paying, after] = parse(out)
      expect(paying).toMatchObject({ message: 'paying', idempotency_id: expect.stringMatching(/^payments#/) })
      expect(after).not.toHaveProperty('idempotency_id')
      await handler(...request())
      expect(parse(out)).toHaveLength(2)
    },
  )

  it('loses the key again if the handler throws', async () => {
    const out = watch(process.stdout)
    const logger = new PowertoolsLogger()
    const handler = idempotentHandler(() => Promise.reject(new Error('no money')), memoryStore(), { logger })
    await expect(handler(...request())).rejects.toThrow('no money')
    logger.info('after')
    expect(parse(out)[0]).not.toHaveProperty('idempotency_id')
  })

  it('gets no key from a batch, whose records run side by side', async () => {
    const out = watch(process.stdout)
    const logger = new PowertoolsLogger()
    const handler = idempotentBatch(async () => logger.info('paying'), memoryStore(), { logger })
    await handler(sqsEvent(sqsRecord('m1', 'text'), sqsRecord('m2', 'text')), lambdaContext())
    expect(parse(out).map((line) => line.idempotency_id)).toEqual([undefined, undefined])
  })

  it('gets no key on a host that is not Lambda, where other requests may run at the same time', async () => {
    vi.stubEnv('AWS_LAMBDA_FUNCTION_NAME', undefined)
    const out = watch(process.stdout)
    const logger = new PowertoolsLogger()
    const handler = idempotentHandler(async () => logger.info('paying'), memoryStore(), { logger })
    await handler(...request())
    expect(parse(out)[0]).not.toHaveProperty('idempotency_id')
  })

  it('may fail at its keys without harm', async () => {
    const logger = Object.assign(new PowertoolsLogger(), {
      appendKeys: () => {
        throw new Error('no keys')
      },
      removeKeys: () => {
        throw new Error('no keys')
      },
    })
    const handler = idempotentHandler(pay, memoryStore(), { logger })
    expect(await handler(...request())).toMatchObject({ statusCode: 201 })
  })
})

it('pino gets fields and message, in its own order', async () => {
  const written: string[] = []
  const service = await loseResult(pino({}, { write: (line) => written.push(line) }))
  expect(written).toHaveLength(1)
  expect(JSON.parse(String(written[0]))).toMatchObject({
    level: 50,
    msg: 'A run has ended, but its result was not stored.',
    outcome: 'completion-failed',
    service,
    error: { code: 'store-unavailable' },
  })
})

it('a console gets message and fields', async () => {
  const written: string[] = []
  const stream = new Writable({
    write(chunk, _encoding, callback) {
      written.push(String(chunk))
      callback()
    },
  })
  await loseResult(new Console(stream))
  expect(written.join('')).toMatch(/^A run has ended, but its result was not stored\. \{\n/)
  expect(written.join('')).toContain("outcome: 'completion-failed'")
})

it.each<[string, () => unknown]>([
  [
    'throws',
    () => {
      throw new Error('disk full')
    },
  ],
  ['rejects', () => Promise.reject(new Error('disk full'))],
  ['rejects a promise of another realm', runInNewContext("() => Promise.reject(new Error('disk full'))")],
])('a logger that %s changes nothing', async (_, fail) => {
  const unhandled = vi.fn()
  process.on('unhandledRejection', unhandled)
  onTestFinished(() => void process.off('unhandledRejection', unhandled))
  await loseResult({ warn: fail, error: fail })
  await new Promise(setImmediate)
  expect(unhandled).not.toHaveBeenCalled()
})

it.each([{}, 'console', true, null, { warn: () => undefined }])('%j is no logger', (logger) => {
  expect(() => Reflect.apply(idempotentHandler, undefined, [pay, memoryStore(), { logger }])).toThrow(
    'expected logger to be a logger with the methods warn and error',
  )
})
