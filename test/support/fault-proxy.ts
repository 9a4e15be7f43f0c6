import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import {
  Agent,
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request,
  type ServerResponse,
} from 'node:http'
import { buffer, text } from 'node:stream/consumers'
import { setImmediate } from 'node:timers/promises'
import { close, listen } from './loopback.ts'

/** What happens to a packet: whether the write gets through, and what comes back. */
interface Way {
  /** `held`: a later `deliverHeld` brings it. `twice`: now, and once more then. */
  readonly write: 'never' | 'now' | 'held' | 'twice'
  readonly reply:
    | 'own'
    | 'none'
    | 'reset'
    | 'reset in the body'
    | 'cut short'
    | readonly [status: number, type: string, facts?: object]
    | ForeignReply
}

/** A reply that DynamoDB did not make, or that does not arrive as it was made. */
interface ForeignReply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

const THROTTLED = [400, 'com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException'] as const
const OVER_CAPACITY = [400, 'com.amazon.coral.availability#ThrottlingException'] as const
const FAILED = [500, 'com.amazonaws.dynamodb.v20120810#InternalServerError'] as const
const DENIED = [400, 'com.amazon.coral.service#AccessDeniedException'] as const
const CONFLICTED = [400, 'com.amazonaws.dynamodb.v20120810#ReplicatedWriteConflictException'] as const
const ABORTED = [400, 'com.amazonaws.dynamodb.v20120810#RequestAbortedException'] as const

const page = (status: number, title: string): ForeignReply => ({
  status,
  headers: { 'content-type': 'text/html' },
  body: `<html><head><title>${title}</title></head><body><h1>${title}</h1></body></html>`,
})
const EMPTY: ForeignReply = { status: 200, headers: {}, body: '' }
/** The refusal of a condition, of which a proxy passed on the beginning. */
const TRUNCATED: ForeignReply = {
  status: 400,
  headers: { 'content-type': 'application/x-amz-json-1.0', 'x-amzn-requestid': randomUUID() },
  body: '{"__type":"com.amazonaws.dynamodb.v20120810#ConditionalCheckFailedException","mess',
}

/** Every way in which a call can go wrong between a client and DynamoDB. */
export const FAULTS = {
  'request lost': { write: 'never', reply: 'none' },
  'reply lost': { write: 'now', reply: 'none' },
  'delayed past the time-out': { write: 'held', reply: 'none' },
  throttled: { write: 'never', reply: THROTTLED },
  '500 before the write': { write: 'never', reply: FAILED },
  '500 after the write': { write: 'now', reply: FAILED },
  'reset before the write': { write: 'never', reply: 'reset' },
  'reset after the write': { write: 'now', reply: 'reset' },
  'reset in the middle of the body': { write: 'now', reply: 'reset in the body' },
  'content-length too small': { write: 'now', reply: 'cut short' },
  '400 with a truncated body': { write: 'now', reply: TRUNCATED },
  '408 of a proxy': { write: 'never', reply: page(408, 'Request Time-out') },
  '413 of a proxy': { write: 'never', reply: page(413, 'Request Entity Too Large') },
  '200 with HTML': { write: 'never', reply: page(200, 'Welcome to the guest network') },
  'empty 200 without a request id': { write: 'never', reply: EMPTY },
  'write conflict of replicas': { write: 'never', reply: CONFLICTED },
  'aborted request': { write: 'never', reply: ABORTED },
  'refused for good': { write: 'never', reply: DENIED },
  'delivered again later': { write: 'twice', reply: 'own' },
} as const satisfies Record<string, Way>

const cancelledBy = (...codes: readonly string[]) =>
  [
    400,
    'com.amazonaws.dynamodb.v20120810#TransactionCanceledException',
    { CancellationReasons: codes.map((Code) => ({ Code })) },
  ] as const

/** What transactions do to each other. DynamoDB Local never does. */
const CONFLICTS = {
  'transaction conflict': {
    write: 'never',
    reply: [400, 'com.amazonaws.dynamodb.v20120810#TransactionConflictException'],
  },
  'transaction in progress': {
    write: 'now',
    reply: [400, 'com.amazonaws.dynamodb.v20120810#TransactionInProgressException'],
  },
  'cancelled by a conflict': { write: 'never', reply: cancelledBy('None', 'TransactionConflict') },
} as const satisfies Record<string, Way>

export type Fault = keyof typeof FAULTS | keyof typeof CONFLICTS

const UNHARMED: Way = { write: 'now', reply: 'own' }
const WAYS: Readonly<Record<Fault, Way>> = { ...FAULTS, ...CONFLICTS }

/** A request on its way through the proxy. */
export interface ProxiedRequest {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
}

export interface FaultProxy<Phase extends string> extends AsyncDisposable {
  readonly endpoint: string
  /** What came over the wire, a client's own retries included. */
  readonly phases: readonly Phase[]
  /** How far the `Date` of the replies is from the truth. */
  dateSkewMs: number
  /** Decides which requests the table has the capacity for; the others are throttled. All of them, if absent. */
  hasCapacity: ((request: ProxiedRequest) => boolean) | undefined
  /** Lets `times` calls of that phase meet the fault, in place of any earlier fault. */
  inject(phase: Phase | 'any', fault: Fault, times?: number): void
  /** Resolves as soon as a call has met the fault, and its write has been done if it is to be. */
  struck(): Promise<void>
  heal(): void
  /** Brings the packets that were held, oldest first, to where they were going. */
  deliverHeld(): Promise<void>
  /** Forgets the calls seen so far. */
  forget(): void
}

/** Stands between a client and its server, and lets calls go wrong by what they are and how often. */
export async function startFaultProxy<Phase extends string>(
  target: string,
  phaseOf: (request: ProxiedRequest) => Phase,
): Promise<FaultProxy<Phase>> {
  const agent = new Agent({ keepAlive: true })
  const held: (() => Promise<Reply>)[] = []
  let phases: Phase[] = []
  let dateSkewMs = 0
  let hasCapacity: ((request: ProxiedRequest) => boolean) | undefined
  let active: { phase: Phase | 'any'; way: Way; left: number } | undefined
  let strike = Promise.withResolvers<void>()

  const wayOf = (phase: Phase): Way => {
    if (active === undefined || active.left === 0) return UNHARMED
    if (active.phase !== 'any' && active.phase !== phase) return UNHARMED
    active.left -= 1
    return active.way
  }

  const pass = async (asked: IncomingMessage, response: ServerResponse): Promise<void> => {
    const { url: path = '/', headers } = asked
    const body = await text(asked)
    const phase = phaseOf({ path, headers, body })
    phases.push(phase)
    if (hasCapacity !== undefined) {
      // Many clients at once in this process keep it busy: by now this one may have given up, and may have sent more.
      for (let turn = 0; turn < 3; turn += 1) await setImmediate()
      if (response.destroyed) return
      if (!hasCapacity({ path, headers, body })) {
        answer(response, OVER_CAPACITY, undefined, dateSkewMs)
        return
      }
    }
    const way = wayOf(phase)
    const deliver = (): Promise<Reply> => forward(agent, new URL(path, target), headers, body)
    if (way.write === 'held' || way.write === 'twice') held.push(deliver)
    const written = way.write === 'now' || way.write === 'twice' ? await deliver() : undefined
    if (way !== UNHARMED) strike.resolve()
    answer(response, way.reply, written, dateSkewMs)
  }
  const server = createServer((asked, response) => {
    // Either side may hang up in the middle.
    pass(asked, response).catch(() => response.destroy())
  })
  const endpoint = await listen(server)

  return {
    endpoint,
    get phases() {
      return phases
    },
    get dateSkewMs() {
      return dateSkewMs
    },
    set dateSkewMs(skewMs) {
      dateSkewMs = skewMs
    },
    get hasCapacity() {
      return hasCapacity
    },
    set hasCapacity(decide) {
      hasCapacity = decide
    },
    inject(phase, fault, times = Number.POSITIVE_INFINITY) {
      active = { phase, way: WAYS[fault], left: times }
      strike = Promise.withResolvers()
    },
    struck: () => strike.promise,
    heal() {
      active = undefined
    },
    async deliverHeld() {
      for (const deliver of held.splice(0)) await deliver()
    },
    forget() {
      phases = []
    },
    async [Symbol.asyncDispose]() {
      await close(server)
      agent.destroy()
    },
  }
}

interface Reply {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
}

async function forward(agent: Agent, url: URL, headers: IncomingHttpHeaders, body: string): Promise<Reply> {
  const sent = request(url, { method: 'POST', headers, agent })
  sent.end(body)
  const [response] = await once(sent, 'response')
  return { status: response.statusCode, headers: response.headers, body: await buffer(response) }
}

function answer(
  response: ServerResponse,
  how: Way['reply'],
  own: Reply | undefined,
  dateSkewMs: number,
): void {
  if (how === 'none') return
  if (how === 'reset') {
    response.socket?.resetAndDestroy()
    return
  }
  const date = new Date(Date.now() + dateSkewMs).toUTCString()
  if (own !== undefined && typeof how === 'string') {
    // The body is sent as it came, so that its checksum still fits.
    const headers = dateSkewMs === 0 ? own.headers : { ...own.headers, date }
    const half = Math.floor(own.body.length / 2)
    switch (how) {
      case 'own':
        response.writeHead(own.status, headers).end(own.body)
        return
      case 'cut short':
        response.writeHead(own.status, { ...headers, 'content-length': half }).end(own.body)
        return
      case 'reset in the body':
        response.writeHead(own.status, { ...headers, 'content-length': own.body.length })
        response.write(own.body.subarray(0, half), () => response.socket?.resetAndDestroy())
        return
    }
  }
  if (typeof how === 'object' && 'status' in how) {
    response.writeHead(how.status, { date, ...how.headers }).end(how.body)
    return
  }
  const [status, type, facts] = typeof how === 'string' ? FAILED : how
  const headers = { 'content-type': 'application/x-amz-json-1.0', 'x-amzn-requestid': randomUUID(), date }
  response
    .writeHead(status, headers)
    .end(JSON.stringify({ __type: type, message: `injected: ${type}`, ...facts }))
}
