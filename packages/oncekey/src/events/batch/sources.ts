import { isUtf8 } from 'node:buffer'
import type { Content } from '../../protocol/fingerprint.ts'
import { type Members, membersOf } from '../../protocol/members.ts'

/** What identifies a failed record in the partial batch response of its source. */
export type ItemIdentifier = string | { readonly partition: string; readonly offset: number }

/** One record of a batch, in one form whatever its source. */
export interface BatchRecord<TRecord = unknown> {
  /** As the event has it. */
  readonly record: TRecord
  readonly identifier: ItemIdentifier
  /** The source's own name for it, equal on every delivery. */
  readonly key: string
  /** Whose name space `key` belongs to, where the source does not make it unique by itself. */
  readonly issuer: string
  /** Records with the same group run in order; one without may run beside any other. */
  readonly group: string | undefined
  /** What the content is about, beside its key. */
  readonly about: readonly string[]
  /** What was sent: text, bytes, or what a parser before us made of them. */
  readonly content: Content
}

export type BatchSource = 'sqs' | 'kinesis' | 'dynamodb' | 'kafka'

const RECORD_SOURCES = { 'aws:sqs': 'sqs', 'aws:kinesis': 'kinesis', 'aws:dynamodb': 'dynamodb' } as const
const KAFKA_SOURCES: ReadonlySet<unknown> = new Set(['aws:kafka', 'SelfManagedKafka'])

/**
 * Which of the batch sources sent this event; `undefined` for every other event.
 * @see https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventsourcemapping.html
 */
export function batchSourceOf(event: unknown): BatchSource | undefined {
  const { eventSource, Records } = membersOf(event)
  if (KAFKA_SOURCES.has(eventSource)) return 'kafka'
  const source = Array.isArray(Records) ? membersOf(Records[0]).eventSource : undefined
  return typeof source === 'string' && source in RECORD_SOURCES
    ? RECORD_SOURCES[source as keyof typeof RECORD_SOURCES]
    : undefined
}

/**
 * The records of a batch event, in its order; `undefined` if it is none.
 * @throws TypeError if a record lacks what its source always sends: it could not be reported as failed.
 */
export function readBatch<TRecord>(
  event: unknown,
): { readonly source: BatchSource; readonly records: readonly BatchRecord<TRecord>[] } | undefined {
  const source = batchSourceOf(event)
  if (source === undefined) return undefined
  const { Records, records, eventSourceArn } = membersOf(event)
  const raw =
    source === 'kafka' ? Object.values(membersOf(records)).flat() : Array.isArray(Records) ? Records : []
  return {
    source,
    records: raw.map((record: TRecord) => ({
      record,
      ...readers[source](membersOf(record), eventSourceArn),
    })),
  }
}

/** The key defaults and the reason for each are in docs/triggers.md. */
const readers: Readonly<
  Record<BatchSource, (record: Members, cluster: unknown) => Omit<BatchRecord, 'record'>>
> = {
  sqs({ messageId, eventSourceARN, attributes, body }) {
    const id = text('sqs', 'messageId', messageId)
    const { MessageGroupId } = membersOf(attributes)
    // A standard queue may carry group ids too (fair queues), and keeps no order for them.
    const isFifo = typeof eventSourceARN === 'string' && eventSourceARN.endsWith('.fifo')
    const group = isFifo ? `${eventSourceARN}/${String(MessageGroupId)}` : undefined
    return { identifier: id, key: id, issuer: '', group, about: [], content: textOf(body) }
  },
  kinesis({ eventID, eventSourceARN, kinesis }) {
    const { sequenceNumber, partitionKey, data } = membersOf(kinesis)
    return {
      identifier: text('kinesis', 'kinesis.sequenceNumber', sequenceNumber),
      key: text('kinesis', 'eventID', eventID),
      issuer: String(eventSourceARN),
      group: `${String(eventSourceARN)}/${String(partitionKey)}`,
      about: [],
      content: bytesOf(data),
    }
  },
  dynamodb({ eventID, eventName, eventSourceARN, dynamodb }) {
    const { SequenceNumber, Keys, NewImage, OldImage } = membersOf(dynamodb)
    return {
      identifier: text('dynamodb', 'dynamodb.SequenceNumber', SequenceNumber),
      key: text('dynamodb', 'eventID', eventID),
      issuer: '',
      group: `${String(eventSourceARN)}/${JSON.stringify(Object.entries(membersOf(Keys)).sort())}`,
      about: [String(eventName)],
      content: { parsed: { Keys, NewImage, OldImage } },
    }
  },
  kafka({ topic, partition, offset, timestamp, value }, cluster) {
    const place = `${text('kafka', 'topic', topic)}-${String(partition)}`
    const at = Number(offset)
    if (!Number.isSafeInteger(at))
      throw new TypeError('A kafka record without offset cannot be reported as failed.')
    return {
      identifier: { partition: place, offset: at },
      // A topic that was made anew counts its offsets from 0 again: the timestamp tells them apart.
      key: `${place}@${at}/${String(timestamp)}`,
      // A self-managed cluster has no name, only servers, and those may change.
      issuer: typeof cluster === 'string' ? cluster : '',
      group: place,
      about: [],
      content: bytesOf(value),
    }
  },
}

function textOf(value: unknown): Content {
  return typeof value === 'string' ? value : { parsed: value ?? null }
}

/** What a stream carries in base64; what a parser before us made of it stays as it is. */
function bytesOf(value: unknown): Content {
  if (typeof value !== 'string') return { parsed: value ?? null }
  const bytes = Buffer.from(value, 'base64')
  return isUtf8(bytes) ? bytes.toString('utf8') : bytes
}

function text(source: BatchSource, name: string, value: unknown): string {
  if (typeof value === 'string' && value !== '') return value
  throw new TypeError(`A ${source} record without ${name} cannot be reported as failed.`)
}
