import type { IdempotentContext } from 'oncekey'
import { httpApiEvent, lambdaContext } from 'oncekey/testing'
import { describe, expect, test } from 'vitest'
import { frontDoors } from '../support/front-doors.ts'
import { createTable } from '../support/tables.ts'

describe.each(frontDoors)('through $door', ({ protect }) => {
  test('invocations that share one context object each see their own attempt', async () => {
    const { name, client } = await createTable()
    const context = lambdaContext()
    const work = async (_event: unknown, { idempotency }: IdempotentContext): Promise<object> => {
      const before = idempotency.key
      await new Promise(setImmediate)
      return { statusCode: 200, body: `${before} ${idempotency.key}` }
    }
    const handler = protect(work, name, { client })
    const keys = Array.from({ length: 10 }, (_, n) => `shared-context-${n}`)
    const answers = await Promise.all(keys.map((key) => handler(httpApiEvent({ key }), context)))
    expect(answers).toMatchObject(keys.map((key) => ({ body: `${key} ${key}` })))
    expect(context).not.toHaveProperty('idempotency')
  })

  test('invocations that answer with one object each give the answer that they stored', async () => {
    const { name, client } = await createTable()
    const response = { statusCode: 200, body: '' }
    const work = async (_event: unknown, { idempotency }: IdempotentContext): Promise<object> =>
      Object.assign(response, { body: idempotency.key })
    const handler = protect(work, name, { client, cache: { maxEntries: 10 } })
    const keys = Array.from({ length: 10 }, (_, n) => `shared-response-${n}`)
    const invoke = (key: string) => handler(httpApiEvent({ key }), lambdaContext())
    for (const _delivery of ['first', 'repeat']) {
      expect(await Promise.all(keys.map(invoke))).toMatchObject(keys.map((key) => ({ body: key })))
    }
  })
})
