import { isMembers, type Members, membersOf } from './request.ts'

/** Events that cannot be protected as a whole. One row each: its name in docs/triggers.md, its shape, what to do. */
interface Refused {
  readonly id: string
  matches(event: Members): boolean
  readonly message: string
}

const ONE_BY_ONE =
  'Lambda cannot be told which of its messages failed. Protect each message with runOnce, by its own id, and throw if one fails: Lambda then delivers the batch again, and only what failed runs again.'

export const REFUSED: readonly Refused[] = [
  {
    id: 'authorizer',
    // REST, HTTP and WebSocket APIs; AppSync; AWS IoT.
    matches: ({ methodArn, routeArn, authorizationToken, requestContext, ...iot }) =>
      typeof methodArn === 'string' ||
      typeof routeArn === 'string' ||
      (typeof authorizationToken === 'string' && isMembers(requestContext)) ||
      (typeof iot.signatureVerified === 'boolean' && Array.isArray(iot.protocols)) ||
      (typeof iot.token === 'string' && typeof iot.tokenSignature === 'string'),
    message:
      'Expected a request or an event, got one of an authorizer. A replayed decision would outlive what it was based on. Protect the function that does the work, not its authorizer.',
  },
  {
    id: 'tumbling-window',
    matches: ({ window, isFinalInvokeForWindow }) =>
      isMembers(window) && typeof isFinalInvokeForWindow === 'boolean',
    message:
      'Expected an event without a state, got a tumbling window: its state would be lost. Remove the window from the event source mapping, or protect what has effects with runOnce inside the handler.',
  },
  {
    id: 'mq',
    matches: (event) => ['aws:mq', 'aws:amq', 'aws:rmq'].some((source) => source === sourceOf(event)),
    message: `Expected another event, got a batch of Amazon MQ. ${ONE_BY_ONE}`,
  },
  {
    id: 'documentdb',
    matches: (event) => sourceOf(event) === 'aws:docdb',
    message: `Expected another event, got a batch of DocumentDB. ${ONE_BY_ONE}`,
  },
  {
    id: 'transformation',
    // Of Firehose, and of Kinesis Data Analytics.
    matches: ({ invocationId, deliveryStreamArn, records }) =>
      typeof invocationId === 'string' &&
      Array.isArray(records) &&
      [deliveryStreamArn, membersOf(records[0]).recordId].some((id) => typeof id === 'string'),
    message:
      'Expected another event, got records to transform: each of them needs an answer of its own. A transformation without side effects can safely run again, so leave it unprotected; protect a side effect with runOnce, by the recordId.',
  },
  {
    id: 'unknown-records',
    matches: ({ Records }) =>
      Array.isArray(Records) &&
      Records.map(membersOf).some(({ eventSource, EventSource = eventSource }) => isUnknown(EventSource)),
    message:
      'Expected an event of a known source, got records whose eventSource is not among them. With one claim over all of them, those that fail would be lost. Protect each record with runOnce, by its own id.',
  },
]

const KNOWN_RECORDS: ReadonlySet<string> = new Set(
  ['sqs', 'kinesis', 'dynamodb', 'sns', 's3', 'ses', 'codecommit'].map((service) => `aws:${service}`),
)

function isUnknown(source: unknown): boolean {
  return typeof source === 'string' && !KNOWN_RECORDS.has(source)
}

/** Throws if the event is one of those above. */
export function refuseUnprotectable(event: unknown): void {
  const refused = REFUSED.find(({ matches }) => matches(membersOf(event)))
  if (refused !== undefined) throw new TypeError(refused.message)
}

/** Returns the source that a batch names: for its records as a whole, or, in a pipe of EventBridge, for each. */
function sourceOf(event: Members): unknown {
  return event.eventSource ?? membersOf(event[0]).eventSource
}
