import middy from '@middy/core'
import type { Context, SQSRecord } from 'aws-lambda'
import middy6 from 'middy6'
import { manualClock } from 'oncekey/testing'
import { afterEach, describe, expect, it, vi } from 'vitest'
import {
  KeyInvalidError,
  KeyMissingError,
  KeyReusedError,
  StoreUnavailableError,
} from '../../packages/oncekey/src/core/errors.ts'
import type { OutcomeEvent } from '../../packages/oncekey/src/core/outcome.ts'
import type { Store } from '../../packages/oncekey/src/core/store.ts'
import { idempotentBatch } from '../../packages/oncekey/src/entries/batch.ts'
import { memoryStore } from '../../packages/oncekey/src/stores/memory.ts'
import { consumer, failures, quiet } from './consumer.ts'
import { lambdaContext, sqsEvent, sqsRecord } from './fixtures.ts'

afterEach(() => {
  vi.restoreAllMocks()
})

describe('a batch', () => {
  it('reports exactly the record that threw, and the next delivery runs that one alone', async () => {
    const failing = new Set(['2'])
    const { ran, handle } = consumer(memoryStore(), failing)
    const records = ['1', '2', '3'].map((body) => sqsRecord(`message-${body}`, body))

    expect(await handle(...records)).toEqual(failures('message-2'))
    failing.clear()
    expect(await handle(...records)).toEqual(failures())

    expect(ran).toEqual(['message-1', 'message-2', 'message-3', 'message-2'])
  })

  it('takes a completed duplicate for done, without running it', async () => {
    const store = memoryStore()
    const first = consumer(store)
    const second = consumer(store)
    await first.handle(sqsRecord('a', 'x'))

    expect(await second.handle(sqsRecord('a', 'x'))).toEqual(failures())
    expect(second.ran).toEqual([])
  })

  it('reports a duplicate that is still in flight elsewhere, so that it comes again', async () => {
    const store = memoryStore()
    const started = Promise.withResolvers<void>()
    const ends = Promise.withResolvers<void>()
    const slow = idempotentBatch(
      async (_record: SQSRecord) => {
        started.resolve()
        await ends.promise
      },
      store,
      quiet,
    )
    const running = slow(sqsEvent(sqsRecord('a', 'x')), lambdaContext())
    await started.promise
    const elsewhere = consumer(store)

    expect(await elsewhere.handle(sqsRecord('a', 'x'))).toEqual(failures('a'))
    ends.resolve()
    expect(await running).toEqual(failures())
    expect(await elsewhere.handle(sqsRecord('a', 'x'))).toEqual(failures())
    expect(elsewhere.ran).toEqual([])
  })

  it('lets a duplicate within it share the fate of the first', async () => {
    const { ran, handle } = consumer(memoryStore(), new Set(['bad']))
    const response = await handle(
      sqsRecord('good', 'good'),
      sqsRecord('bad', 'bad'),
      sqsRecord('good', 'good'),
      sqsRecord('bad', 'bad'),
    )

    expect(response).toEqual(failures('bad', 'bad'))
    expect(ran).toEqual(['good', 'bad'])
  })

  it('keeps duplicates within it apart that carry different things under one key', async () => {
    const errors: unknown[] = []
    const { ran, handle } = consumer(memoryStore(), new Set(), {
      key: ({ body }) => JSON.parse(body).order,
      onRecordError: (error) => errors.push(error),
    })
    const response = await handle(
      sqsRecord('a', '{"order":"o-1","amount":1}'),
      sqsRecord('b', '{"order":"o-1","amount":2}'),
    )

    expect(response).toEqual(failures('b'))
    expect(ran).toEqual(['a'])
    expect(errors).toEqual([expect.any(KeyReusedError)])
  })

  it('knows a message that was sent twice by the key of the sender, however it is formatted', async () => {
    const { ran, handle } = consumer(memoryStore(), new Set(), { key: ({ body }) => JSON.parse(body).order })
    await handle(sqsRecord('a', '{"order":"o-1","amount":1}'))

    expect(await handle(sqsRecord('b', '{ "amount": 1, "order": "o-1" }'))).toEqual(failures())
    expect(ran).toEqual(['a'])
  })

  it('gives each record an attempt of its own, and leaves the shared context alone', async () => {
    const seen: { key: string; number: number; uuid: string }[] = []
    const handler = idempotentBatch((_record: SQSRecord, { idempotency, getRemainingTimeInMillis }) => {
      expect(getRemainingTimeInMillis()).toBe(30_000)
      seen.push({ key: idempotency.key, number: idempotency.number, uuid: idempotency.derive('charge') })
    }, memoryStore())
    const context = lambdaContext()
    await handler(sqsEvent(sqsRecord('a', 'x'), sqsRecord('b', 'x')), context)

    expect(seen.map(({ key, number }) => [key, number])).toEqual([
      ['a', 1],
      ['b', 1],
    ])
    expect(new Set(seen.map(({ uuid }) => uuid)).size).toBe(2)
    expect(context).not.toHaveProperty('idempotency')
  })

  it('resumes a record after the step that it had finished', async () => {
    const store = memoryStore()
    let charges = 0
    let isBroken = true
    const handler = idempotentBatch(
      async (_record: SQSRecord, { idempotency }) => {
        await idempotency.step('charge', () => {
          charges += 1
        })
        if (isBroken) throw new Error('the ledger is away')
      },
      store,
      quiet,
    )
    const deliver = () => handler(sqsEvent(sqsRecord('a', 'x')), lambdaContext())

    expect(await deliver()).toEqual(failures('a'))
    isBroken = false
    expect(await deliver()).toEqual(failures())
    expect(charges).toBe(1)
  })

  it('runs so many records at a time, and no more', async () => {
    let running = 0
    let most = 0
    const handler = idempotentBatch(
      async (_record: SQSRecord) => {
        running += 1
        most = Math.max(most, running)
        await new Promise((resolve) => setImmediate(resolve))
        running -= 1
      },
      memoryStore(),
      { concurrency: 3 },
    )
    await handler(
      sqsEvent(...Array.from({ length: 10 }, (_, i) => sqsRecord(`m-${i}`, 'x'))),
      lambdaContext(),
    )

    expect(most).toBe(3)
  })

  it('reports the rest without a claim once the time is short', async () => {
    let remainingMs = 1_500
    const store = memoryStore()
    const handler = idempotentBatch(
      (_record: SQSRecord) => {
        remainingMs -= 400
      },
      store,
      { concurrency: 1 },
    )
    const records = ['a', 'b', 'c', 'd'].map((id) => sqsRecord(id, 'x'))
    expect(
      await handler(
        sqsEvent(...records),
        lambdaContext(() => remainingMs),
      ),
    ).toEqual(failures('c', 'd'))

    const attempts: number[] = []
    const later = idempotentBatch(
      (_record: SQSRecord, { idempotency }) => attempts.push(idempotency.number),
      store,
    )
    expect(await later(sqsEvent(...records), lambdaContext())).toEqual(failures())
    expect(attempts).toEqual([1, 1])
  })

  it('reports a record without a key, and says why', async () => {
    const errors: unknown[] = []
    const { ran, handle } = consumer(memoryStore(), new Set(), {
      key: ({ body }) => JSON.parse(body).order,
      onRecordError: (error) => errors.push(error),
    })

    expect(await handle(sqsRecord('a', '{}'), sqsRecord('b', '{"order":"o-1"}'))).toEqual(failures('a'))
    expect(ran).toEqual(['b'])
    expect(errors).toEqual([expect.any(KeyMissingError)])
  })

  it('runs a record without a key unprotected where that is asked for', async () => {
    const { ran, handle } = consumer(memoryStore(), new Set(), { key: () => undefined, required: false })
    await handle(sqsRecord('a', 'x'))
    await handle(sqsRecord('a', 'x'))

    expect(ran).toEqual(['a', 'a'])
  })

  it('fails the record whose key cannot be found out, and no other', async () => {
    const { handle } = consumer(memoryStore(), new Set(), {
      key: ({ body }) => JSON.parse(body).order,
      ...quiet,
    })
    expect(await handle(sqsRecord('a', 'no json'), sqsRecord('b', '{"order":"o-1"}'))).toEqual(failures('a'))
  })

  it('fails the records that a table outage touches, and no others', async () => {
    const memory = memoryStore()
    const errors: unknown[] = []
    const away = new StoreUnavailableError('the table is away', { retryable: true })
    const store: Store = {
      ...memory,
      insert: (record, limits) =>
        record.fingerprint.length > 0 && isTouched(record.id)
          ? Promise.reject(away)
          : memory.insert(record, limits),
      release: (claim, limits) =>
        isTouched(claim.id) ? Promise.reject(away) : memory.release(claim, limits),
    }
    const touched = new Set<string>()
    const isTouched = (id: string) => touched.has(id)
    const probe = consumer(memory, new Set(), { onOutcome: ({ id }) => touched.add(id ?? '') })
    await probe.handle(sqsRecord('b', 'x'))
    const { ran, handle } = consumer(store, new Set(), {
      clock: manualClock(),
      onRecordError: (error) => errors.push(error),
    })

    expect(await handle(sqsRecord('a', 'x'), sqsRecord('b', 'x'), sqsRecord('c', 'x'))).toEqual(failures('b'))
    expect(ran).toEqual(['a', 'c'])
    expect(errors).toEqual([away])
  })

  it('keeps two consumers of one queue apart', async () => {
    const store = memoryStore()
    const mailer = consumer(store, new Set(), { service: 'mailer' })
    const ledger = consumer(store, new Set(), { service: 'ledger' })
    await mailer.handle(sqsRecord('a', 'x'))
    await ledger.handle(sqsRecord('a', 'x'))

    expect([mailer.ran, ledger.ran]).toEqual([['a'], ['a']])
  })

  it('tells one outcome for each record that it began', async () => {
    const outcomes: (string | undefined)[] = []
    const onOutcome = ({ outcome, key }: OutcomeEvent) => outcomes.push(`${key} ${outcome}`)
    const { handle } = consumer(memoryStore(), new Set(['bad']), { onOutcome, concurrency: 1, ...quiet })
    await handle(sqsRecord('a', 'good'), sqsRecord('b', 'bad'), sqsRecord('a', 'good'))

    expect(outcomes).toEqual(['a executed', 'b released', 'a replayed'])
  })

  it('tells that a record had no key, or none that will do', async () => {
    const outcomes: OutcomeEvent[] = []
    const onOutcome = (event: OutcomeEvent) => outcomes.push(event)
    const keys: Readonly<Record<string, unknown>> = { none: undefined, wrong: 7 }
    const key = ({ body }: SQSRecord) => keys[body] as string
    await consumer(memoryStore(), new Set(), { key, onOutcome, ...quiet }).handle(
      sqsRecord('a', 'none'),
      sqsRecord('b', 'wrong'),
    )
    const { handle } = consumer(memoryStore(), new Set(), { key, onOutcome, required: false, ...quiet })
    expect(await handle(sqsRecord('a', 'none'))).toEqual(failures())

    expect(outcomes.map(({ outcome, error }) => [outcome, error])).toEqual([
      ['missing', expect.any(KeyMissingError)],
      ['invalid', expect.any(KeyInvalidError)],
      ['missing', undefined],
    ])
  })

  it('tells nothing of a duplicate that shares a failure', async () => {
    const outcomes: string[] = []
    const { handle } = consumer(memoryStore(), new Set(['bad']), {
      onOutcome: ({ outcome }) => outcomes.push(outcome),
      ...quiet,
    })
    await handle(sqsRecord('a', 'bad'), sqsRecord('a', 'bad'))
    expect(outcomes).toEqual(['released'])
  })

  it('needs no deadline to run', async () => {
    const { promise, resolve } = Promise.withResolvers<string>()
    const handler = idempotentBatch((record: SQSRecord) => resolve(record.messageId), memoryStore())
    expect(await handler(sqsEvent(sqsRecord('a', 'x')), {} as Context)).toEqual(failures())
    expect(await promise).toBe('a')
  })

  it('begins a record with exactly the time that it needs', async () => {
    const ran: string[] = []
    const handler = idempotentBatch((record: SQSRecord) => ran.push(record.messageId), memoryStore(), {
      minRemainingMs: 500,
    })
    await handler(
      sqsEvent(sqsRecord('a', 'x')),
      lambdaContext(() => 500),
    )
    await handler(
      sqsEvent(sqsRecord('b', 'x')),
      lambdaContext(() => 499),
    )
    expect(ran).toEqual(['a'])
  })

  it('prints what a record threw, for nothing else would', async () => {
    const printed = vi.spyOn(console, 'error').mockReturnValue()
    const { handle } = consumer(memoryStore(), new Set(['bad']), {})
    await handle(sqsRecord('a', 'bad'))

    expect(printed.mock.calls).toEqual([['Record "a" failed:', new Error('cannot do bad')]])
  })

  it.each([
    ['was used for another record', '', /^\{"message":"Idempotency key \(not shown\) was already used/],
    ['is cut inside an emoji', '\ud83c', /"code":"key-invalid"/],
  ])('prints no key on one line, if it %s', async (_, end, line) => {
    const printed = vi.spyOn(console, 'error').mockReturnValue()
    const options = { key: () => `the-secret-key${end}` }
    const handle = idempotentBatch(() => undefined, memoryStore(), options)
    await handle(sqsEvent(sqsRecord('a', 'x')), lambdaContext())
    await handle(sqsEvent(sqsRecord('b', 'y')), lambdaContext())
    expect(printed).toHaveBeenLastCalledWith('Record "b" failed:', expect.stringMatching(line))
    expect(JSON.stringify(printed.mock.calls)).not.toMatch(/the-secret-key|\\n/)
  })

  it('goes on when the hook for errors throws or rejects', async () => {
    const broken = { onRecordError: () => Promise.reject(new Error('no log')) }
    const throwing = {
      onRecordError: () => {
        throw new Error('no log')
      },
    }
    for (const options of [broken, throwing]) {
      const { handle } = consumer(memoryStore(), new Set(['bad']), options)
      expect(await handle(sqsRecord('a', 'bad'), sqsRecord('b', 'good'))).toEqual(failures('a'))
    }
  })

  it('is the handler of Middy', async () => {
    const ran: string[] = []
    const handle = idempotentBatch((record: SQSRecord) => ran.push(record.messageId), memoryStore())
    const event = sqsEvent(sqsRecord('a', 'x'), sqsRecord('a', 'x'))
    const pass = { before: () => undefined, after: () => undefined }

    expect(await middy(handle).use(pass)(event, lambdaContext())).toEqual(failures())
    expect(await middy6(handle).use(pass)(event, lambdaContext())).toEqual(failures())
    expect(ran).toEqual(['a'])
  })
})
