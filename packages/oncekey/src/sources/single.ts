import type { Content } from '../core/fingerprint.ts'
import type { Invocation } from '../core/request.ts'
import { DEFAULTS, type IdempotencyOptions } from '../options.ts'
import { contentToStore } from './http/stored.ts'
import { type Identified, identify, type NativeKey } from './identify.ts'
import { batchSourceOf } from './records.ts'
import { describeNative, type Members, membersOf, type NativeEvent, valueResponder } from './request.ts'

/** Creates what identifies single events that are not HTTP. It throws a TypeError for a batch. */
export function createSingleSource(options: IdempotencyOptions): (invocation: Invocation) => Identified {
  const { archiveReplays = DEFAULTS.archiveReplays } = options
  const kind = describeNative('event', 'event', {
    ...valueResponder,
    toStore: (result, _event, invocation) => contentToStore(undefined, result, options, invocation),
  })
  return (invocation) => {
    const { event } = invocation
    const batch = batchSourceOf(event)
    if (batch !== undefined) {
      throw new TypeError(
        `Expected a single event, got a batch of ${batch}. Use idempotentBatch, which protects each record by itself.`,
      )
    }
    return identify(kind, readSingle(event, archiveReplays), invocation, options)
  }
}

/** Reads an event's native key, for the sources that give one. docs/triggers.md has the reason for each choice. */
function readSingle(event: unknown, archiveReplays: 'run' | 'repeat'): NativeEvent {
  const members = membersOf(event)
  return (
    readEventBridge(members, archiveReplays) ??
    readRecords(members) ?? { native: undefined, about: [], content: { parsed: event } }
  )
}

/** @see https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html */
function readEventBridge(event: Members, archiveReplays: 'run' | 'repeat'): NativeEvent | undefined {
  const { id, source, detail, 'detail-type': detailType, 'replay-name': replayName } = event
  if (typeof id !== 'string' || typeof source !== 'string' || typeof detailType !== 'string') return undefined
  const isRerun = typeof replayName === 'string' && archiveReplays === 'run'
  return {
    native: newNativeKey(isRerun ? `eventbridge/${replayName}` : 'eventbridge', id),
    about: [source, detailType],
    content: { parsed: detail ?? null },
  }
}

/** Reads an event of SNS or S3, which wrap their one message in `Records`. Several messages are one event too. */
function readRecords({ Records }: Members): NativeEvent | undefined {
  if (!Array.isArray(Records)) return undefined
  const messages = Records.map((record: unknown) => readSns(membersOf(record)) ?? readS3(membersOf(record)))
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

interface Message {
  readonly native: NativeKey
  readonly content: Content
}

/** @see https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html */
function readSns({ EventSource, Sns }: Members): Message | undefined {
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
function readS3({ eventSource, eventName, eventTime, s3 }: Members): Message | undefined {
  const bucket = membersOf(membersOf(s3).bucket)
  const object = membersOf(membersOf(s3).object)
  if (eventSource !== 'aws:s3' || typeof object.key !== 'string') return undefined
  const parts = [bucket.name, eventName, object.versionId ?? '', object.sequencer ?? eventTime, object.key]
  return {
    native: newNativeKey('s3', parts.map(String).join('/')),
    content: { parsed: [object.size ?? null, object.eTag ?? null] },
  }
}

function newNativeKey(name: string, key: string): NativeKey {
  return { name, key, principal: '' }
}
