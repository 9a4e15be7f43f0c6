import type { KinesisStreamRecord, MSKRecord, SQSRecord } from 'aws-lambda'
import { describe, expect, it } from 'vitest'
import { idempotentBatch } from '../../packages/oncekey/src/entries/batch.ts'
import type { BatchOptions } from '../../packages/oncekey/src/options.ts'
import { identifyRecord, readBatch } from '../../packages/oncekey/src/sources/records.ts'
import { memoryStore } from '../../packages/oncekey/src/stores/memory.ts'
import { failures } from './consumer.ts'
import {
  dynamoDbEvent,
  eventBridgeText,
  kinesisEvent,
  lambdaContext,
  mskEvent,
  selfManagedKafkaEvent,
  snsEnvelope,
  sqsEvent,
  sqsRecord,
} from './fixtures.ts'

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

  it('is not taken for one of another MSK cluster with the same topic, place and time', async () => {
    let runs = 0
    const handler = idempotentBatch((_record: MSKRecord) => {
      runs += 1
    }, memoryStore())
    const [one, other] = [mskEvent([0, 15]), mskEvent([0, 15])]
    other.eventSourceArn = 'arn:aws:kafka:us-east-1:123456789012:cluster/another/0b1c2d3e-4f50-2'
    for (const event of [one, other, one, other]) {
      expect(await handler(event, lambdaContext())).toEqual(failures())
    }
    expect(runs).toBe(2)
  })

  it('is known on a self-managed cluster whatever servers that is reached by', async () => {
    let runs = 0
    const handler = idempotentBatch((_record: MSKRecord) => {
      runs += 1
    }, memoryStore())
    const event = selfManagedKafkaEvent([0, 15])
    await handler(event, lambdaContext())
    await handler({ ...event, bootstrapServers: 'b-7.example.com:9092' }, lambdaContext())
    expect(runs).toBe(1)
  })

  it('by the option key is known on every cluster', async () => {
    let runs = 0
    const handler = idempotentBatch((_record: MSKRecord) => void runs++, memoryStore(), {
      key: () => 'order-7',
    })
    const event = mskEvent([0, 15])
    await handler(event, lambdaContext())
    await handler(
      { ...event, eventSourceArn: 'arn:aws:kafka:eu-west-1:1:cluster/another/0' },
      lambdaContext(),
    )
    expect(runs).toBe(1)
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
  const requestOf = (event: unknown, options: Pick<BatchOptions, 'key' | 'fingerprint'> = {}) => {
    const { source, records } = readBatch<unknown>(event)
    const [item] = records
    if (item === undefined) throw new Error('no record')
    const invocation = {
      event: item.record,
      context: {},
      service: 'orders',
      startedAtMs: 0,
      deadlineMs: undefined,
    }
    const identified = identifyRecord(source, item, invocation, options)
    if (identified.kind !== 'request') throw new Error(identified.kind)
    const { id, key, fingerprint } = identified.request
    return { id, key, fingerprint }
  }
  const byOrder = (event: unknown, options: Pick<BatchOptions, 'fingerprint'> = {}) =>
    requestOf(event, { key: () => 'order-7', ...options })
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
    ['another message of a topic', queue(snsEnvelope('a', 'm1')), queue(snsEnvelope('b', 'm1'))],
    ['another detail', queue(eventBridgeText('1', 'e1')), queue(eventBridgeText('2', 'e1'))],
    [
      'another detail type',
      queue(eventBridgeText('1', 'e1')),
      queue(eventBridgeText('1', 'e1', 'OrderPaid')),
    ],
    [
      'a detail that only looks the same as a double',
      queue(eventBridgeText('9007199254740992', 'e1')),
      queue(eventBridgeText('9007199254740993', 'e1')),
    ],
    [
      'another notice of a topic that is no notification',
      queue({ ...JSON.parse(snsEnvelope('a', 'm1')), Type: 'SubscriptionConfirmation', Token: 1 }),
      queue({ ...JSON.parse(snsEnvelope('a', 'm1')), Type: 'SubscriptionConfirmation', Token: 2 }),
    ],
    [
      'another member beside what only looks like an event',
      queue('{"source":"s","detail-type":"t","detail":1,"n":1}'),
      queue('{"source":"s","detail-type":"t","detail":1,"n":2}'),
    ],
    [
      'another member beside some of those of an event',
      queue('{"id":"e1","source":"s","detail-type":"t","detail":1,"n":1}'),
      queue('{"id":"e1","source":"s","detail-type":"t","detail":1,"n":2}'),
    ],
    [
      'another member beside some of those of a notification',
      queue({ ...JSON.parse(snsEnvelope('a', 'm1')), Signature: undefined, n: 1 }),
      queue({ ...JSON.parse(snsEnvelope('a', 'm1')), Signature: undefined, n: 2 }),
    ],
    [
      'an envelope without its message',
      queue('{"Type":"Notification","n":1}'),
      queue('{"Type":"Notification","n":2}'),
    ],
  ])('tells it from one with %s', (_difference, one, other) => {
    expect(byOrder(one).fingerprint).toMatch(/^json:|^bytes:/)
    expect(byOrder(other).fingerprint).not.toBe(byOrder(one).fingerprint)
  })

  it.each([
    ['with its body written otherwise', queue('{"a":1,"b":2}'), queue('{ "b": 2, "a": 1 }')],
    ['with its body parsed before', queue('{"a":1}'), queue({ a: 1 })],
    ['with its data written otherwise', shard('{"a":1}'), shard('{ "a": 1 }')],
    ['with its data parsed before', shard('{"a":1}'), parsedShard({ a: 1 })],
    ['with its value parsed before', topic('eyJhIjoxfQ=='), topic({ a: 1 })],
    ['on a queue and on a stream', queue('{"a":1}'), shard('{"a":1}')],
    ['on a topic and on a queue', topic('aGk='), queue('hi')],
    [
      'published to a topic twice',
      queue(snsEnvelope('{"a":1}', 'm1')),
      queue(snsEnvelope('{ "a": 1 }', 'message2')),
    ],
    ['with and without raw message delivery', queue(snsEnvelope('{"a":1}', 'm1')), queue('{"a":1}')],
    [
      'put on a bus twice',
      queue(eventBridgeText('{"a":1}', 'e1')),
      queue(eventBridgeText('{ "a": 1 }', 'event2')),
    ],
    [
      'put on a bus twice, before a stream',
      shard(eventBridgeText('1', 'e1')),
      shard(eventBridgeText('1', 'event2')),
    ],
    [
      'put on a bus twice, before a topic',
      queue(snsEnvelope(eventBridgeText('1', 'e1'), 'm1')),
      queue(snsEnvelope(eventBridgeText('1', 'event2'), 'message2')),
    ],
    [
      'in an envelope that was parsed before',
      queue(snsEnvelope('a', 'm1')),
      queue(JSON.parse(snsEnvelope('a', 'm2'))),
    ],
  ])('is the same %s', (_difference, one, other) => {
    expect(byOrder(one)).toEqual(byOrder(other))
  })

  it.each([
    ['pointers', ['/sentAt']],
    ['a function', () => 'mine'],
    ['false', false],
  ] as const)('is compared as the option fingerprint says, given %s', async (_kind, fingerprint) => {
    const [one, other] = [queue('{"a":1,"sentAt":1}'), queue('{"a":1,"sentAt":2}')]
    let runs = 0
    const handler = idempotentBatch((_record: SQSRecord) => void runs++, memoryStore(), { fingerprint })
    for (const event of [one, other]) expect(await handler(event, lambdaContext())).toEqual(failures())
    expect(runs).toBe(1)
  })

  it('is compared without what the pointers name within what was sent', () => {
    const envelope = (sentAt: number) =>
      queue(snsEnvelope(eventBridgeText(`{"sentAt":${sentAt}}`, 'e1'), 'm1'))
    const options = { fingerprint: ['/sentAt'] }
    expect(byOrder(envelope(1), options)).toEqual(byOrder(envelope(2), options))
  })

  it('is another one where the function says another thing', () => {
    const one = byOrder(queue('a'), { fingerprint: () => 1 })
    expect(byOrder(queue('a'), { fingerprint: () => 2 })).not.toEqual(one)
  })

  it('shows its source in the scope of its record', () => {
    const events = [queue('a'), shard('a'), table({}), topic('YQ==')]
    const scopes = events.map((event) => requestOf(event).id.split('#')[0])
    expect(scopes).toEqual(['orders/sqs', 'orders/kinesis', 'orders/dynamodb', 'orders/kafka'])
    expect(byOrder(queue('a')).id).toMatch(/^orders#/)
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
      return readBatch({ Records: [{ ...record, dynamodb: { ...record?.dynamodb, Keys } }] }).records[0]
        ?.group
    })
    expect(groups[0]).toBe(groups[1])
    expect(groups[0]).not.toBe(groups[2])
  })
})
