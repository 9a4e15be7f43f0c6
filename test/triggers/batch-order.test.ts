import type { DynamoDBRecord, KinesisStreamRecord, MSKRecord, SQSRecord } from 'aws-lambda'
import { describe, expect, it } from 'vitest'
import { idempotentBatch } from '../../packages/oncekey/src/entries/batch.ts'
import { memoryStore } from '../../packages/oncekey/src/stores/memory.ts'
import { consumer, failures, quiet } from './consumer.ts'
import {
  dynamoDbEvent,
  fifoRecord,
  kinesisEvent,
  lambdaContext,
  mskEvent,
  selfManagedKafkaEvent,
  sqsEvent,
  sqsRecord,
} from './fixtures.ts'

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

describe('a record whose group cannot be found out', () => {
  const tenantOf = ({ body }: SQSRecord): string | undefined => JSON.parse(body).tenant
  const message = (id: string, tenant: unknown) => sqsRecord(id, JSON.stringify({ tenant }))

  it('is reported, with the reason, and no other', async () => {
    const errors: [unknown, string][] = []
    const { ran, handle } = consumer(memoryStore(), new Set(), {
      group: tenantOf,
      onRecordError: (error, { messageId }) => errors.push([error, messageId]),
    })
    const response = await handle(message('a', 'acme'), sqsRecord('b', 'no json'), message('c', 'acme'))

    expect(response).toEqual(failures('b'))
    expect(ran).toEqual(['a', 'c'])
    expect(errors).toEqual([[expect.any(SyntaxError), 'b']])
  })

  it.each([
    ['a promise', Promise.resolve('acme')],
    ['number', 7],
    ['object', { id: 'acme' }],
  ])('as the option gives no text but %s is reported, and begins no work', async (got, given) => {
    const errors: unknown[] = []
    const { ran, handle } = consumer(memoryStore(), new Set(), {
      group: ({ messageId }) => (messageId === 'a' ? given : 'acme') as string,
      onRecordError: (error) => errors.push(error),
    })
    expect(await handle(message('a', 'acme'), message('b', 'acme'))).toEqual(failures('a'))
    expect(ran).toEqual(['b'])
    const expected = `idempotentBatch: expected group to return a string or undefined, got ${got}.`
    expect(errors).toEqual([new TypeError(expected)])
  })

  it('is told from one that has none, which may run beside any other', async () => {
    const { ran, handle } = consumer(memoryStore(), new Set([message('', null).body]), {
      group: tenantOf,
      ...quiet,
    })
    expect(await handle(message('a', null), message('b', null), message('c', undefined))).toEqual(
      failures('a', 'b'),
    )
    expect(ran).toEqual(['a', 'b', 'c'])
  })

  it('keeps its place in the report', async () => {
    const { handle } = consumer(memoryStore(), new Set(['bad']), {
      group: ({ messageId }) => (messageId === 'b' ? (7 as unknown as string) : undefined),
      ...quiet,
    })
    const records = ['a', 'b', 'c'].map((id) => sqsRecord(id, 'bad'))
    expect(await handle(...records)).toEqual(failures('a', 'b', 'c'))
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
