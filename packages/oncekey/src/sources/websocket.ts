import type { Invocation } from '../core/request.ts'
import type { IdempotencyOptions } from '../options.ts'
import { readPrincipal } from './http/principal.ts'
import { type HttpRequest, readBody } from './http/request.ts'
import { createHttpResponder } from './http/responder.ts'
import { type EventKind, type Identified, identify } from './identify.ts'
import { membersOf } from './request.ts'

/** API Gateway waits 29 seconds for the function behind a route; this leaves one for the answer. */
const MAX_WAIT_MS = 28_000

/**
 * Creates what identifies the events of a WebSocket API: connections and messages. A client that sends a message again
 * gets another `messageId`, and API Gateway delivers each message once, so that only the option `key` knows a repeat.
 * The answer is a response as over HTTP; its status decides whether it is stored.
 * @see https://docs.aws.amazon.com/apigateway/latest/developerguide/apigateway-websocket-api-mapping-template-reference.html
 */
export function createWebSocketSource(
  options: IdempotencyOptions,
): (invocation: Invocation) => Identified | undefined {
  const kind: EventKind<HttpRequest> = {
    kind: 'event',
    noun: 'WebSocket message',
    responder: createHttpResponder(options),
    maxWaitMs: MAX_WAIT_MS,
    missingKey:
      'This WebSocket message has no key of its own. Set the option key to a function that returns one: a member of the message that its client repeats.',
    principal: readPrincipal,
    readContent: (request) => ({ about: [request.method, request.path], content: readBody(request) }),
  }
  return (invocation) => {
    const event = membersOf(invocation.event)
    const context = membersOf(event.requestContext)
    const { connectionId, eventType, routeKey } = context
    if (typeof connectionId !== 'string' || typeof routeKey !== 'string') return undefined
    const request = { shape: 'rest', method: String(eventType), path: routeKey, event, context } as const
    return identify(kind, request, invocation, options)
  }
}
