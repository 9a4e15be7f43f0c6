import type {
  Context,
  DynamoDBRecord,
  DynamoDBStreamEvent,
  EventBridgeEvent,
  KinesisStreamEvent,
  MSKEvent,
  PreSignUpTriggerEvent,
  S3Event,
  SelfManagedKafkaEvent,
  SNSEvent,
} from 'aws-lambda'
import { lambdaContext as contextOf } from 'oncekey/testing'

export { fifoRecord, sqsEvent, sqsRecord } from 'oncekey/testing'

/** Lambda's context with this much time left. */
export function lambdaContext(remainingMs: () => number = () => 30_000, functionName = 'orders'): Context {
  return { ...contextOf({ functionName }), getRemainingTimeInMillis: remainingMs }
}

/** @see https://docs.aws.amazon.com/sns/latest/dg/sns-sqs-as-subscriber.html "raw message delivery" off */
export function snsEnvelope(message: string, messageId: string): string {
  return JSON.stringify({
    Type: 'Notification',
    MessageId: messageId,
    TopicArn: 'arn:aws:sns:us-east-2:123456789012:orders',
    Message: message,
    Timestamp: `2026-11-22T10:00:00.${messageId.length}00Z`,
    SignatureVersion: '1',
    Signature: `signature of ${messageId}`,
    SigningCertURL: 'https://sns.us-east-2.amazonaws.com/SimpleNotificationService-0000.pem',
    UnsubscribeURL: `https://sns.us-east-2.amazonaws.com/?Action=Unsubscribe&id=${messageId}`,
  })
}

/** An event of EventBridge as a target other than Lambda gets it: as text, with spaces between its members. */
export function eventBridgeText(detail: string, id: string, detailType = 'OrderPlaced'): string {
  return `{"version":"0", "id":"${id}", "detail-type":"${detailType}", "source":"shop.orders", "account":"123456789012", "time":"2026-11-22T10:00:0${id.length}Z", "region":"us-east-2", "resources":[], "detail":${detail}}`
}

/** @see https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html "Example event" */
export function kinesisEvent(
  ...records: readonly (readonly [sequenceNumber: string, partitionKey: string, text?: string | Buffer])[]
): KinesisStreamEvent {
  return {
    Records: records.map(([sequenceNumber, partitionKey, text = 'Hello, this is a test.']) => ({
      kinesis: {
        kinesisSchemaVersion: '1.0',
        partitionKey,
        sequenceNumber,
        data: (typeof text === 'string' ? Buffer.from(text) : text).toString('base64'),
        approximateArrivalTimestamp: 1545084650.987,
      },
      eventSource: 'aws:kinesis',
      eventVersion: '1.0',
      eventID: `shardId-000000000006:${sequenceNumber}`,
      eventName: 'aws:kinesis:record',
      invokeIdentityArn: 'arn:aws:iam::123456789012:role/lambda-role',
      awsRegion: 'us-east-2',
      eventSourceARN: 'arn:aws:kinesis:us-east-2:123456789012:stream/lambda-stream',
    })),
  }
}

/** @see https://docs.aws.amazon.com/lambda/latest/dg/with-ddb.html "Example event" */
export function dynamoDbEvent(
  ...records: readonly (readonly [sequenceNumber: string, id: string])[]
): DynamoDBStreamEvent {
  return {
    Records: records.map(
      ([sequenceNumber, id]): DynamoDBRecord => ({
        eventID: `c4ca4238a0b923820dcc509a6f75849b${sequenceNumber}`,
        eventVersion: '1.1',
        dynamodb: {
          ApproximateCreationDateTime: 1_479_499_740,
          Keys: { Id: { N: id } },
          NewImage: { Message: { S: 'New item!' }, Id: { N: id } },
          StreamViewType: 'NEW_AND_OLD_IMAGES',
          SequenceNumber: sequenceNumber,
          SizeBytes: 26,
        },
        awsRegion: 'us-east-2',
        eventName: 'INSERT',
        eventSourceARN:
          'arn:aws:dynamodb:us-east-2:123456789012:table/my-table/stream/2024-06-10T19:26:16.525',
        eventSource: 'aws:dynamodb',
      }),
    ),
  }
}

type KafkaPlace = readonly [partition: number, offset: number]

const kafkaRecords = (places: readonly KafkaPlace[]): MSKEvent['records'] => {
  const records: MSKEvent['records'] = {}
  for (const [partition, offset] of places) {
    records[`topic-${partition}`] ??= []
    records[`topic-${partition}`]?.push({
      topic: 'topic',
      partition,
      offset,
      timestamp: 1545084650987,
      timestampType: 'CREATE_TIME',
      key: 'abcDEFghiJKLmnoPQRstuVWXyz1234==',
      value: 'SGVsbG8sIHRoaXMgaXMgYSB0ZXN0Lg==',
      headers: [{ headerKey: [104, 101, 97, 100, 101, 114, 86, 97, 108, 117, 101] }],
    })
  }
  return records
}

/** @see https://docs.aws.amazon.com/lambda/latest/dg/with-msk.html "Example event" */
export function mskEvent(...places: readonly KafkaPlace[]): MSKEvent {
  return {
    eventSource: 'aws:kafka',
    eventSourceArn:
      'arn:aws:kafka:us-east-1:123456789012:cluster/vpc-2priv-2pub/751d2973-a626-431c-9d4e-d7975eb44dd7-2',
    bootstrapServers: 'b-2.demo-cluster-1.a1bcde.c1.kafka.us-east-1.amazonaws.com:9092',
    records: kafkaRecords(places),
  }
}

/** @see https://docs.aws.amazon.com/lambda/latest/dg/with-kafka.html "Example event" */
export function selfManagedKafkaEvent(...places: readonly KafkaPlace[]): SelfManagedKafkaEvent {
  return {
    eventSource: 'SelfManagedKafka',
    bootstrapServers: 'b-2.demo-cluster-1.a1bcde.c1.kafka.us-east-1.amazonaws.com:9092',
    records: kafkaRecords(places),
  }
}

/** @see https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html */
export function eventBridgeEvent(
  id: string,
  replayName?: string,
): EventBridgeEvent<'OrderPlaced', { orderId: string }> {
  return {
    version: '0',
    id,
    'detail-type': 'OrderPlaced',
    source: 'shop.orders',
    account: '111122223333',
    time: '2026-11-22T18:43:48Z',
    region: 'us-west-1',
    resources: [],
    detail: { orderId: 'order-7' },
    ...(replayName === undefined ? {} : { 'replay-name': replayName }),
  }
}

/** @see https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html "Example" */
export function snsEvent(messageId: string): SNSEvent {
  return {
    Records: [
      {
        EventVersion: '1.0',
        EventSubscriptionArn:
          'arn:aws:sns:us-east-1:123456789012:sns-lambda:21be56ed-a058-49f5-8c98-aedd2564c486',
        EventSource: 'aws:sns',
        Sns: {
          SignatureVersion: '1',
          Timestamp: '2019-01-02T12:45:07.000Z',
          Signature: 'tcc6faL2yUC6dgZdmrwh1Y4cGa/ebXEkAi6RibDsvpi+tE/1+82j...65r==',
          SigningCertUrl:
            'https://sns.us-east-1.amazonaws.com/SimpleNotificationService-ac565b8b1a6c5d002d285f9598aa1d9b.pem',
          MessageId: messageId,
          Message: 'Hello from SNS!',
          MessageAttributes: { Test: { Type: 'String', Value: 'TestString' } },
          Type: 'Notification',
          UnsubscribeUrl: 'https://sns.us-east-1.amazonaws.com/?Action=Unsubscribe',
          TopicArn: 'arn:aws:sns:us-east-1:123456789012:sns-lambda',
          Subject: 'TestInvoke',
        },
      },
    ],
  }
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html */
export function s3Event(
  object: { key?: string; versionId?: string; sequencer?: string },
  eventName = 'ObjectCreated:Put',
): S3Event {
  return {
    Records: [
      {
        eventVersion: '2.1',
        eventSource: 'aws:s3',
        awsRegion: 'us-east-2',
        eventTime: '2019-09-03T19:37:27.192Z',
        eventName,
        userIdentity: { principalId: 'AWS:AIDAINPONIXQXHT3IKHL2' },
        requestParameters: { sourceIPAddress: '205.255.255.255' },
        responseElements: {
          'x-amz-request-id': 'D82B88E5F771F645',
          'x-amz-id-2': 'vlR7PnpV2Ce81l0PRw6jlUpck7Jo5ZsQjryTjKlc5aLWGVHPZLj5NeC6qMa0emYBDXOo6QBU0Wo=',
        },
        s3: {
          s3SchemaVersion: '1.0',
          configurationId: '828aa6fc-f7b5-4305-8584-487c791949c1',
          bucket: {
            name: 'amzn-s3-demo-bucket',
            ownerIdentity: { principalId: 'A3I5XTEXAMAI3E' },
            arn: 'arn:aws:s3:::amzn-s3-demo-bucket',
          },
          object: {
            key: 'b21b84d653bb07b05b1e6b33684dc11b',
            size: 1305107,
            eTag: 'b21b84d653bb07b05b1e6b33684dc11b',
            sequencer: '0C0F6F405D6ED209E1',
            ...object,
          },
        },
      },
    ],
  }
}

/** @see https://docs.aws.amazon.com/cognito/latest/developerguide/user-pool-lambda-pre-sign-up.html */
export function preSignUpEvent(userName: string): PreSignUpTriggerEvent {
  return {
    version: '1',
    region: 'us-east-1',
    userPoolId: 'us-east-1_EXAMPLE',
    userName,
    callerContext: { awsSdkVersion: 'aws-sdk-unknown-unknown', clientId: '1example23456789' },
    triggerSource: 'PreSignUp_SignUp',
    request: { userAttributes: { email: 'mary@example.com' }, validationData: {} },
    response: { autoConfirmUser: false, autoVerifyEmail: false, autoVerifyPhone: false },
  }
}
