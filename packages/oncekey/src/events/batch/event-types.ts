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
import type { ItemIdentifier } from './sources.ts'

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

/** The partial batch response: which records were not done, each by the identifier that its source wants. */
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
