import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb'
import { idempotentHandler, runOnce } from 'oncekey'
import { httpApiEvent, lambdaContext } from 'oncekey/testing'
import { describe, expect, it } from 'vitest'
import { itemsOf } from '../support/items.ts'
import { createClient, createTable } from '../support/tables.ts'

const event = () => httpApiEvent({ key: 'k1' })

describe('a table given by name', () => {
  it.each([
    ['DynamoDBClient', () => createClient()],
    ['DynamoDBDocumentClient', () => DynamoDBDocumentClient.from(createClient())],
  ])('is reached through the %s that was given', async (_name, client) => {
    const table = await createTable()
    let runs = 0
    const handler = idempotentHandler(async () => ({ statusCode: 201, body: String(++runs) }), table.name, {
      client: client(),
    })
    await handler(event(), lambdaContext())
    expect(await handler(event(), lambdaContext())).toMatchObject({
      body: '1',
      headers: { 'Idempotent-Replayed': 'true' },
    })
    expect(await itemsOf(table)).toHaveLength(1)
  })

  it('that does not exist answers 500, runs nothing, and tells its name to the operator only', async () => {
    const outcomes: unknown[] = []
    let runs = 0
    const handler = idempotentHandler(
      async () => ({ statusCode: 201, body: String(++runs) }),
      'no-such-table',
      {
        client: createClient(),
        onOutcome: ({ outcome, error }) => outcomes.push([outcome, String(error)]),
      },
    )
    const answer = await handler(event(), lambdaContext())
    expect(answer).toMatchObject({ statusCode: 500 })
    expect(JSON.stringify(answer)).not.toContain('no-such-table')
    expect(outcomes).toEqual([['store-unavailable', expect.stringContaining('no-such-table')]])
    expect(runs).toBe(0)
  })

  it('that does not exist is an error of runOnce, which says what to do', async () => {
    const options = { client: createClient(), service: 'billing', name: 'charge', key: 'o1' }
    const once = runOnce('no-such-table', options, () => 1)
    await expect(once).rejects.toMatchObject({ name: 'StoreUnavailableError', retryable: false })
  })

  it("runs without protection if onStoreError is 'run', and refuses step and commit", async () => {
    const refusals: unknown[] = []
    const handler = idempotentHandler(
      async (_event: unknown, { idempotency }) => {
        for (const act of [() => idempotency.step('a', () => 1), () => idempotency.commit({}, [])]) {
          await act().catch((error: unknown) => refusals.push(Object(error).code))
        }
        return { statusCode: 201, body: 'paid' }
      },
      'no-such-table',
      { client: createClient(), onStoreError: 'run' },
    )
    expect(await handler(event(), lambdaContext())).toMatchObject({ statusCode: 201, body: 'paid' })
    expect(refusals).toEqual(['store-unavailable', 'store-unavailable'])
  })
})
