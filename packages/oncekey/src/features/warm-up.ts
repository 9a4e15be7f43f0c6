import { systemClock } from '../core/clock.ts'
import { protect } from '../core/protect.ts'
import type { Settings } from '../core/request.ts'
import { createEventSource } from '../sources/event.ts'
import { createCommands } from '../stores/dynamodb/commands.ts'
import { findCredentials, findEndpoint } from '../stores/dynamodb/endpoint.ts'
import { openConnection } from '../stores/dynamodb/exchange.ts'
import { toJson } from '../stores/dynamodb/json.ts'
import { createSigner } from '../stores/dynamodb/signature.ts'
import { createStore } from '../stores/dynamodb/store.ts'
import type { Item, Transport } from '../stores/dynamodb/transport.ts'

/**
 * Prepares the first invocation while a cold start still has the CPU that a small function lacks afterwards: opens the
 * connection to DynamoDB, and runs a new request and its repeat once, so that their code is compiled. Nothing is
 * written, no hook of the user's is called, and no outcome is reported.
 */
export async function warmUp(table: string): Promise<void> {
  const endpoint = findEndpoint(process.env)
  const credentials = findCredentials(process.env)
  // The SDK will be used, and opens its own connections.
  if (endpoint === undefined || credentials === undefined) return
  const connecting = openConnection(endpoint)
  const sign = createSigner(endpoint)
  await rehearse(table, (action, input) => void sign(action, toJson(input), credentials, Date.now()))
  await connecting
}

/** Runs a new request and its repeat against a table in memory, which holds the one record of both. */
async function rehearse(table: string, send: (...command: Parameters<Transport>) => void): Promise<void> {
  let held: Item | undefined
  const transport: Transport = async (...command) => {
    send(...command)
    const [action, input] = command
    const reply = { nowMs: Date.now(), item: undefined, error: undefined }
    if (action === 'UpdateItem') {
      const completion = { status: { S: 'completed' }, leaseUntilMs: { N: '0' }, completedAtMs: { N: '1' } }
      held = { ...held, ...completion, result: { S: JSON.stringify(RESPONSE) } }
    } else if (held === undefined) {
      held = 'Item' in input ? (input.Item as Item) : undefined
    } else {
      const cause = (): Error => new Error('The conditional request failed')
      return {
        ...reply,
        error: { name: 'ConditionalCheckFailedException', item: held, reasons: undefined, cause },
      }
    }
    return reply
  }
  const settings: Settings = {
    entry: 'warmUp',
    store: createStore(createCommands(table, transport, async () => undefined)),
    clock: systemClock,
    skew: { offsetMs: 0 },
    retentionMs: 60_000,
    leaseMs: 60_000,
    renewEveryMs: 20_000,
    minRemainingMs: 1_000,
    onCrash: 'rerun',
    waitMs: 0,
    onStoreError: 'refuse',
    isSilent: true,
  }
  const identify = createEventSource({})
  for (let times = 1; times <= 2; times += 1) {
    const startedAtMs = Date.now()
    const identified = await identify({
      event: EVENT,
      context: {},
      service: 'warm-up',
      startedAtMs,
      deadlineMs: startedAtMs + 10_000,
    })
    if (identified.kind === 'request') await protect(settings, identified.request, () => RESPONSE)
  }
}

const RESPONSE = { statusCode: 201, headers: { 'content-type': 'application/json' }, body: '{"id":"1"}' }

/** A request to an HTTP API with a caller, so that no warning of an anonymous one is printed. */
const EVENT = {
  version: '2.0',
  rawPath: '/warm-up',
  rawQueryString: 'a=1',
  headers: {
    'content-type': 'application/json',
    'idempotency-key': '"8e03978e-40d5-43e8-bc93-6894a57f9324"',
  },
  requestContext: {
    authorizer: { jwt: { claims: { iss: 'oncekey', sub: 'warm-up' } } },
    http: { method: 'POST', path: '/warm-up' },
  },
  body: '{"amount":100,"currency":"EUR","items":[{"id":"1","count":1.5}],"note":null}',
  isBase64Encoded: false,
}
