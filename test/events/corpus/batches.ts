import {
  dynamoDbEvent,
  fifoRecord,
  kinesisEvent,
  mskEvent,
  selfManagedKafkaEvent,
  snsEvent,
  sqsEvent,
  sqsRecord,
} from '../../triggers/fixtures.ts'
import { type Answer, batch, changed, type Sample } from './sample.ts'

function sample(
  source: string,
  variant: string,
  event: unknown,
  key: string,
  answer: Answer,
  again: Readonly<Record<string, unknown>> = {},
): Sample {
  return { source, variant, event, again: changed(event, again), key, caller: '-', answer }
}

const receivedAgain = (record: string) => ({
  [`${record}/receiptHandle`]: 'another-handle',
  [`${record}/attributes/ApproximateReceiveCount`]: '2',
  [`${record}/attributes/ApproximateFirstReceiveTimestamp`]: '1545082655000',
})

const message = sqsRecord('m-1', '{"order":7}')
const fairMessage = sqsRecord('m-1', '{"order":7}', { MessageGroupId: 'tenant-1' })
const shard = kinesisEvent(['49590338271490256608559692538361571095921575989136588898', 'customer-7'])
const [change] = dynamoDbEvent(['111', '101']).Records
const msk = mskEvent([0, 15])
const selfManaged = selfManagedKafkaEvent([0, 15])
const shardId = 'shardId-000000000006:49590338271490256608559692538361571095921575989136588898'
const changeId = 'c4ca4238a0b923820dcc509a6f75849b111'
const place = 'topic-0@15/1545084650987'
const [kafkaRecord] = Object.values(msk.records).flat()

/** In a pipe, a record of Kinesis has its members beside those of the event. */
const flat = shard.Records.map(({ kinesis, ...record }) => ({ ...record, ...kinesis }))

export const batchSamples: readonly Sample[] = [
  sample('sqs', 'standard queue', sqsEvent(message), 'm-1', batch('m-1'), receivedAgain('/Records/0')),
  sample(
    'sqs',
    'FIFO queue',
    sqsEvent(fifoRecord('m-2', 'customer-7')),
    'm-2',
    batch('m-2'),
    receivedAgain('/Records/0'),
  ),
  sample('sqs', 'fair queue', sqsEvent(fairMessage), 'm-1', batch('m-1'), receivedAgain('/Records/0')),
  sample('sqs', 'two messages', sqsEvent(message, sqsRecord('m-2', 'b')), 'm-1', batch('m-1', 'm-2')),
  sample(
    'sqs',
    'a topic’s envelope',
    sqsEvent(sqsRecord('m-3', JSON.stringify(snsEvent('n-1').Records[0]?.Sns))),
    'm-3',
    batch('m-3'),
  ),
  sample(
    'sqs',
    'body parsed by middleware',
    changed(sqsEvent(message), { '/Records/0/body': { order: 7 } }),
    'm-1',
    batch('m-1'),
  ),
  sample('kinesis', 'one record', shard, shardId, batch(shardId.split(':')[1])),
  sample(
    'kinesis',
    'bytes',
    kinesisEvent(['1', 'p', Buffer.from([255, 0])]),
    'shardId-000000000006:1',
    batch('1'),
  ),
  sample('dynamodb', 'insert', dynamoDbEvent(['111', '101']), changeId, batch('111')),
  sample('dynamodb', 'modify', { Records: [{ ...change, eventName: 'MODIFY' }] }, changeId, batch('111')),
  sample(
    'dynamodb',
    'remove, by time to live',
    {
      Records: [
        {
          ...change,
          eventName: 'REMOVE',
          userIdentity: { type: 'Service', principalId: 'dynamodb.amazonaws.com' },
        },
      ],
    },
    changeId,
    batch('111'),
  ),
  sample('kafka', 'MSK', msk, place, batch({ partition: 'topic-0', offset: 15 })),
  sample(
    'kafka',
    'MSK, two partitions',
    mskEvent([0, 15], [1, 2]),
    place,
    batch({ partition: 'topic-0', offset: 15 }, { partition: 'topic-1', offset: 2 }),
  ),
  sample('kafka', 'self-managed', selfManaged, place, batch({ partition: 'topic-0', offset: 15 }), {
    '/bootstrapServers': 'b-7.example.com:9092',
  }),
  sample(
    'kafka',
    'self-managed, by its other name',
    { ...selfManaged, eventSource: 'aws:SelfManagedKafka' },
    place,
    batch({ partition: 'topic-0', offset: 15 }),
  ),
  sample('sqs', 'pipe', [message], 'm-1', batch('m-1'), receivedAgain('/0')),
  sample(
    'sqs',
    'pipe, FIFO queue',
    [fifoRecord('m-2', 'customer-7')],
    'm-2',
    batch('m-2'),
    receivedAgain('/0'),
  ),
  sample('kinesis', 'pipe', flat, shardId, batch(shardId)),
  sample('dynamodb', 'pipe', [change], changeId, batch(changeId)),
  sample(
    'kafka',
    'pipe, MSK',
    [
      {
        ...kafkaRecord,
        eventSource: 'aws:kafka',
        eventSourceArn: msk.eventSourceArn,
        eventSourceKey: 'topic-0',
      },
    ],
    place,
    { kind: 'batch-error' },
  ),
  sample(
    'kafka',
    'pipe, self-managed',
    [{ ...kafkaRecord, eventSource: 'SelfManagedKafka', eventSourceKey: 'topic-0' }],
    place,
    { kind: 'batch-error' },
  ),
]
