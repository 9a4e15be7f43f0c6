import { canonicalText } from '../core/canonical-json.ts'
import type { Content } from '../core/fingerprint.ts'
import { type Members, membersOf } from './request.ts'

/** What is compared of an event. */
export interface Compared {
  /** The method, path and the like that the content belongs to, in order. */
  readonly about: readonly string[]
  readonly content: Content
}

/** A rule of EventBridge that sends to a topic, whose subscriber is a queue, makes two. */
const MAX_ENVELOPES = 4

/**
 * Returns what was sent, without the envelopes of SNS and EventBridge around it: a producer that sends an order twice
 * makes two envelopes, with ids, times and signatures of their own.
 * @see https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html
 * @see https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html
 */
export function withoutEnvelopes({ about, content }: Compared): Compared {
  let sent: Compared = { about, content }
  for (let count = 0; count < MAX_ENVELOPES; count += 1) {
    const inner = open(sent)
    if (inner === undefined) break
    sent = inner
  }
  return sent
}

function open({ about, content }: Compared): Compared | undefined {
  const members = read(content)
  const { Type, Message } = members
  const isNotification = NOTIFICATION.every((name) => typeof members[name] === 'string')
  if (Type === 'Notification' && isNotification) return { about, content: String(Message) }
  const { id, source, detail, 'detail-type': detailType } = members
  if (typeof id !== 'string' || typeof source !== 'string' || typeof detailType !== 'string') return undefined
  if (!isWholeEvent(members)) return undefined
  return { about: [...about, source, detailType], content: { parsed: detail ?? null } }
}

/** What every notification has. Content that has some of it is no envelope, and none of it is left out. */
const NOTIFICATION = ['TopicArn', 'MessageId', 'Message', 'Timestamp', 'SignatureVersion', 'Signature']

/** Returns whether an event of EventBridge has all that EventBridge adds, so that its detail is what was sent. */
export function isWholeEvent(event: Members): boolean {
  return ['account', 'time', 'region', 'resources', 'detail'].every((name) => name in event)
}

/** Reads what may be an envelope. Text that two parsers may read differently stays whole, and is compared byte by byte. */
function read(content: Content): Members {
  if (content instanceof Uint8Array) return {}
  if (typeof content !== 'string') return membersOf(content.parsed)
  if (!content.includes('"detail-type"') && !content.includes('"Notification"')) return {}
  const canonical = canonicalText(content, [])
  return canonical === undefined ? {} : membersOf(JSON.parse(canonical))
}
