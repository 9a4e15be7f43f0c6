import { isUtf8 } from 'node:buffer'
import type {
  DynamoDBRecord,
  DynamoDBStreamEvent,
  KinesisStreamEvent,
  KinesisStreamRecord,
  MSKEvent,
  MSKRecord,
  SelfManagedKafkaEvent,
  SQSEvent,
  SQSRecord,
} from 'aws-lambda'
import type { Content } from '../core/fingerprint.ts'
import type { Invocation } from '../core/request.ts'
import type { BatchOptions } from '../options.ts'
import { type EventKind, type Identified, identify } from './identify.ts'
import { refuseUnprotectable } from './refused.ts'
import {
  describeNative,
  isMembers,
  type Members,
  membersOf,
  type NativeEvent,
  valueResponder,
} from './request.ts'

/** The event in which such records come. */
export type BatchEvent<TRecord> = TRecord extends SQSRecord
  ? SQSEvent
  : TRecord extends KinesisStreamRecord
    ? KinesisStreamEvent
    : TRecord extends MSKRecord
      ? MSKEvent | SelfManagedKafkaEvent
      : TRecord extends DynamoDBRecord
        ? DynamoDBStreamEvent
        : object

/** The partial batch response: the records that failed, each by the identifier that its source expects. */
export interface BatchResponse<TRecord = unknown> {
  batchItemFailures: { itemIdentifier: IdentifierOf<TRecord> }[]
}

type IdentifierOf<TRecord> = TRecord extends MSKRecord
  ? Exclude<ItemIdentifier, string>
  : TRecord extends SQSRecord | KinesisStreamRecord
    ? string
    : TRecord extends DynamoDBRecord
      ? string
      : ItemIdentifier

/** The identifier of a failed record in the partial batch response of its source. */
type ItemIdentifier = string | { readonly partition: string; readonly offset: number }

/** One record of a batch, in one form whatever its source. */
export interface BatchRecord<TRecord = unknown> extends NativeEvent {
  /** As it is in the event. */
  readonly record: TRecord
  readonly identifier: ItemIdentifier
  /** Records with the same group run in order; a record without a group may run beside any other. */
  readonly group: string | undefined
}

export type BatchSource = 'sqs' | 'kinesis' | 'dynamodb' | 'kafka'

const RECORD_SOURCES: ReadonlyMap<unknown, BatchSource> = new Map([
  ['aws:sqs', 'sqs'],
  ['aws:kinesis', 'kinesis'],
  ['aws:dynamodb', 'dynamodb'],
])
const KAFKA_SOURCES: ReadonlyMap<unknown, BatchSource> = new Map([
  ['aws:kafka', 'kafka'],
  ['SelfManagedKafka', 'kafka'],
  ['aws:SelfManagedKafka', 'kafka'],
])

/**
 * Returns the source of a batch event, or `undefined` for any other event. A pipe of EventBridge sends the records as a
 * bare list.
 * @see https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventsourcemapping.html
 * @see https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-pipes-event-source.html
 */
export function batchSourceOf(event: unknown): BatchSource | undefined {
  const { eventSource, Records } = membersOf(event)
  if (KAFKA_SOURCES.has(eventSource)) return 'kafka'
  const records: unknown = Array.isArray(event) ? event : Records
  if (!Array.isArray(records)) return undefined
  const named = membersOf(records[0]).eventSource
  return RECORD_SOURCES.get(named) ?? (Array.isArray(event) ? KAFKA_SOURCES.get(named) : undefined)
}

/** The records of a batch event, in their order. */
export interface RecordBatch<TRecord> {
  readonly source: BatchSource
  readonly records: readonly BatchRecord<TRecord>[]
  /** Whether whatever sent the batch can be told which records failed. */
  readonly isPartial: boolean
}

/**
 * Reads a batch event.
 * @throws TypeError if the event is not a batch, or cannot be answered record by record, or a record lacks what its
 *   source always sends: it could not be reported as failed.
 */
export function readBatch<TRecord>(event: unknown): RecordBatch<TRecord> {
  refuseUnprotectable(event)
  const { Records, records, eventSourceArn } = membersOf(event)
  const source = batchSourceOf(event)
  if (source === undefined) {
    // An empty batch does not show its source. Without records, nobody needs it.
    const isEmpty = [Records, event].some((list) => Array.isArray(list) && list.length === 0)
    if (isEmpty) return { source: 'sqs', records: [], isPartial: true }
    throw new TypeError(
      'idempotentBatch: expected a batch of SQS, Kinesis, DynamoDB streams or Kafka, got another event. Protect a single event with idempotent or idempotentHandler.',
    )
  }
  const isPipe = Array.isArray(event)
  const raw = isPipe ? event : source === 'kafka' ? Object.values(membersOf(records)).flat() : Records
  const read = readers[source]
  return {
    source,
    records: (Array.isArray(raw) ? raw : []).map((record: TRecord) => {
      const members = membersOf(record)
      const item = { record, ...read(members, eventSourceArn ?? members.eventSourceArn) }
      // A pipe knows a record of a stream by its `eventID`, and a message by its `messageId`.
      return isPipe && item.native ? { ...item, identifier: item.native.key } : item
    }),
    // For Kafka, no answer of a pipe is documented.
    isPartial: !isPipe || source !== 'kafka',
  }
}

/** Identifies a record of a batch. `invocation.event` is the record as it is in the event, for the hooks. */
export function identifyRecord<TRecord>(
  source: BatchSource,
  record: BatchRecord<TRecord>,
  invocation: Invocation,
  options: Pick<BatchOptions<TRecord>, 'key' | 'required' | 'fingerprint'>,
): Identified {
  return identify(kinds[source], record, invocation, options)
}

type Reader = (record: Members, cluster: unknown) => Omit<BatchRecord, 'record'>

/** docs/triggers.md has the reason for each choice of a key. */
const readers: { readonly [source in BatchSource]: Reader } = {
  sqs({ messageId, eventSourceARN, attributes, body }) {
    const key = text('sqs', 'messageId', messageId)
    const { MessageGroupId } = membersOf(attributes)
    // A standard queue may have group ids too (fair queues), and keeps no order for them.
    const isFifo = typeof eventSourceARN === 'string' && eventSourceARN.endsWith('.fifo')
    return {
      identifier: key,
      native: { name: 'sqs', key, principal: '' },
      group: isFifo ? `${eventSourceARN}/${String(MessageGroupId)}` : undefined,
      about: [],
      content: typeof body === 'string' ? body : { parsed: body ?? null },
    }
  },
  kinesis({ eventID, eventSourceARN, kinesis, ...flat }) {
    // In a pipe, the record's own members are beside those of the event.
    const { sequenceNumber, partitionKey, data } = isMembers(kinesis) ? kinesis : flat
    const stream = String(eventSourceARN)
    return {
      identifier: text('kinesis', 'kinesis.sequenceNumber', sequenceNumber),
      native: { name: 'kinesis', key: text('kinesis', 'eventID', eventID), principal: stream },
      group: `${stream}/${String(partitionKey)}`,
      about: [],
      content: decodeBase64(data),
    }
  },
  dynamodb({ eventID, eventName, eventSourceARN, dynamodb }) {
    const { SequenceNumber, Keys, NewImage, OldImage } = membersOf(dynamodb)
    return {
      identifier: text('dynamodb', 'dynamodb.SequenceNumber', SequenceNumber),
      native: { name: 'dynamodb', key: text('dynamodb', 'eventID', eventID), principal: '' },
      group: `${String(eventSourceARN)}/${JSON.stringify(Object.entries(membersOf(Keys)).sort())}`,
      about: [String(eventName)],
      content: { parsed: { Keys, NewImage, OldImage } },
    }
  },
  kafka({ topic, partition, offset, timestamp, value }, cluster) {
    const topicPartition = `${text('kafka', 'topic', topic)}-${String(partition)}`
    const at = Number(offset)
    if (!Number.isSafeInteger(at)) throw incomplete('kafka', 'offset')
    return {
      identifier: { partition: topicPartition, offset: at },
      native: {
        name: 'kafka',
        // A topic that was created anew counts its offsets from 0 again: the timestamp tells them apart.
        key: `${topicPartition}@${at}/${String(timestamp)}`,
        // A self-managed cluster has no name, only servers, and those may change.
        principal: typeof cluster === 'string' ? cluster : '',
      },
      group: topicPartition,
      about: [],
      content: decodeBase64(value),
    }
  },
}

// Nobody is answered with a record's result, so that only its completion is stored.
const responder = { ...valueResponder, toStore: () => ({ value: undefined }) }

const kinds: { readonly [source in BatchSource]: EventKind<NativeEvent> } = {
  sqs: describeNative('batch', 'sqs record', responder),
  kinesis: describeNative('batch', 'kinesis record', responder),
  dynamodb: describeNative('batch', 'dynamodb record', responder),
  kafka: describeNative('batch', 'kafka record', responder),
}

/** Returns what a stream carries in base64. A value that was parsed before stays as it is. */
function decodeBase64(value: unknown): Content {
  if (typeof value !== 'string') return { parsed: value ?? null }
  const bytes = Buffer.from(value, 'base64')
  return isUtf8(bytes) ? bytes.toString('utf8') : bytes
}

function text(source: BatchSource, name: string, value: unknown): string {
  if (typeof value === 'string' && value !== '') return value
  throw incomplete(source, name)
}

function incomplete(source: BatchSource, name: string): TypeError {
  return new TypeError(
    `A ${source} record without ${name} cannot be reported as failed. Pass the event as Lambda received it.`,
  )
}
