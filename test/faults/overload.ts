import { type IdempotencyOptions, idempotentHandler } from 'oncekey'
import { httpApiEvent, lambdaContext } from 'oncekey/testing'
import { expect, vi } from 'vitest'
import { awsEnvironment } from '../../infra/local/lambda-environment.ts'
import { asAnswer } from '../support/answer.ts'
import { itemsOf } from '../support/items.ts'
import { createTable, type TestTable } from '../support/tables.ts'

interface Burst {
  readonly keys: number
  /** As API Gateway allows, if absent. */
  readonly remainingMs?: number
  /** Its own client, on the table of the test, if absent. */
  readonly clientOf?: (table: TestTable) => IdempotencyOptions['client']
}

/** Sends new keys at once through one process, then each that got 503 once more, and tells what became of them. */
export async function overload({
  keys,
  remainingMs = 29_000,
  clientOf,
}: Burst): Promise<Record<string, unknown>> {
  const table = await createTable()
  for (const [name, value] of Object.entries(awsEnvironment(table.endpoint))) vi.stubEnv(name, value)
  const client = clientOf?.(table)
  const runs = new Map<string, number>()
  const handler = idempotentHandler(
    (_event, { idempotency: { key } }) => {
      runs.set(key, (runs.get(key) ?? 0) + 1)
      return { statusCode: 201, body: key }
    },
    table.name,
    client && { client },
  )
  const send = async (key: string) => ({
    key,
    ...asAnswer(await handler(httpApiEvent({ key }), lambdaContext({ remainingMs }))),
  })

  const beganAtMs = performance.now()
  const answers = await Promise.all(Array.from({ length: keys }, (_, n) => send(`burst-key-${n}`)))
  const burstMs = Math.round(performance.now() - beganAtMs)
  const refused = answers.filter(({ text }) => text === '503')
  const items = await itemsOf(table)
  const left = items.filter(
    ({ status, leaseUntilMs }) => status?.S === 'in-flight' && leaseUntilMs?.N !== '0',
  )
  let ran = 0
  for (const { key } of refused) if ((await send(key)).text === '201') ran += 1
  vi.unstubAllEnvs()

  const seen = {
    'new keys at once': keys,
    'burst ms': burstMs,
    '201 at once': answers.filter(({ text }) => text === '201').length,
    '503 + Retry-After': refused.filter(({ headers }) => /^[1-5]$/.test(headers['retry-after'] ?? '')).length,
    'claims left behind': left.length,
    'retries that ran': ran,
    'most runs of one key': Math.max(...runs.values()),
  }
  expect(seen['201 at once'] + seen['503 + Retry-After']).toBe(keys)
  expect(seen).toMatchObject({
    'claims left behind': 0,
    'retries that ran': refused.length,
    'most runs of one key': 1,
  })
  return seen
}
