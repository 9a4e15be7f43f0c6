import { idempotentHandler } from 'oncekey'
import { httpApiEvent, lambdaContext, manualClock } from 'oncekey/testing'
import { afterAll, afterEach, expect, test, vi } from 'vitest'
import { createMeter } from '../budgets/meter.ts'
import { printTable } from '../support/print-table.ts'
import { createTable } from '../support/tables.ts'

const lambda = { host: 'Lambda', concurrency: undefined }
const managed = { host: 'Lambda Managed Instances', concurrency: '64' }

const printed: Record<string, unknown>[] = []
afterAll(() => printTable(printed))
afterEach(() => vi.unstubAllEnvs())

test.each([
  { request: '100 ms', durationMs: 100, ...lambda, renewals: 0 },
  { request: '100 ms', durationMs: 100, ...managed, renewals: 0 },
  { request: '60 s', durationMs: 60_000, ...lambda, renewals: 0 },
  // Every 20 seconds, a third of `leaseMs`; the third is due when the run ends.
  { request: '60 s', durationMs: 59_999, ...managed, renewals: 2 },
])('a request of $request on $host makes 2 round trips and writes, and $renewals renewals', async (row) => {
  vi.stubEnv('AWS_LAMBDA_FUNCTION_NAME', 'payments')
  vi.stubEnv('AWS_LAMBDA_MAX_CONCURRENCY', row.concurrency)
  const { name, client } = await createTable()
  const meter = createMeter(client)
  const clock = manualClock(Date.now())
  const started = Promise.withResolvers<void>()
  const done = Promise.withResolvers<object>()
  const work = (): Promise<object> => {
    started.resolve()
    return done.promise
  }
  const handler = idempotentHandler(work, name, { client, clock })
  const context = lambdaContext({ remainingMs: 900_000, clock })
  const running = handler(httpApiEvent({ key: 'k-1' }), context)
  await started.promise
  let renewed = 0
  const billed = [...meter.take()]
  for (let leftMs = row.durationMs; leftMs > 0; ) {
    const stepMs = Math.min(leftMs, clock.timers()[0] ?? leftMs)
    leftMs -= stepMs
    await clock.pass(stepMs)
    if (leftMs > 0) {
      renewed += 1
      await vi.waitUntil(() => clock.timers().length > 0)
    }
  }
  done.resolve({ statusCode: 201, body: 'paid' })
  await running
  billed.push(...meter.take())
  const writes = billed.reduce((sum, { writeUnits }) => sum + writeUnits, 0)
  printed.push({
    host: row.host,
    request: row.request,
    'round trips': billed.length,
    'write units': writes,
    renewals: renewed,
    calls: billed.map(({ command }) => command).join(', '),
  })
  expect(renewed).toBe(row.renewals)
  expect(billed).toHaveLength(2 + row.renewals)
  expect(writes).toBe(2 + row.renewals)
})
