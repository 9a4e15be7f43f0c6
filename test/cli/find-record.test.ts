import type { SQSRecord } from 'aws-lambda'
import { idempotentBatch, idempotentHandler, runOnce, type Store } from 'oncekey'
import { memoryStore } from 'oncekey/memory'
import { httpApiEvent, lambdaContext } from 'oncekey/testing'
import { describe, expect, it } from 'vitest'
import { type IdentityOptions, idOf } from '../../packages/oncekey-cli/src/find-record.ts'
import { fifoRecord, kinesisEvent, selfManagedKafkaEvent, sqsEvent } from '../triggers/fixtures.ts'

const done = () => undefined
const service = 'payments'
const key = 'order-1'
const withPrincipal = { service, key: () => key, principal: () => 'ada' }
const withoutPrincipal = { service, key: () => key }

describe('the record id of a key and its caller', () => {
  const context = lambdaContext()
  const stream = kinesisEvent(['1', 'p'])
  it.each<[string, (store: Store) => Promise<unknown>, string, Omit<IdentityOptions, 'service'>]>([
    [
      'an event with the option principal',
      (store) => idempotentHandler(done, store, withPrincipal)({}, context),
      key,
      { kind: 'event', name: '', principal: 'ada' },
    ],
    [
      'an event with the option principal, named by its JSON list',
      (store) => idempotentHandler(done, store, withPrincipal)({}, context),
      key,
      { kind: 'event', name: '', principal: '["custom","ada"]' },
    ],
    [
      'an event without a caller',
      (store) => idempotentHandler(done, store, withoutPrincipal)({}, context),
      key,
      { kind: 'event', name: '' },
    ],
    [
      'an event whose option principal is "anonymous"',
      (store) =>
        idempotentHandler(done, store, { ...withoutPrincipal, principal: () => 'anonymous' })({}, context),
      key,
      { kind: 'event', name: '', principal: 'anonymous' },
    ],
    [
      'a request with the option principal',
      (store) => idempotentHandler(done, store, withPrincipal)(httpApiEvent(), context),
      key,
      { kind: 'http', name: '', principal: 'ada' },
    ],
    [
      'a request without a caller',
      (store) => idempotentHandler(done, store, withoutPrincipal)(httpApiEvent({ caller: null }), context),
      key,
      { kind: 'http', name: '' },
    ],
    [
      'a request whose option principal is "anonymous"',
      (store) =>
        idempotentHandler(done, store, { ...withoutPrincipal, principal: () => 'anonymous' })(
          httpApiEvent({ caller: null }),
          context,
        ),
      key,
      { kind: 'http', name: '', principal: 'anonymous' },
    ],
    [
      'a request whose option principal begins like a list',
      (store) =>
        idempotentHandler(done, store, { ...withoutPrincipal, principal: () => '[ada' })(
          httpApiEvent(),
          context,
        ),
      key,
      { kind: 'http', name: '', principal: '[ada' },
    ],
    [
      'a message of a queue',
      (store) =>
        idempotentBatch((_: SQSRecord) => done(), store, { service })(
          sqsEvent(fifoRecord('m-1', 'g')),
          context,
        ),
      'm-1',
      { kind: 'batch', name: 'sqs' },
    ],
    [
      'a record of a stream, whose ARN is the caller',
      (store) => idempotentBatch(done, store, { service })(stream, context),
      stream.Records[0]?.eventID ?? '',
      { kind: 'batch', name: 'kinesis', principal: stream.Records[0]?.eventSourceARN ?? '' },
    ],
    [
      'a record of a self-managed Kafka cluster',
      (store) => idempotentBatch(done, store, { service })(selfManagedKafkaEvent([0, 15]), context),
      'topic-0@15/1545084650987',
      { kind: 'batch', name: 'kafka' },
    ],
    [
      'a run of runOnce',
      (store) => runOnce(store, { service, name: 'charge', key }, done),
      key,
      { kind: 'run', name: 'charge' },
    ],
  ])('is that of %s', async (_whose, run, named, identity) => {
    const store = memoryStore()
    await run(store)
    const { record } = await store.read(idOf(named, { service, ...identity }), { timeoutMs: 1_000 })
    expect(record).toMatchObject({ status: 'completed' })
  })
})
