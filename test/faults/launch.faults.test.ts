import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { dynamoDbStore, type IdempotentContext, idempotentHandler } from 'oncekey'
import { httpApiEvent, lambdaContext } from 'oncekey/testing'
import { afterAll, afterEach, beforeEach, expect, test, vi } from 'vitest'
import { asAnswer } from '../support/answer.ts'
import { startFaultProxy } from '../support/fault-proxy.ts'
import { itemsOf } from '../support/items.ts'
import { createOnDemandCapacity } from '../support/on-demand-capacity.ts'
import { printTable } from '../support/print-table.ts'
import { phaseOf } from '../support/protocol-phase.ts'
import { createTable } from '../support/tables.ts'

/** A new table takes 100 writes a second here, not 4,000, and a partition 25. */
const SCALE = 40
const REMAINING_MS = 29_000
/** How long one sandbox's work takes. */
const WORK_MS = 100

const printed: Record<string, unknown>[] = []
afterAll(() => printTable(printed))
beforeEach(() => void vi.stubEnv('AWS_LAMBDA_FUNCTION_NAME', 'payments'))
afterEach(() => vi.unstubAllEnvs())

const pause = (durationMs: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, durationMs))

// Each key comes to a sandbox of its own, as in the first second of a launch.
test.each([50, 200, 400, 600])(
  'a launch with %i new keys at once, on a new on-demand table, ends with each run once',
  { timeout: 180_000 },
  async (keys) => {
    const table = await createTable()
    await using proxy = await startFaultProxy(table.endpoint, phaseOf)
    const capacity = createOnDemandCapacity(SCALE)
    proxy.hasCapacity = capacity.hasCapacity
    const client = createSandboxClient(proxy.endpoint)
    const runs = new Map<string, number>()
    const pay = async (_event: unknown, { idempotency: { key } }: IdempotentContext): Promise<object> => {
      runs.set(key, (runs.get(key) ?? 0) + 1)
      await pause(WORK_MS)
      return { statusCode: 201, body: key }
    }
    const beganAtMs = performance.now()
    let invocations = 0
    let refusals = 0
    let late = 0

    /** As a good client does: the same request again, after the time that the answer says. */
    const sendUntilAnswered = async (key: string) => {
      const handler = idempotentHandler(pay, dynamoDbStore(table.name, { client }))
      for (let tries = 1; ; tries += 1) {
        invocations += 1
        const answer = await handler(httpApiEvent({ key }), lambdaContext({ remainingMs: REMAINING_MS }))
        const { text, headers } = asAnswer(answer)
        if (text.startsWith('201')) return { tries, atMs: performance.now() - beganAtMs }
        // A claim that this busy process delivers only after its release keeps its key until its lease ends.
        expect(['503', '409']).toContain(text)
        if (text === '503') refusals += 1
        else late += 1
        await pause(Number(headers['retry-after']) * 1_000 * (1 + Math.random()))
      }
    }
    const names = Array.from({ length: keys }, (_, n) => `launch-key-${n}`)
    const ends = (await Promise.all(names.map(sendUntilAnswered))).sort((one, other) => one.atMs - other.atMs)

    const items = await itemsOf(table)
    printed.push({
      'new keys at once': keys * SCALE,
      'writes a second': NEW_TABLE_WRITES_PER_SECOND,
      'seconds at least': ((keys * 2) / capacity.writesPerSecond).toFixed(1),
      'half done after s': ((ends[Math.floor(keys / 2)]?.atMs ?? 0) / 1_000).toFixed(1),
      'all done after s': ((ends.at(-1)?.atMs ?? 0) / 1_000).toFixed(1),
      '503s per key': (refusals / keys).toFixed(2),
      '409s in all': late,
      'most invocations of a key': Math.max(...ends.map(({ tries }) => tries)),
      'throttled writes per key': (capacity.throttled / keys).toFixed(1),
      'runs per key': (names.reduce((sum, key) => sum + (runs.get(key) ?? 0), 0) / keys).toFixed(2),
      'keys stuck': items.filter(({ status }) => status?.S !== 'completed').length,
    })
    expect(invocations).toBe(keys + refusals + late)
    expect([...runs.values()]).toEqual(names.map(() => 1))
    expect(items.map(({ status }) => status?.S)).toEqual(names.map(() => 'completed'))
  },
)

const NEW_TABLE_WRITES_PER_SECOND = 4_000

/** As the store's own, but with a socket for each sandbox: so many clients in one process would keep it busy. */
function createSandboxClient(endpoint: string): DynamoDBClient {
  return new DynamoDBClient({
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    maxAttempts: 1,
    requestHandler: { connectionTimeout: 1_000, httpAgent: { maxSockets: Number.POSITIVE_INFINITY } },
  })
}
