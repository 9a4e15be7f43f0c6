import { describe, expect, it } from 'vitest'
import {
  InFlightError,
  KeyInvalidError,
  KeyMissingError,
  KeyReusedError,
} from '../../packages/oncekey/src/core/errors.ts'
import type { ProtectedRequest } from '../../packages/oncekey/src/core/request.ts'
import { idempotentHandler } from '../../packages/oncekey/src/entries/handler.ts'
import type { IdempotencyOptions } from '../../packages/oncekey/src/options.ts'
import { createSingleSource } from '../../packages/oncekey/src/sources/single.ts'
import { memoryStore } from '../../packages/oncekey/src/stores/memory.ts'
import { eventConsumer } from './event-consumer.ts'
import {
  dynamoDbEvent,
  eventBridgeEvent,
  eventBridgeText,
  kinesisEvent,
  lambdaContext,
  mskEvent,
  preSignUpEvent,
  s3Event,
  selfManagedKafkaEvent,
  snsEvent,
  sqsEvent,
  sqsRecord,
} from './fixtures.ts'

/** Returns the request of an event, or an empty object if the event is refused. */
function requestOf(event: unknown, options: IdempotencyOptions = {}): Partial<ProtectedRequest> {
  const invocation = { event, context: {}, service: 'orders', startedAtMs: 0, deadlineMs: undefined }
  const identified = createSingleSource(options)(invocation)
  return identified.kind === 'request' ? identified.request : {}
}

/** Returns the record's id: two events with the same id have the same key. */
const identityOf = (event: unknown, options?: IdempotencyOptions) => requestOf(event, options).id
const fingerprintOf = (event: unknown, options?: IdempotencyOptions) => requestOf(event, options).fingerprint

describe('an event of a source that names its events', () => {
  const versioned = { versionId: '096fKKXTRTtl3on89fVO.nfljtsv6qko' }
  it.each([
    [
      'EventBridge',
      eventBridgeEvent('17793124-05d4-b198-2fde-7ededc63b103'),
      '17793124-05d4-b198-2fde-7ededc63b103',
    ],
    ['SNS', snsEvent('95df01b4-ee98-5cb9-9903-4c221d41eb5e'), '95df01b4-ee98-5cb9-9903-4c221d41eb5e'],
    [
      'S3',
      s3Event({}),
      'amzn-s3-demo-bucket/ObjectCreated:Put//0C0F6F405D6ED209E1/b21b84d653bb07b05b1e6b33684dc11b',
    ],
    [
      'S3 with versions',
      s3Event({ key: 'a/b.jpg', ...versioned }),
      'amzn-s3-demo-bucket/ObjectCreated:Put/096fKKXTRTtl3on89fVO.nfljtsv6qko/0C0F6F405D6ED209E1/a/b.jpg',
    ],
  ])('(%s) runs once, and every other delivery gets its result', async (_source, event, key) => {
    const { handle, runs } = eventConsumer(memoryStore())
    const answers = [await handle(event), await handle(structuredClone(event)), await handle(event)]

    expect(answers).toEqual([
      { run: 1, key },
      { run: 1, key },
      { run: 1, key },
    ])
    expect(runs()).toBe(1)
  })

  it('runs for each of two consumers, who never silence each other', async () => {
    const store = memoryStore()
    const mailer = eventConsumer(
      store,
      {},
      lambdaContext(() => 30_000, 'mailer'),
    )
    const ledger = eventConsumer(
      store,
      {},
      lambdaContext(() => 30_000, 'ledger'),
    )
    for (const { handle } of [mailer, ledger, mailer, ledger]) await handle(eventBridgeEvent('e-1'))

    expect([mailer.runs(), ledger.runs()]).toEqual([1, 1])
  })

  it('runs again once it has failed', async () => {
    const store = memoryStore()
    const failing = idempotentHandler(() => Promise.reject(new Error('the ledger is away')), store)
    await expect(failing(eventBridgeEvent('e-1'), lambdaContext())).rejects.toThrow('the ledger is away')

    const { handle, runs } = eventConsumer(store)
    await handle(eventBridgeEvent('e-1'))
    expect(runs()).toBe(1)
  })

  it('is refused by an error while another delivery of it is in flight, so that the service tries again', async () => {
    const store = memoryStore()
    const started = Promise.withResolvers<void>()
    const ends = Promise.withResolvers<void>()
    const slow = idempotentHandler(async () => {
      started.resolve()
      await ends.promise
    }, store)
    const running = slow(eventBridgeEvent('e-1'), lambdaContext())
    await started.promise
    const { handle, runs } = eventConsumer(store)

    await expect(handle(eventBridgeEvent('e-1'))).rejects.toThrow(InFlightError)
    ends.resolve()
    await running
    expect(runs()).toBe(0)
  })

  it('is kept apart from one that another source gave the same name', () => {
    expect(identityOf(eventBridgeEvent('1'))).not.toBe(identityOf(snsEvent('1')))
  })

  it('of two messages in one is known by both, and carries both', () => {
    const both = { Records: [...snsEvent('1').Records, ...snsEvent('2').Records] }
    expect(requestOf(both).key).toBe('1 2')
    expect(identityOf(both)).toMatch(/^orders\/sns#/)
    const [first, second] = both.Records
    const changed = { Records: [first, { ...second, Sns: { ...second?.Sns, Message: 'changed' } }] }
    expect(fingerprintOf(changed)).not.toBe(fingerprintOf(both))
    expect(fingerprintOf(structuredClone(both))).toBe(fingerprintOf(both))
  })

  it('of messages of two sources in one has no name', () => {
    const mixed = { Records: [...snsEvent('1').Records, ...s3Event({}).Records] }
    expect(requestOf(mixed)).toEqual({})
    expect(requestOf({ Records: mixed.Records.toReversed() })).toEqual({})
  })

  it('shows its source in the scope of its record', () => {
    expect(identityOf(eventBridgeEvent('1'))).toMatch(/^orders\/eventbridge#/)
    expect(identityOf(eventBridgeEvent('1', 'march'))).toMatch(/^orders\/eventbridge\/march#/)
    expect(identityOf(snsEvent('1'))).toMatch(/^orders\/sns#/)
    expect(identityOf(s3Event({}))).toMatch(/^orders\/s3#/)
    expect(identityOf({}, { key: () => '1' })).toMatch(/^orders#/)
  })
})

describe('what an event carries', () => {
  const bridge = eventBridgeEvent('1')
  const [topic] = snsEvent('1').Records
  const [bucket] = s3Event({}).Records
  const message = (Message: unknown) => ({ Records: [{ ...topic, Sns: { ...topic?.Sns, Message } }] })
  it.each([
    ['another detail', bridge, { ...bridge, detail: { orderId: 'order-8' } }],
    ['no detail', bridge, { ...bridge, detail: undefined }],
    ['another detail type', bridge, { ...bridge, 'detail-type': 'OrderPaid' }],
    ['another source', bridge, { ...bridge, source: 'shop.returns' }],
    ['another message', message('a'), message('b')],
    ['a message that was parsed to something else', message({ a: 1 }), message({ a: 2 })],
    ['a message that is missing', message('a'), message(undefined)],
    [
      'another size',
      s3Event({}),
      { Records: [{ ...bucket, s3: { ...bucket?.s3, object: { ...bucket?.s3.object, size: 1 } } }] },
    ],
    [
      'another tag',
      s3Event({}),
      { Records: [{ ...bucket, s3: { ...bucket?.s3, object: { ...bucket?.s3.object, eTag: '' } } }] },
    ],
    ['another payload', { a: 1 }, { a: 2 }],
  ])('tells it from one with %s', (_difference, one, other) => {
    const key = { key: () => 'order-7' }
    expect(fingerprintOf(one, key)).toMatch(/^json:|^bytes:/)
    expect(fingerprintOf(other, key)).not.toBe(fingerprintOf(one, key))
  })

  it.each([
    ['at another time', bridge, { ...bridge, time: '2027-01-01T00:00:00Z', id: '2' }],
    ['with its members in another order', { a: 1, b: 2 }, { b: 2, a: 1 }],
    ['with its message written otherwise', message('{"a":1}'), message('{ "a": 1 }')],
    ['with its message parsed before', message('{"a":1}'), message({ a: 1 })],
    ['with its text as it is', message('Hello'), message('Hello')],
    [
      'put on a bus twice, before a topic',
      message(eventBridgeText('{"a":1}', 'e1')),
      message(eventBridgeText('{"a":1}', 'event2')),
    ],
  ])('is the same %s', (_difference, one, other) => {
    const key = { key: () => 'order-7' }
    expect(fingerprintOf(one, key)).toBe(fingerprintOf(other, key))
  })

  it('is compared without what the pointers name within the detail', () => {
    const other = { ...bridge, detail: { orderId: 'order-8' } }
    const options = { fingerprint: ['/orderId'] }
    expect(fingerprintOf(bridge, options)).toBe(fingerprintOf(other, options))
  })

  it('is tagged when a function says what to compare', () => {
    expect(fingerprintOf(bridge, { fingerprint: () => 'mine' })).toMatch(/^custom:/)
    expect(fingerprintOf(bridge, { fingerprint: false })).toBe('none')
  })
})

describe('an event of S3', () => {
  const { Records } = s3Event({})
  const laterOf = (event: ReturnType<typeof s3Event>) => ({
    Records: event.Records.map((record) => ({ ...record, eventTime: '2020-01-01T00:00:00.000Z' })),
  })
  it.each([
    ['another object', s3Event({ key: 'another' })],
    ['another version', s3Event({ versionId: '2' })],
    ['another sequencer', s3Event({ sequencer: '0C0F6F405D6ED209E2' })],
    ['another kind of event', s3Event({}, 'ObjectRemoved:Delete')],
    [
      'another bucket',
      {
        Records: Records.map((record) => ({
          ...record,
          s3: { ...record.s3, bucket: { ...record.s3.bucket, name: 'b' } },
        })),
      },
    ],
  ])('is another with %s', (_difference, event) => {
    expect(identityOf(event)).not.toBe(identityOf(s3Event({})))
  })

  it('is the same when it is told at another time, if it has a sequencer', () => {
    expect(identityOf(laterOf(s3Event({})))).toBe(identityOf(s3Event({})))
  })

  it('is told apart by its time if it has no sequencer', () => {
    const { sequencer: _, ...object } = Records[0]?.s3.object ?? { sequencer: '' }
    const bare = { Records: Records.map((record) => ({ ...record, s3: { ...record.s3, object } })) }
    expect(identityOf(laterOf(bare as ReturnType<typeof s3Event>))).not.toBe(identityOf(bare))
  })
})

describe('an event that EventBridge replays from its archive', () => {
  it('runs again, once for each replay', () => {
    const names = [undefined, 'march', 'april'].map((replay) => identityOf(eventBridgeEvent('e-1', replay)))
    expect(new Set(names).size).toBe(3)
    expect(identityOf(eventBridgeEvent('e-1', 'march'))).toBe(names[1])
  })

  it('is a repeat like any other where that is asked for', () => {
    const names = [undefined, 'march', 'april'].map((replay) =>
      identityOf(eventBridgeEvent('e-1', replay), { archiveReplays: 'repeat' }),
    )
    expect(new Set(names)).toEqual(new Set([identityOf(eventBridgeEvent('e-1'))]))
  })
})

describe('an event without a name of its own', () => {
  it.each([
    ['a Cognito trigger', preSignUpEvent('mary')],
    ['a direct invocation', { order: 'o-1' }],
    ['nothing', undefined],
    ['a number', 7],
    ['an empty list of records', { Records: [] }],
    ['records that do not name their source', { Records: [{ cf: {} }] }],
    ['a message of SNS without its id', { Records: [{ EventSource: 'aws:sns', Sns: {} }] }],
    ['a message with an id, of no source', { Records: [{ Sns: { MessageId: '1' } }] }],
    ['an event of S3 without its object', { Records: [{ eventSource: 'aws:s3', s3: {} }] }],
    ['an object of no source', { Records: [{ s3: { object: { key: 'a' } } }] }],
    ['an event of a bus without its id', { source: 'a', 'detail-type': 'b' }],
    ['an id alone', { id: '1', source: 'a' }],
    ['an id and a type', { id: '1', 'detail-type': 'b' }],
  ])('(%s) is refused, and the error says what is missing', async (_what, event) => {
    const { handle, runs } = eventConsumer(memoryStore())
    await expect(handle(event)).rejects.toThrow(KeyMissingError)
    await expect(handle(event)).rejects.toThrow(/option key/)
    expect(runs()).toBe(0)
  })

  it('runs once by the key that a function finds in it', async () => {
    const { handle, runs } = eventConsumer(memoryStore(), {
      key: ({ userName }: { userName: string }) => userName,
    })
    expect(await handle(preSignUpEvent('mary'))).toEqual({ run: 1, key: 'mary' })
    expect(await handle(preSignUpEvent('mary'))).toEqual({ run: 1, key: 'mary' })
    expect(await handle(preSignUpEvent('john'))).toEqual({ run: 2, key: 'john' })
    expect(runs()).toBe(2)
  })

  it('is refused if its key came before with something else', async () => {
    const { handle } = eventConsumer(memoryStore(), { key: ({ order }: { order: string }) => order })
    await handle({ order: 'o-1', amount: 1 })
    await handle({ amount: 1, order: 'o-1' })
    await expect(handle({ order: 'o-1', amount: 2 })).rejects.toThrow(KeyReusedError)
  })

  it('is compared as the option fingerprint says', async () => {
    const key = ({ order }: { order: string }) => order
    const events = [
      { order: 'o-1', amount: 1, sentAt: 1 },
      { order: 'o-1', amount: 1, sentAt: 2 },
    ]
    for (const fingerprint of [['/sentAt'], false, ({ amount }: { amount: number }) => amount] as const) {
      const { handle, runs } = eventConsumer(memoryStore(), { key, fingerprint })
      for (const event of events) await handle(event)
      expect(runs()).toBe(1)
    }
  })

  it.each([null, '', undefined])('is refused if its key is %j', async (key) => {
    const { handle } = eventConsumer(memoryStore(), { key: () => key as string })
    await expect(handle({})).rejects.toThrow(KeyMissingError)
  })

  it('is refused if its key is no string', async () => {
    const { handle } = eventConsumer(memoryStore(), { key: () => 7 as unknown as string })
    await expect(handle({})).rejects.toThrow(KeyInvalidError)
    await expect(handle({})).rejects.toThrow(
      'The key of this event is malformed: expected a string, got number.',
    )
  })

  it('is refused if its key cannot be found out, and the error says why', async () => {
    const { handle } = eventConsumer(memoryStore(), { key: () => JSON.parse('') as string })
    const refusal = handle({})
    await expect(refusal).rejects.toThrow(KeyInvalidError)
    await expect(refusal).rejects.toThrow("the service's function key threw")
    await expect(refusal).rejects.toHaveProperty('cause', expect.any(SyntaxError))
  })

  it('runs unprotected if no key is required', async () => {
    const { handle } = eventConsumer(memoryStore(), { required: false })
    expect(await handle({})).toEqual({ run: 1, key: undefined })
    expect(await handle({})).toEqual({ run: 2, key: undefined })
  })

  it('runs unprotected if it is to be skipped', async () => {
    const { handle, runs } = eventConsumer(memoryStore(), { skip: () => true })
    for (const _ of [1, 2]) await handle(eventBridgeEvent('e-1'))
    expect(runs()).toBe(2)
  })

  it('is refused if it cannot be found out whether it is to be skipped', async () => {
    const outcomes: string[] = []
    const { handle, runs } = eventConsumer(memoryStore(), {
      skip: () => JSON.parse('') as boolean,
      onOutcome: ({ outcome }) => outcomes.push(outcome),
    })
    const refusal = handle(eventBridgeEvent('e-1'))
    await expect(refusal).rejects.toThrow(KeyInvalidError)
    await expect(refusal).rejects.toThrow("the service's function skip threw")
    await expect(refusal).rejects.toHaveProperty('cause', expect.any(SyntaxError))
    expect([runs(), outcomes]).toEqual([0, ['invalid']])
  })

  it.each([
    ['missing', { required: false }],
    ['skipped', { skip: () => true }],
  ])('is told to be %s', async (expected, options) => {
    const outcomes: string[] = []
    const { handle } = eventConsumer(memoryStore(), {
      ...options,
      onOutcome: ({ outcome }) => outcomes.push(outcome),
    })
    await handle({})
    expect(outcomes).toEqual([expected])
  })
})

describe('a key of the user’s', () => {
  const key = (event: { detail?: { orderId: string }; order?: string }) =>
    event.detail?.orderId ?? event.order
  it('is one intent, whichever way the event came', () => {
    const options = { key: key as IdempotencyOptions['key'] & object }
    expect(identityOf(eventBridgeEvent('e-1'), options)).toBe(identityOf({ order: 'order-7' }, options))
  })

  it('knows an event that was sent twice', async () => {
    const { handle, runs } = eventConsumer(memoryStore(), { key })
    await handle(eventBridgeEvent('e-1'))
    await handle(eventBridgeEvent('e-2'))
    expect(runs()).toBe(1)
  })
})

describe('a batch given to what protects single events', () => {
  it.each([
    ['SQS', sqsEvent(sqsRecord('a', 'x'))],
    ['Kinesis', kinesisEvent(['1', 'p'])],
    ['DynamoDB streams', dynamoDbEvent(['111', '101'])],
    ['MSK', mskEvent([0, 15])],
    ['self-managed Kafka', selfManagedKafkaEvent([0, 15])],
  ])('of %s is refused by an error that names idempotentBatch', async (_source, event) => {
    const { handle, runs } = eventConsumer(memoryStore(), { key: () => 'a key for them all' })
    await expect(handle(event)).rejects.toThrow(TypeError)
    await expect(handle(event)).rejects.toThrow(/idempotentBatch/)
    expect(runs()).toBe(0)
  })
})
