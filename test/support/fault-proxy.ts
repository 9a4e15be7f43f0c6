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
import { close, listen } from './loopback.ts'

/** What happens to a packet: whether the write gets through, and what comes back. */
interface Way {
  /** `held`: a later `deliverHeld` brings it. `twice`: now, and once more then. */
  readonly write: 'never' | 'now' | 'held' | 'twice'
  readonly reply: 'own' | 'none' | 'reset' | readonly [status: number, type: string, facts?: object]
}

const THROTTLED = [400, 'com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException'] as const
const FAILED = [500, 'com.amazonaws.dynamodb.v20120810#InternalServerError'] as const
const DENIED = [400, 'com.amazon.coral.service#AccessDeniedException'] as const

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
  if (how === 'own' && own !== undefined) {
    // The body is sent as it came, so that its checksum still fits.
    response.writeHead(own.status, dateSkewMs === 0 ? own.headers : { ...own.headers, date }).end(own.body)
    return
  }
  const [status, type, facts] = how === 'own' ? [...FAILED, undefined] : how
  response
    .writeHead(status, { 'content-type': 'application/x-amz-json-1.0', date })
    .end(JSON.stringify({ __type: type, message: `injected: ${type}`, ...facts }))
}
