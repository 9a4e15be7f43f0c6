import type { Content } from '../core/fingerprint.ts'
import { isWholeEvent } from './envelope.ts'
import type { NativeKey } from './identify.ts'
import { isMembers, type Members, membersOf, type NativeEvent } from './request.ts'

/** @see https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html */
export function readEventBridge(event: unknown, archiveReplays: 'run' | 'repeat'): NativeEvent | undefined {
  const members = membersOf(event)
  const { id, source, detail, 'detail-type': detailType, 'replay-name': replayName } = members
  if (typeof id !== 'string' || typeof source !== 'string' || typeof detailType !== 'string') return undefined
  const isRerun = typeof replayName === 'string' && archiveReplays === 'run'
  return {
    native: newNativeKey(isRerun ? `eventbridge/${replayName}` : 'eventbridge', id),
    about: [source, detailType],
    content: { parsed: isWholeEvent(members) ? (detail ?? null) : event },
  }
}

/** A job that goes on with a continuation token is a new job. @see https://docs.aws.amazon.com/codepipeline/latest/userguide/actions-invoke-lambda-function.html */
export function readCodePipeline(event: unknown): NativeEvent | undefined {
  const { id, data } = membersOf(membersOf(event)['CodePipeline.job'])
  if (typeof id !== 'string') return undefined
  // The credentials for the artifacts are new each time.
  const { actionConfiguration, inputArtifacts, outputArtifacts, continuationToken } = membersOf(data)
  return {
    native: newNativeKey('codepipeline', id),
    about: [],
    content: { parsed: { actionConfiguration, inputArtifacts, outputArtifacts, continuationToken } },
  }
}

/** `RequestId` is unique within the stack. @see https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/crpg-ref-requests.html */
export function readCloudFormation(event: unknown): NativeEvent | undefined {
  const { RequestType, RequestId, StackId, LogicalResourceId, ...rest } = membersOf(event)
  const isWhole = [RequestType, RequestId, StackId, LogicalResourceId].every(
    (member) => typeof member === 'string',
  )
  if (!isWhole) return undefined
  const { ResourceType, PhysicalResourceId, ResourceProperties, OldResourceProperties } = rest
  return {
    native: { name: 'cloudformation', key: String(RequestId), principal: String(StackId) },
    about: [String(RequestType), String(LogicalResourceId)],
    content: { parsed: { ResourceType, PhysicalResourceId, ResourceProperties, OldResourceProperties } },
  }
}

/** @see https://docs.aws.amazon.com/secretsmanager/latest/userguide/rotate-secrets_lambda-functions.html */
export function readSecretsManager(event: unknown): NativeEvent | undefined {
  const { SecretId, ClientRequestToken, Step } = membersOf(event)
  const parts = [SecretId, ClientRequestToken, Step]
  if (!parts.every((part) => typeof part === 'string')) return undefined
  return { native: newNativeKey('secretsmanager', parts.join('/')), about: [], content: { parsed: parts } }
}

/** @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/batch-ops-invoke-lambda.html */
export function readS3Batch(event: unknown): NativeEvent | undefined {
  const { invocationSchemaVersion, invocationId, job, tasks } = membersOf(event)
  if (typeof invocationSchemaVersion !== 'string' || typeof invocationId !== 'string') return undefined
  if (!isMembers(job) || !Array.isArray(tasks)) return undefined
  const ids = tasks.map((task) => membersOf(task).taskId)
  return {
    native: newNativeKey('s3batch', [invocationId, ...ids].join('/')),
    about: [],
    content: { parsed: [job, tasks] },
  }
}

/** A task that failed for now is invoked again: its answer must not be replayed. */
export function isFinalS3BatchResult(result: unknown): boolean {
  const { results } = membersOf(result)
  return !(
    Array.isArray(results) && results.some((task) => membersOf(task).resultCode === 'TemporaryFailure')
  )
}

/**
 * Reads what Lambda sends to the destination of an asynchronous invocation.
 * @see https://docs.aws.amazon.com/lambda/latest/dg/invocation-async-retain-records.html
 */
export function readDestination(event: unknown): NativeEvent | undefined {
  const { requestContext, requestPayload, responsePayload } = membersOf(event)
  const { requestId, functionArn, condition } = membersOf(requestContext)
  const isWhole = typeof requestId === 'string' && typeof functionArn === 'string'
  if (!isWhole || typeof condition !== 'string' || requestPayload === undefined) return undefined
  return {
    native: newNativeKey('destination', requestId),
    about: [functionArn, condition],
    content: { parsed: [requestPayload, responsePayload ?? null] },
  }
}

/** One message of an event that has its messages in `Records`. */
export interface Message {
  readonly native: NativeKey
  readonly content: Content
}

/** Reads an event of `Records` that `read` knows all of. Several messages are one event too. */
export function readMessages(
  event: unknown,
  read: (record: Members) => Message | undefined,
): NativeEvent | undefined {
  const { Records } = membersOf(event)
  if (!Array.isArray(Records)) return undefined
  const messages = Records.map((record: unknown) => read(membersOf(record)))
  const [first, ...rest] = messages.filter((message) => message !== undefined)
  if (first === undefined || rest.length + 1 < messages.length) return undefined
  if (rest.length === 0) return { native: first.native, about: [], content: first.content }
  const all = [first, ...rest]
  return {
    native: newNativeKey(first.native.name, all.map(({ native }) => native.key).join(' ')),
    about: [],
    content: { parsed: all.map(({ content }) => content) },
  }
}

/** @see https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html */
export function readSns({ EventSource, Sns }: Members): Message | undefined {
  const { MessageId, Message } = membersOf(Sns)
  if (EventSource !== 'aws:sns' || typeof MessageId !== 'string') return undefined
  return {
    native: newNativeKey('sns', MessageId),
    content: typeof Message === 'string' ? Message : { parsed: Message ?? null },
  }
}

/**
 * Two events of one version differ in name or sequencer; where an event has no sequencer, in its time.
 * The object's key is last, as it alone may contain slashes; it never contains a space.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
 */
export function readS3({ eventSource, eventName, eventTime, s3 }: Members): Message | undefined {
  const bucket = membersOf(membersOf(s3).bucket)
  const object = membersOf(membersOf(s3).object)
  if (eventSource !== 'aws:s3' || typeof object.key !== 'string') return undefined
  const parts = [bucket.name, eventName, object.versionId ?? '', object.sequencer ?? eventTime, object.key]
  return {
    native: newNativeKey('s3', parts.map(String).join('/')),
    content: { parsed: [object.size ?? null, object.eTag ?? null] },
  }
}

/**
 * Two rules that call the same function for one mail differ in their recipients, and the second is refused.
 * @see https://docs.aws.amazon.com/ses/latest/dg/receiving-email-action-lambda-event.html
 */
export function readSes({ eventSource, ses }: Members): Message | undefined {
  const { mail, receipt } = membersOf(ses)
  const { messageId, source, destination } = membersOf(mail)
  if (eventSource !== 'aws:ses' || typeof messageId !== 'string') return undefined
  return {
    native: newNativeKey('ses', messageId),
    content: { parsed: [source ?? null, destination ?? null, membersOf(receipt).recipients ?? null] },
  }
}

/** @see https://docs.aws.amazon.com/lambda/latest/dg/services-codecommit.html */
export function readCodeCommit({
  eventSource,
  eventId,
  eventSourceARN,
  codecommit,
}: Members): Message | undefined {
  if (eventSource !== 'aws:codecommit' || typeof eventId !== 'string') return undefined
  return {
    native: newNativeKey('codecommit', eventId),
    content: { parsed: [eventSourceARN ?? null, membersOf(codecommit).references ?? null] },
  }
}

function newNativeKey(name: string, key: string): NativeKey {
  return { name, key, principal: '' }
}
