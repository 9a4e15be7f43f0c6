import type { Content } from '../../protocol/fingerprint.ts'
import { type Members, membersOf } from '../../protocol/members.ts'

/** What a source itself says of its event: a key that is equal on every delivery, and what it carries. */
export interface NativeKey {
  /** The source, and what else keeps its keys apart. */
  readonly name: string
  readonly key: string
  /** What the content is about, and the content: they make the fingerprint. */
  readonly about: readonly string[]
  readonly content: Content
}

/**
 * The key that the event's source gives, for the sources that give one; `undefined` for every other event.
 * The reason for each choice is in docs/triggers.md.
 *
 * @param archiveReplays `run`: an event replayed from an EventBridge archive is another event; `repeat`: the same.
 */
export function nativeKey(event: unknown, archiveReplays: 'run' | 'repeat'): NativeKey | undefined {
  const fields = membersOf(event)
  return eventBridgeKey(fields, archiveReplays) ?? recordsKey(fields)
}

/** @see https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html */
function eventBridgeKey(event: Members, archiveReplays: 'run' | 'repeat'): NativeKey | undefined {
  const { id, source, detail, 'detail-type': detailType, 'replay-name': replayName } = event
  if (typeof id !== 'string' || typeof source !== 'string' || typeof detailType !== 'string') return undefined
  const isRerun = typeof replayName === 'string' && archiveReplays === 'run'
  return {
    name: isRerun ? `eventbridge/${replayName}` : 'eventbridge',
    key: id,
    about: [source, detailType],
    content: { parsed: detail ?? null },
  }
}

/** SNS and S3 wrap their one message in `Records`; should there be more, they are one event all the same. */
function recordsKey({ Records }: Members): NativeKey | undefined {
  if (!Array.isArray(Records)) return undefined
  const read = Records.map((record: unknown) => snsKey(membersOf(record)) ?? s3Key(membersOf(record)))
  const [first, ...rest] = read.filter((native) => native !== undefined)
  if (first === undefined || rest.length + 1 < read.length) return undefined
  if (rest.length === 0) return first
  const all = [first, ...rest]
  return {
    ...first,
    key: all.map(({ key }) => key).join(' '),
    content: { parsed: all.map(({ content }) => content) },
  }
}

/** @see https://docs.aws.amazon.com/lambda/latest/dg/with-sns.html */
function snsKey({ EventSource, Sns }: Members): NativeKey | undefined {
  const { MessageId, Message } = membersOf(Sns)
  return EventSource === 'aws:sns' && typeof MessageId === 'string'
    ? {
        name: 'sns',
        key: MessageId,
        about: [],
        content: typeof Message === 'string' ? Message : { parsed: Message ?? null },
      }
    : undefined
}

/**
 * Two events of one version differ in name or sequencer; where an event has no sequencer, in its time.
 * The object's key stands last, as it alone may hold slashes; it never holds a space.
 * @see https://docs.aws.amazon.com/AmazonS3/latest/userguide/notification-content-structure.html
 */
function s3Key({ eventSource, eventName, eventTime, s3 }: Members): NativeKey | undefined {
  const bucket = membersOf(membersOf(s3).bucket)
  const object = membersOf(membersOf(s3).object)
  if (eventSource !== 'aws:s3' || typeof object.key !== 'string') return undefined
  const parts = [bucket.name, eventName, object.versionId ?? '', object.sequencer ?? eventTime, object.key]
  return {
    name: 's3',
    key: parts.map(String).join('/'),
    about: [],
    content: { parsed: [object.size ?? null, object.eTag ?? null] },
  }
}
