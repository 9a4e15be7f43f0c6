import type { SQSRecord } from 'aws-lambda'
import { idempotentBatch, idempotentHandler, runOnce, type Store } from 'oncekey'
import { memoryStore } from 'oncekey/memory'
import { describe, expect, it } from 'vitest'
import { type IdentityOptions, idOf } from '../../packages/oncekey-cli/src/find-record.ts'
import { httpApiEvent } from '../support/events.ts'
import { lambdaContext } from '../support/lambda-context.ts'
import { fifoRecord, kinesisEvent, selfManagedKafkaEvent, sqsEvent } from '../triggers/fixtures.ts'

const done = () => undefined
const service = 'payments'
const key = 'order-1'
const ofAda = { service, key: () => key, principal: () => 'ada' }
const ofNobody = { service, key: () => key }

describe('the id that a key and its caller name', () => {
  const context = lambdaContext()
  const stream = kinesisEvent(['1', 'p'])
  it.each<[string, (store: Store) => Promise<unknown>, string, Omit<IdentityOptions, 'service'>]>([
    [
      'an event whose caller the service names',
      (store) => idempotentHandler(done, store, ofAda)({}, context),
      key,
      { kind: 'event', name: '', principal: 'ada' },
    ],
    [
      'an event whose caller the service names, by the list that a log may show',
      (store) => idempotentHandler(done, store, ofAda)({}, context),
      key,
      { kind: 'event', name: '', principal: '["custom","ada"]' },
    ],
    [
      'an event whose caller nobody names',
      (store) => idempotentHandler(done, store, ofNobody)({}, context),
      key,
      { kind: 'event', name: '' },
    ],
    [
      'an event whose caller the service calls anonymous',
      (store) => idempotentHandler(done, store, { ...ofNobody, principal: () => 'anonymous' })({}, context),
      key,
      { kind: 'event', name: '', principal: 'anonymous' },
    ],
    [
      'a request whose caller the service names',
      (store) => idempotentHandler(done, store, ofAda)(httpApiEvent(), context),
      key,
      { kind: 'http', name: '', principal: 'ada' },
    ],
    [
      'a request whose caller nobody names',
      (store) => idempotentHandler(done, store, ofNobody)(httpApiEvent({ caller: null }), context),
      key,
      { kind: 'http', name: '' },
    ],
    [
      'a request whose caller nobody names, in the word for that',
      (store) => idempotentHandler(done, store, ofNobody)(httpApiEvent({ caller: null }), context),
      key,
      { kind: 'http', name: '', principal: 'anonymous' },
    ],
    [
      'a record of a queue',
      (store) =>
        idempotentBatch((_: SQSRecord) => done(), store, { service })(
          sqsEvent(fifoRecord('m-1', 'g')),
          context,
        ),
      'm-1',
      { kind: 'batch', name: 'sqs' },
    ],
    [
      'a record of a stream, whose name stands in place of a caller',
      (store) => idempotentBatch(done, store, { service })(stream, context),
      stream.Records[0]?.eventID ?? '',
      { kind: 'batch', name: 'kinesis', principal: stream.Records[0]?.eventSourceARN ?? '' },
    ],
    [
      'a record of a cluster without a name',
      (store) => idempotentBatch(done, store, { service })(selfManagedKafkaEvent([0, 15]), context),
      'topic-0@15/1545084650987',
      { kind: 'batch', name: 'kafka' },
    ],
    [
      'a run',
      (store) => runOnce(store, { service, name: 'charge', key }, done),
      key,
      { kind: 'run', name: 'charge' },
    ],
  ])('is that of the record of %s', async (_whose, run, named, identity) => {
    const store = memoryStore()
    await run(store)
    const { record } = await store.read(idOf(named, { service, ...identity }), { timeoutMs: 1_000 })
    expect(record).toMatchObject({ status: 'completed' })
  })
})
