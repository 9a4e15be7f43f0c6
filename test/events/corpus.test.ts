import { describe, expect, it } from 'vitest'
import { KeyMissingError } from '../../packages/oncekey/src/core/errors.ts'
import { recordId } from '../../packages/oncekey/src/core/identity.ts'
import type { ProtectedRequest } from '../../packages/oncekey/src/core/request.ts'
import { idempotentBatch } from '../../packages/oncekey/src/entries/batch.ts'
import { idempotentHandler } from '../../packages/oncekey/src/entries/handler.ts'
import type { IdempotencyOptions } from '../../packages/oncekey/src/options.ts'
import { createEventSource } from '../../packages/oncekey/src/sources/event.ts'
import { ANONYMOUS, type Identified } from '../../packages/oncekey/src/sources/identify.ts'
import { identifyRecord, readBatch } from '../../packages/oncekey/src/sources/records.ts'
import { memoryStore } from '../../packages/oncekey/src/stores/memory.ts'
import { lambdaContext } from '../triggers/fixtures.ts'
import { allSamples } from './corpus/all.ts'
import { batchSamples } from './corpus/batches.ts'
import { directSamples } from './corpus/direct.ts'
import { httpSamples } from './corpus/http.ts'
import { recognize } from './corpus/recognize.ts'
import { refusedSamples } from './corpus/refused.ts'
import { serviceSamples } from './corpus/services.ts'

const single = [...httpSamples, ...serviceSamples, ...directSamples]
const OWN_KEY: IdempotencyOptions = { key: () => 'order-7' }
/** For callers that have no name of their own. */
const NAMED: IdempotencyOptions = { ...OWN_KEY, principal: () => 'ada' }

const invocationOf = (event: unknown) => ({
  event,
  context: {},
  service: 'corpus',
  startedAtMs: 0,
  deadlineMs: undefined,
})

async function identifySingle(event: unknown, options: IdempotencyOptions = {}): Promise<Identified> {
  return createEventSource(options)(invocationOf(event))
}

function identifyFirst(event: unknown): Identified {
  const { source, records } = readBatch<unknown>(event)
  const [item] = records
  if (item === undefined) throw new Error('an empty batch')
  return identifyRecord(source, item, invocationOf(item.record), {})
}

function requestOf(identified: Identified): ProtectedRequest {
  if (identified.kind === 'request') return identified.request
  throw new Error(`Expected a request, got ${identified.kind}.`)
}

/** A function of this corpus, whose handler says how often it has run. */
function createFunction(options: IdempotencyOptions = {}) {
  let runs = 0
  const handler = idempotentHandler(
    async (_event: unknown) => ({ statusCode: 201, run: ++runs }),
    memoryStore(),
    options,
  )
  return { runs: () => runs, send: (event: unknown) => handler(event, lambdaContext()) }
}

describe('the corpus', () => {
  it('has at least 120 events, each of them once', () => {
    expect(allSamples.length).toBeGreaterThanOrEqual(120)
    const names = allSamples.map(({ source, variant }) => `${source}: ${variant}`)
    expect(names).toEqual([...new Set(names)])
  })

  it('is the table of source, variant and verdict that is kept beside it', async () => {
    const rows = allSamples.map(({ source, variant, key, caller, answer }) => {
      const verdict = answer.kind === 'refused' ? 'refused' : (key ?? 'needs the option key')
      return `| ${source} | ${variant} | ${verdict} | ${caller} | ${answer.kind} |`
    })
    const head = '| source | variant | key | caller | answer |\n|---|---|---|---|---|'
    await expect(`${head}\n${rows.join('\n')}\n`).toMatchFileSnapshot('corpus/table.md')
  })
})

describe.each(allSamples)('$source: $variant', ({ source, event, again }) => {
  it('is recognized, on each delivery', () => {
    expect([recognize(event), recognize(again)]).toEqual([source, source])
  })
})

describe.each(single)('$source: $variant', ({ event, again, key, caller, answer }) => {
  it('has its key, and needs the option key if it has none', async () => {
    const identified = await identifySingle(event, { principal: () => 'ada' })
    const found = identified.kind === 'refused' ? identified.error : requestOf(identified).key
    expect(found).toEqual(key ?? expect.any(KeyMissingError))
  })

  it('is one request with its next delivery', async () => {
    const options = caller === 'unnamed' ? NAMED : OWN_KEY
    const one = requestOf(await identifySingle(event, options))
    const other = requestOf(await identifySingle(again, options))
    expect(other.id).toBe(one.id)
    expect(other.fingerprint).toBe(one.fingerprint)
  })

  it('runs once, and the next delivery gets the same answer', async () => {
    const { send, runs } = createFunction({ ...(key === undefined && OWN_KEY), principal: () => 'ada' })
    const [first, second] = [await send(event), await send(again)]
    expect(runs()).toBe(1)
    expect(first).toMatchObject({ statusCode: 201, run: 1 })
    const { headers, multiValueHeaders, ...rest } = Object(second)
    expect(rest).toMatchObject({ statusCode: 201, run: 1 })
    const marks = { ...headers, ...multiValueHeaders }
    expect(String(marks['Idempotent-Replayed'])).toBe(answer.kind === 'response' ? 'true' : 'undefined')
  })
})

describe('callers of one source', () => {
  const bySource = Map.groupBy(single, ({ source }) => source)
  it.each([...bySource])('(%s) share their keys if and only if they are the same', async (_source, group) => {
    const named = group.filter(({ caller }) => caller !== 'unnamed')
    const idsByCaller = new Map<string, Set<string>>()
    for (const { event, caller } of named) {
      const { id } = requestOf(await identifySingle(event, OWN_KEY))
      idsByCaller.set(caller, (idsByCaller.get(caller) ?? new Set()).add(id))
    }
    const ids = [...idsByCaller.values()].flatMap((set) => [...set])
    expect(ids.length).toBe(idsByCaller.size)
    expect(new Set(ids).size).toBe(ids.length)
  })

  it.each(single.filter(({ caller }) => caller === 'anonymous' || caller === '-'))(
    '($source: $variant) that nobody names are $caller',
    async ({ event, caller, source }) => {
      const kind = ['rest', 'http', 'alb', 'alb-multi', 'lattice'].includes(source) ? 'http' : 'event'
      const principal = caller === '-' ? '' : ANONYMOUS
      expect(requestOf(await identifySingle(event, OWN_KEY)).id).toBe(
        recordId({ kind, service: 'corpus', name: '', principal, key: 'order-7' }),
      )
    },
  )

  it.each(single.filter(({ caller }) => caller === 'unnamed'))(
    '($source: $variant) that have no name are refused, and the error names the option',
    async ({ event }) => {
      const identified = await identifySingle(event, OWN_KEY)
      expect(identified).toMatchObject({
        kind: 'refused',
        error: { code: 'identity-unknown', message: expect.stringContaining('option principal') },
      })
    },
  )
})

describe.each(batchSamples)('$source: $variant', ({ event, again, key, answer }) => {
  const handle = (handler: (record: object) => unknown, store = memoryStore()) => {
    const batch: (event: never, context: ReturnType<typeof lambdaContext>) => Promise<unknown> =
      idempotentBatch(handler as never, store, { onRecordError: () => undefined })
    return (delivery: unknown) => batch(delivery as never, lambdaContext())
  }

  it('has its key, and is one record with its next delivery', () => {
    const [one, other] = [requestOf(identifyFirst(event)), requestOf(identifyFirst(again))]
    expect(one.key).toBe(key)
    expect([other.id, other.fingerprint]).toEqual([one.id, one.fingerprint])
  })

  it('runs once, and is acknowledged on each delivery', async () => {
    let runs = 0
    const { records } = readBatch(event)
    const deliver = handle(() => void runs++)
    for (const delivery of [event, again]) expect(await deliver(delivery)).toEqual({ batchItemFailures: [] })
    expect(runs).toBe(records.length)
  })

  it('reports the records that failed in the way that its source expects', async () => {
    const failing = handle(() => Promise.reject(new Error('away')))(event)
    const reported = await failing.catch((error: Error) => error.message)
    const expected =
      answer.kind === 'batch'
        ? { batchItemFailures: answer.identifiers.map((itemIdentifier) => ({ itemIdentifier })) }
        : expect.stringContaining('whole batch has to be delivered again')
    expect(reported).toEqual(expected)
  })

  it('is refused by what protects single events', async () => {
    await expect(createFunction(OWN_KEY).send(event)).rejects.toThrow(/idempotentBatch/)
  })
})

it.each([
  ['sqs', 'standard queue', 'pipe'],
  ['kinesis', 'one record', 'pipe'],
  ['dynamodb', 'insert', 'pipe'],
  ['kafka', 'MSK', 'pipe, MSK'],
  ['kafka', 'self-managed', 'pipe, self-managed'],
])('%s: a record is the same one through a pipe (%s, %s)', (source, ...variants) => {
  const samples = batchSamples.filter(
    (sample) => sample.source === source && variants.includes(sample.variant),
  )
  const [one, other] = samples.map(({ event }) => requestOf(identifyFirst(event)))
  expect(one?.id).toMatch(/^corpus\//)
  expect([other?.id, other?.fingerprint]).toEqual([one?.id, one?.fingerprint])
})

describe.each(refusedSamples)('$source: $variant', ({ event }) => {
  it('is refused, with or without a key, and the error says what to do instead', async () => {
    for (const options of [{}, OWN_KEY]) {
      const { send, runs } = createFunction(options)
      const refusal = send(event)
      await expect(refusal).rejects.toThrow(TypeError)
      await expect(refusal).rejects.toThrow(/Protect|runOnce|Pass the event/)
      expect(runs()).toBe(0)
    }
  })

  it('is no batch either', () => {
    expect(() => readBatch(event)).toThrow(TypeError)
  })
})

it.each(refusedSamples.filter(({ source }) => source !== 'authorizer' && source !== 'incomplete-http'))(
  '$source: $variant is told what to do instead of idempotentBatch',
  ({ event }) => {
    expect(() => readBatch(event)).toThrow(/runOnce/)
  },
)
