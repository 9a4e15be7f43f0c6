import type { Invocation } from '../../core/request.ts'
import { DEFAULTS, type IdempotencyOptions } from '../../options.ts'
import type { Compared } from '../envelope.ts'
import { type EventKind, type Identified, identify, SKIPPED } from '../identify.ts'
import { checkKey, echoKey, MAX_KEY_CHARACTERS, readSentKey } from './key.ts'
import { readLatticePrincipal } from './lattice.ts'
import { readPrincipal } from './principal.ts'
import { type HttpRequest, readBody, readQuery, readRequest } from './request.ts'
import { createHttpResponder } from './responder.ts'

/** API Gateway waits 29 seconds for a function by default; this leaves one for the answer. */
const MAX_WAIT_MS = 28_000

/** Creates what identifies the HTTP events of one function. It returns `undefined` for any other event. */
export function createHttpSource(
  options: IdempotencyOptions,
): (invocation: Invocation) => Identified | undefined {
  const { header = DEFAULTS.header, methods = DEFAULTS.methods, key, syntax, albAuthentication } = options
  const names = typeof header === 'string' ? [header] : header
  const headers = key ? [] : names.map((name) => ({ name, lowerCaseName: name.toLowerCase() }))
  const protectedMethods = new Set(methods.map((method) => method.toUpperCase()))

  const kind: EventKind<HttpRequest> = {
    kind: 'http',
    noun: 'request',
    responder: createHttpResponder(options),
    maxWaitMs: MAX_WAIT_MS,
    missingKey: `Header ${names.join(' or ')} is missing. Send 1 to ${MAX_KEY_CHARACTERS} visible ASCII characters, the same on every retry.`,
    sentKey: (request) => readSentKey(request, headers, syntax),
    checkKey,
    principal: (request) =>
      request.shape === 'lattice' ? readLatticePrincipal(request) : readPrincipal(request, albAuthentication),
    readContent,
    withKey: (request, key) => ({ ...request, echo: echoKey(request, key, headers) }),
    ...(options.scope === 'operation' && { operation: operationOf }),
  }

  return (invocation) => {
    const request = readRequest(invocation.event)
    if (request === undefined) return undefined
    if (!protectedMethods.has(request.method)) return SKIPPED
    return identify(kind, request, invocation, options)
  }
}

function operationOf({ method, path }: HttpRequest): string {
  return `${method} ${path}`
}

function readContent(request: HttpRequest): Compared {
  // Parameters may come in any order, the values of a repeated one may not: the sort is stable.
  const query = readQuery(request).toSorted(([one], [other]) => (one < other ? -1 : one > other ? 1 : 0))
  return { about: [request.method, request.path, JSON.stringify(query)], content: readBody(request) }
}
