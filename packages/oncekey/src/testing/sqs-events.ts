import { createHash } from 'node:crypto'
import type { SQSEvent, SQSRecord } from 'aws-lambda'

/**
 * Returns a message as Lambda receives it from a standard queue. A redelivery has the same `messageId`, and a higher
 * `ApproximateReceiveCount` among its attributes.
 * @see https://docs.aws.amazon.com/lambda/latest/dg/with-sqs.html "Example Amazon SQS message event"
 */
export function sqsRecord(
  messageId: string,
  body: string,
  attributes: Partial<SQSRecord['attributes']> = {},
): SQSRecord {
  return {
    messageId,
    receiptHandle: 'AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a...',
    body,
    attributes: {
      ApproximateReceiveCount: '1',
      SentTimestamp: '1545082649183',
      SenderId: 'AIDAIENQZJOLO23YVJ4VO',
      ApproximateFirstReceiveTimestamp: '1545082649185',
      ...attributes,
    },
    messageAttributes: {},
    md5OfBody: createHash('md5').update(body).digest('hex'),
    eventSource: 'aws:sqs',
    eventSourceARN: 'arn:aws:sqs:us-east-2:123456789012:my-queue',
    awsRegion: 'us-east-2',
  }
}

/** Returns a message as Lambda receives it from a FIFO queue. */
export function fifoRecord(messageId: string, group: string, body: string = messageId): SQSRecord {
  return {
    ...sqsRecord(messageId, body, {
      SequenceNumber: '18849496460467696128',
      MessageGroupId: group,
      MessageDeduplicationId: `dedup-${messageId}`,
    }),
    eventSourceARN: 'arn:aws:sqs:us-east-2:123456789012:fifo.fifo',
  }
}

/** Returns the event of one batch. */
export function sqsEvent(...Records: SQSRecord[]): SQSEvent {
  return { Records }
}
