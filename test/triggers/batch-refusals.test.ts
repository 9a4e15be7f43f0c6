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
import { describe, expect, expectTypeOf, it } from 'vitest'
import { idempotentBatch } from '../../packages/oncekey/src/entries/batch.ts'
import { readBatch } from '../../packages/oncekey/src/sources/records.ts'
import { memoryStore } from '../../packages/oncekey/src/stores/memory.ts'
import { failures } from './consumer.ts'
import {
  dynamoDbEvent,
  eventBridgeEvent,
  kinesisEvent,
  lambdaContext,
  snsEvent,
  sqsEvent,
  sqsRecord,
} from './fixtures.ts'

describe('idempotentBatch', () => {
  it('refuses an event that is no batch, and names the way for single events', async () => {
    const handler: (event: never, context: ReturnType<typeof lambdaContext>) => Promise<unknown> =
      idempotentBatch(() => undefined, memoryStore())
    for (const event of [
      eventBridgeEvent('e-1'),
      snsEvent('m-1'),
      {},
      { Records: {} },
      { Records: '' },
      undefined,
    ]) {
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

  it.each([{ Records: [] }, { eventSource: 'aws:kafka' }, { eventSource: 'aws:kafka', records: {} }])(
    'answers an empty batch with an empty list: %j',
    async (event) => {
      const handler: (event: never, context: Context) => Promise<unknown> = idempotentBatch(
        () => undefined,
        memoryStore(),
      )
      expect(await handler(event as never, lambdaContext())).toEqual(failures())
    },
  )

  it('names itself and what it did not expect', () => {
    expect(() => idempotentBatch(() => undefined, '')).toThrow(/^idempotentBatch: expected a table name/)
    expect(() => idempotentBatch(() => undefined, memoryStore(), { concurrency: -1 })).toThrow(
      /^idempotentBatch: /,
    )
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
