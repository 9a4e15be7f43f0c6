import type { Invocation } from '../core/request.ts'
import { DEFAULTS, type IdempotencyOptions } from '../options.ts'
import { readAppSync, readAppSyncEvents } from './appsync.ts'
import { isFinalBedrockResult, readBedrock } from './bedrock.ts'
import { contentToStore } from './http/stored.ts'
import { type Identified, identify } from './identify.ts'
import { batchSourceOf } from './records.ts'
import { REFUSED } from './refused.ts'
import { describeNative, isMembers, membersOf, type NativeEvent, valueResponder } from './request.ts'
import {
  isFinalS3BatchResult,
  readCloudFormation,
  readCodeCommit,
  readCodePipeline,
  readDestination,
  readEventBridge,
  readMessages,
  readS3,
  readS3Batch,
  readSecretsManager,
  readSes,
  readSns,
} from './services.ts'
import { createWebSocketSource } from './websocket.ts'

/** A source of single events that are not HTTP. */
interface SingleSource {
  /** Its name in docs/triggers.md. */
  readonly id: string
  /**
   * Creates what identifies its events. It returns `undefined` for any other event, and throws a TypeError for an event
   * that cannot be protected as a whole.
   */
  create(options: IdempotencyOptions): (invocation: Invocation) => Identified | undefined
}

/**
 * Every source of single events but HTTP (see `readRequest`), by the whole shape of its events: the first that knows an
 * event has it. docs/triggers.md has the reason for each key.
 */
export const SINGLE_SOURCES: readonly SingleSource[] = [
  ...REFUSED.map(({ id, matches, message }) =>
    refusedSource(id, (event) => (matches(membersOf(event)) ? message : undefined)),
  ),
  refusedSource('batch', describeBatch),
  { id: 'websocket', create: createWebSocketSource },
  nativeSource('appsync', 'AppSync event', readAppSync, { hasCaller: true }),
  nativeSource('appsync-events', 'AppSync event', readAppSyncEvents, { hasCaller: true }),
  nativeSource('bedrock', 'Bedrock agent event', readBedrock, {
    hasCaller: true,
    isFinal: isFinalBedrockResult,
  }),
  nativeSource('codepipeline', 'job', readCodePipeline),
  nativeSource('cloudformation', 'custom resource request', readCloudFormation),
  nativeSource('secretsmanager', 'rotation', readSecretsManager),
  nativeSource('s3batch', 'S3 Batch event', readS3Batch, { isFinal: isFinalS3BatchResult }),
  nativeSource('eventbridge', 'event', (event, { archiveReplays = DEFAULTS.archiveReplays }) =>
    readEventBridge(event, archiveReplays),
  ),
  nativeSource('sns', 'event', (event) => readMessages(event, readSns)),
  nativeSource('s3', 'event', (event) => readMessages(event, readS3)),
  nativeSource('ses', 'event', (event) => readMessages(event, readSes)),
  nativeSource('codecommit', 'event', (event) => readMessages(event, readCodeCommit)),
  nativeSource('destination', 'event', readDestination),
  refusedSource('incomplete-http', describeIncompleteHttp),
  nativeSource('direct', 'event', (event) => ({ native: undefined, about: [], content: { parsed: event } })),
]

/**
 * Creates what identifies single events that are not HTTP. It throws a TypeError for an event that cannot be protected
 * as a whole.
 */
export function createSingleSource(options: IdempotencyOptions): (invocation: Invocation) => Identified {
  const sources = SINGLE_SOURCES.map(({ create }) => create(options))
  return (invocation) => {
    for (const identifyEvent of sources) {
      const identified = identifyEvent(invocation)
      if (identified !== undefined) return identified
    }
    throw new TypeError('unreachable: any event is a direct invocation')
  }
}

function nativeSource(
  id: string,
  noun: string,
  read: (event: unknown, options: IdempotencyOptions) => NativeEvent | undefined,
  {
    hasCaller = false,
    isFinal = () => true,
  }: { readonly hasCaller?: boolean; readonly isFinal?: (result: unknown) => boolean } = {},
): SingleSource {
  return {
    id,
    create(options) {
      const kind = describeNative('event', noun, {
        ...valueResponder,
        toStore: (result, _event, invocation) =>
          isFinal(result) ? contentToStore(undefined, result, options, invocation) : undefined,
      })
      const ownKind = hasCaller ? { ...kind, principal: ({ caller }: NativeEvent) => caller } : kind
      return (invocation) => {
        const event = read(invocation.event, options)
        return event && identify(ownKind, event, invocation, options)
      }
    },
  }
}

/** @param describe returns what to do instead, or `undefined` for any other event. */
function refusedSource(id: string, describe: (event: unknown) => string | undefined): SingleSource {
  return {
    id,
    create: () => (invocation) => {
      const message = describe(invocation.event)
      if (message !== undefined) throw new TypeError(message)
      return undefined
    },
  }
}

function describeBatch(event: unknown): string | undefined {
  const source = batchSourceOf(event)
  return (
    source &&
    `Expected a single event, got a batch of ${source}. Use idempotentBatch, which protects each record by itself.`
  )
}

/**
 * An event that was made by hand, for a test, must not silently be taken for a payload of one's own: it would be
 * answered in another way than over HTTP.
 */
function describeIncompleteHttp(event: unknown): string | undefined {
  const { httpMethod, path, headers, requestContext } = membersOf(event)
  const isPayload1 = typeof httpMethod === 'string' && typeof path === 'string' && isMembers(headers)
  if (!isPayload1 && !isMembers(membersOf(requestContext).http)) return undefined
  const missing = isPayload1 ? 'requestContext' : 'rawPath or requestContext.http.method'
  return `Expected the whole shape of an HTTP event, got one without ${missing}. Pass the event as its source sends it. If it is a payload of your own, call its members otherwise.`
}
