import middy from '@middy/core'
import type {
  Context,
  DynamoDBRecord,
  DynamoDBStreamHandler,
  KinesisStreamHandler,
  KinesisStreamRecord,
  MSKEvent,
  MSKRecord,
  SelfManagedKafkaEvent,
  SQSHandler,
  SQSRecord,
} from 'aws-lambda'
import middy6 from 'middy6'
import { afterEach, describe, expect, expectTypeOf, it, vi } from 'vitest'
import { idempotentBatch } from '../../packages/oncekey/src/batch.ts'
import type { BatchOptions } from '../../packages/oncekey/src/batch-options.ts'
import { type RecordReadingOptions, readRecord } from '../../packages/oncekey/src/events/batch/read-record.ts'
import { readBatch } from '../../packages/oncekey/src/events/batch/sources.ts'
import type { OutcomeEvent } from '../../packages/oncekey/src/outcome.ts'
import {
  KeyInvalidError,
  KeyMissingError,
  KeyReusedError,
  StoreUnavailableError,
} from '../../packages/oncekey/src/protocol/errors.ts'
import type { Store } from '../../packages/oncekey/src/protocol/store.ts'
import { memoryStore } from '../../packages/oncekey/src/stores/memory.ts'
import { manualClock } from '../support/manual-clock.ts'
import {
  dynamoDbEvent,
  eventBridgeEvent,
  fifoRecord,
  kinesisEvent,
  lambdaContext,
  mskEvent,
  selfManagedKafkaEvent,
  snsEvent,
  sqsEvent,
  sqsRecord,
} from './fixtures.ts'

/** What a failing record says: nothing here shall be printed. */
const quiet = { onRecordError: () => undefined }
const failures = (...itemIdentifiers: unknown[]) => ({
  batchItemFailures: itemIdentifiers.map((itemIdentifier) => ({ itemIdentifier })),
})

/** A consumer of SQS that notes what ran, and fails for the bodies given. */
function consumer(
  store: Store,
  failing: ReadonlySet<string> = new Set(),
  options: BatchOptions<SQSRecord> = quiet,
) {
  const ran: string[] = []
  const handler = idempotentBatch(
    async (record: SQSRecord) => {
      ran.push(record.messageId)
      await Promise.resolve()
      if (failing.has(record.body)) throw new Error(`cannot do ${record.body}`)
    },
    store,
    options,
  )
  return { ran, handle: (...records: SQSRecord[]) => handler(sqsEvent(...records), lambdaContext()) }
}

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

describe('a FIFO queue', () => {
  it('runs in order within a group, the groups side by side, and stops a group at its first failure', async () => {
    const { ran, handle } = consumer(memoryStore(), new Set(['a2']))
    const response = await handle(
      fifoRecord('a1', 'A'),
      fifoRecord('b1', 'B'),
      fifoRecord('a2', 'A'),
      fifoRecord('b2', 'B'),
      fifoRecord('a3', 'A'),
      fifoRecord('b3', 'B'),
    )

    expect(response).toEqual(failures('a2', 'a3'))
    expect(ran.filter((id) => id.startsWith('a'))).toEqual(['a1', 'a2'])
    expect(ran.filter((id) => id.startsWith('b'))).toEqual(['b1', 'b2', 'b3'])
  })

  it('does not begin a record before the one ahead of it in its group has ended', async () => {
    let running = 0
    const handler = idempotentBatch(async (_record: SQSRecord) => {
      running += 1
      expect(running).toBe(1)
      await new Promise((resolve) => setImmediate(resolve))
      running -= 1
    }, memoryStore())
    const event = sqsEvent(fifoRecord('1', 'A'), fifoRecord('2', 'A'), fifoRecord('3', 'A'))
    expect(await handler(event, lambdaContext())).toEqual(failures())
  })

  it('is what a group means: a standard queue with fair groups keeps no order', async () => {
    const { ran, handle } = consumer(memoryStore(), new Set(['bad']))
    const group = { MessageGroupId: 'tenant-1' }
    expect(await handle(sqsRecord('a', 'bad', group), sqsRecord('b', 'good', group))).toEqual(failures('a'))
    expect(ran).toEqual(['a', 'b'])
  })

  it('can be grouped otherwise', async () => {
    const { ran, handle } = consumer(memoryStore(), new Set(['bad']), { group: () => 'all', ...quiet })
    expect(await handle(sqsRecord('a', 'bad'), sqsRecord('b', 'good'))).toEqual(failures('a', 'b'))
    expect(ran).toEqual(['a'])
  })
})

describe('the partial batch response', () => {
  const failOn =
    <T>(isBad: (record: T) => boolean) =>
    (record: T) => {
      if (isBad(record)) throw new Error('bad')
    }

  it('names the sequence number for Kinesis, and the rest of the partition key with it', async () => {
    const handler = idempotentBatch(
      failOn<KinesisStreamRecord>(({ kinesis }) => kinesis.sequenceNumber === '1'),
      memoryStore(),
      quiet,
    )
    const event = kinesisEvent(['1', 'p'], ['2', 'q'], ['3', 'p'])
    expect(await handler(event, lambdaContext())).toEqual(failures('1', '3'))
  })

  it('names the sequence number for DynamoDB streams, and the later changes of that item with it', async () => {
    const handler = idempotentBatch(
      failOn<DynamoDBRecord>(({ dynamodb }) => dynamodb?.SequenceNumber === '111'),
      memoryStore(),
      quiet,
    )
    const event = dynamoDbEvent(['111', '101'], ['222', '102'], ['333', '101'])
    expect(await handler(event, lambdaContext())).toEqual(failures('111', '333'))
  })

  it.each([
    ['MSK', mskEvent],
    ['self-managed Kafka', selfManagedKafkaEvent],
  ])('names partition and offset for %s, as an object', async (_name, eventOf) => {
    const handler = idempotentBatch(
      failOn<MSKRecord>(({ partition, offset }) => partition === 0 && offset === 15),
      memoryStore(),
      quiet,
    )
    const event = eventOf([0, 14], [0, 15], [1, 15])
    expect(await handler(event, lambdaContext())).toEqual(failures({ partition: 'topic-0', offset: 15 }))
  })

  it('is an empty list when everything is done', async () => {
    const { handle } = consumer(memoryStore())
    expect(JSON.stringify(await handle(sqsRecord('a', 'x')))).toBe('{"batchItemFailures":[]}')
  })
})

describe('a record of a stream', () => {
  it.each([
    ['Kinesis', kinesisEvent(['1', 'p'], ['2', 'p'])],
    ['DynamoDB', dynamoDbEvent(['111', '101'], ['222', '101'])],
    ['MSK', mskEvent([0, 15], [0, 16])],
    ['self-managed Kafka', selfManagedKafkaEvent([0, 15], [1, 15])],
  ])('of %s runs once, however often it is delivered', async (_name, event) => {
    let runs = 0
    const handler = idempotentBatch(() => {
      runs += 1
    }, memoryStore())
    for (const _delivery of [1, 2, 3]) expect(await handler(event, lambdaContext())).toEqual(failures())
    expect(runs).toBe(2)
  })

  it('is not taken for one of another stream with the same shard and number', async () => {
    let runs = 0
    const handler = idempotentBatch((_record: KinesisStreamRecord) => {
      runs += 1
    }, memoryStore())
    const one = kinesisEvent(['1', 'p'])
    const other = kinesisEvent(['1', 'p'])
    for (const record of other.Records) record.eventSourceARN += '-2'
    await handler(one, lambdaContext())
    await handler(other, lambdaContext())
    expect(runs).toBe(2)
  })

  it('is not taken for one of a topic that was made anew', async () => {
    let runs = 0
    const handler = idempotentBatch((_record: MSKRecord) => {
      runs += 1
    }, memoryStore())
    const anew = mskEvent([0, 15])
    for (const record of Object.values(anew.records).flat()) record.timestamp += 1
    await handler(mskEvent([0, 15]), lambdaContext())
    await handler(anew, lambdaContext())
    expect(runs).toBe(2)
  })
})

describe('what a record carries', () => {
  const intentOf = (event: unknown, options: RecordReadingOptions<unknown> = {}) => {
    const [item] = readBatch<unknown>(event)?.records ?? []
    if (item === undefined) throw new Error('no record')
    const reading = readRecord('sqs', item, { service: 'orders', key: () => 'order-7', ...options })
    if (reading.kind !== 'exchange') throw new Error(reading.kind)
    return reading.exchange.intent
  }
  const queue = (body: unknown) => sqsEvent({ ...sqsRecord('a', ''), body: body as string })
  const shard = (text: string | Buffer) => kinesisEvent(['1', 'p', text])
  const parsedShard = (data: unknown) => {
    const [record] = kinesisEvent(['1', 'p']).Records
    return { Records: [{ ...record, kinesis: { ...record?.kinesis, data } }] }
  }
  const topic = (value: unknown) => {
    const event = mskEvent([0, 15])
    return {
      ...event,
      records: { 'topic-0': event.records['topic-0']?.map((record) => ({ ...record, value })) },
    }
  }
  const table = (facts: object, eventName = 'INSERT') => {
    const [record] = dynamoDbEvent(['111', '101']).Records
    return { Records: [{ ...record, eventName, dynamodb: { ...record?.dynamodb, ...facts } }] }
  }

  it.each([
    ['another body', queue('a'), queue('b')],
    ['a body that was parsed to something else', queue({ a: 1 }), queue({ a: 2 })],
    ['no body', queue('a'), queue(undefined)],
    ['other data', shard('a'), shard('b')],
    ['other bytes', shard(Buffer.from([0xff, 1])), shard(Buffer.from([0xff, 2]))],
    ['data that were parsed to something else', parsedShard({ a: 1 }), parsedShard({ a: 2 })],
    ['another value', topic('YQ=='), topic('Yg==')],
    ['no value', topic('YQ=='), topic(null)],
    ['another image', table({}), table({ NewImage: { Message: { S: 'changed' } } })],
    ['another old image', table({}), table({ OldImage: { Message: { S: 'old' } } })],
    ['another item', table({}), table({ Keys: { Id: { N: '102' } } })],
    ['another change', table({}), table({}, 'MODIFY')],
  ])('tells it from one with %s', (_difference, one, other) => {
    expect(intentOf(one).fingerprint).toMatch(/^json:|^bytes:/)
    expect(intentOf(other).fingerprint).not.toBe(intentOf(one).fingerprint)
  })

  it.each([
    ['with its body written otherwise', queue('{"a":1,"b":2}'), queue('{ "b": 2, "a": 1 }')],
    ['with its body parsed before', queue('{"a":1}'), queue({ a: 1 })],
    ['with its data written otherwise', shard('{"a":1}'), shard('{ "a": 1 }')],
    ['with its data parsed before', shard('{"a":1}'), parsedShard({ a: 1 })],
    ['with its value parsed before', topic('eyJhIjoxfQ=='), topic({ a: 1 })],
    ['on a queue and on a stream', queue('{"a":1}'), shard('{"a":1}')],
    ['on a topic and on a queue', topic('aGk='), queue('hi')],
  ])('is the same %s', (_difference, one, other) => {
    expect(intentOf(one)).toEqual(intentOf(other))
  })

  it('is compared as the option fingerprint says', () => {
    const [one, other] = [queue('{"a":1,"sentAt":1}'), queue('{"a":1,"sentAt":2}')]
    for (const fingerprint of [['/sentAt'], false, () => 'mine'] as const) {
      expect(intentOf(one, { fingerprint })).toEqual(intentOf(other, { fingerprint }))
    }
    expect(intentOf(one, { fingerprint: () => 1 })).not.toEqual(intentOf(one, { fingerprint: () => 2 }))
  })

  it('shows its source in the scope of its record', () => {
    const scopes = [queue('a'), shard('a'), table({}), topic('YQ==')].map((event) => {
      const batch = readBatch<unknown>(event)
      const [item] = batch?.records ?? []
      if (batch === undefined || item === undefined) throw new Error('no record')
      const reading = readRecord(batch.source, item, { service: 'orders' })
      return reading.kind === 'exchange' ? reading.exchange.intent.id.split('#')[0] : reading.kind
    })
    expect(scopes).toEqual(['orders/sqs', 'orders/kinesis', 'orders/dynamodb', 'orders/kafka'])
    expect(intentOf(queue('a')).id).toMatch(/^orders#/)
  })
})

describe('the item of a DynamoDB record', () => {
  it('is one group, in whatever order its key attributes come', () => {
    const groups = [
      { a: { S: '1' }, b: { S: '2' } },
      { b: { S: '2' }, a: { S: '1' } },
      { a: { S: '1' }, b: { S: '3' } },
    ].map((Keys) => {
      const [record] = dynamoDbEvent(['111', '101']).Records
      return readBatch({ Records: [{ ...record, dynamodb: { ...record?.dynamodb, Keys } }] })?.records[0]
        ?.group
    })
    expect(groups[0]).toBe(groups[1])
    expect(groups[0]).not.toBe(groups[2])
  })
})

describe('idempotentBatch', () => {
  it('refuses an event that is no batch, and names the way for single events', async () => {
    const handler: (event: never, context: ReturnType<typeof lambdaContext>) => Promise<unknown> =
      idempotentBatch(() => undefined, memoryStore())
    for (const event of [eventBridgeEvent('e-1'), snsEvent('m-1'), {}, undefined]) {
      await expect(handler(event as never, lambdaContext())).rejects.toThrow(/idempotentHandler/)
    }
  })

  const without = (event: { Records: object[] }, facts: object) => ({
    Records: event.Records.map((record) => ({ ...record, ...facts })),
  })
  it.each([
    ['sqs', 'messageId', without(sqsEvent(sqsRecord('a', 'x')), { messageId: '' })],
    ['sqs', 'messageId', without(sqsEvent(sqsRecord('a', 'x')), { messageId: 7 })],
    ['kinesis', 'kinesis.sequenceNumber', without(kinesisEvent(['1', 'p']), { kinesis: {} })],
    ['kinesis', 'eventID', without(kinesisEvent(['1', 'p']), { eventID: undefined })],
    ['dynamodb', 'dynamodb.SequenceNumber', without(dynamoDbEvent(['1', '1']), { dynamodb: undefined })],
    ['dynamodb', 'eventID', without(dynamoDbEvent(['1', '1']), { eventID: undefined })],
    ['kafka', 'topic', { eventSource: 'aws:kafka', records: { 't-0': [{ partition: 0, offset: 1 }] } }],
    ['kafka', 'offset', { eventSource: 'aws:kafka', records: { 't-0': [{ topic: 't', partition: 0 }] } }],
  ])(
    'refuses a batch of %s with a record without %s, which could not be reported',
    async (source, named, event) => {
      expect(() => readBatch(event)).toThrow(
        `A ${source} record without ${named} cannot be reported as failed.`,
      )
      const handler: (event: never, context: Context) => Promise<unknown> = idempotentBatch(
        () => undefined,
        memoryStore(),
      )
      await expect(handler(event as never, lambdaContext())).rejects.toThrow(TypeError)
    },
  )

  it('answers an empty batch with an empty list', async () => {
    const handler: (event: never, context: Context) => Promise<unknown> = idempotentBatch(
      () => undefined,
      memoryStore(),
    )
    expect(await handler({ eventSource: 'aws:kafka' } as never, lambdaContext())).toEqual(failures())
  })

  it('names itself and what it did not expect', () => {
    expect(() => idempotentBatch(() => undefined, '')).toThrow(/^idempotentBatch: expected a table name/)
    expect(() => idempotentBatch(() => undefined, memoryStore(), { concurrency: -1 })).toThrow(
      /^idempotentBatch: /,
    )
  })

  it('refuses to run under a durable execution, where records are steps', async () => {
    const handler = idempotentBatch((_record: SQSRecord) => undefined, memoryStore())
    const context = { ...lambdaContext(), lambdaContext: {}, executionContext: {} }
    await expect(handler(sqsEvent(), context)).rejects.toThrow(/durable execution/)
  })

  it.each([
    [{ concurrency: 0 }, 'concurrency'],
    [{ minRemainingMs: -1 }, 'minRemainingMs'],
    [{ group: 'messageGroupId' }, 'group'],
    [{ fingerprint: true }, 'fingerprint'],
    [{ methods: ['POST'] }, 'methods'],
  ])('refuses %j at cold start', (options, named) => {
    const make = () => idempotentBatch(() => undefined, memoryStore(), options as object)
    expect(make).toThrow(TypeError)
    expect(make).toThrow(new RegExp(named))
  })

  it('refuses a record handler that is none', () => {
    expect(() => idempotentBatch(undefined as never, memoryStore())).toThrow(/handles one record/)
  })

  it('has the type of a handler of its source', () => {
    const store = memoryStore()
    expectTypeOf(idempotentBatch((_: SQSRecord) => undefined, store)).toExtend<SQSHandler>()
    expectTypeOf(
      idempotentBatch((_: KinesisStreamRecord) => undefined, store),
    ).toExtend<KinesisStreamHandler>()
    expectTypeOf(idempotentBatch((_: DynamoDBRecord) => undefined, store)).toExtend<DynamoDBStreamHandler>()
    const kafka = idempotentBatch((_: MSKRecord) => undefined, store)
    expectTypeOf(kafka).parameter(0).toEqualTypeOf<MSKEvent | SelfManagedKafkaEvent>()
    expectTypeOf(kafka).returns.resolves.toEqualTypeOf<{
      batchItemFailures: { itemIdentifier: { readonly partition: string; readonly offset: number } }[]
    }>()
  })
})
