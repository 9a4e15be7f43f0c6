import type { Context } from 'aws-lambda'
import { idempotentHandler, type OutcomeEvent, runOnce } from 'oncekey'
import { memoryStore } from 'oncekey/memory'
import { httpApiEvent, lambdaContext, manualClock } from 'oncekey/testing'
import { describe, expect, it } from 'vitest'
import type { InFlightRecord } from '../../packages/oncekey/src/core/record.ts'
import { remainingTimeMs } from '../../packages/oncekey/src/entries/context.ts'
import type { IdempotencyOptions } from '../../packages/oncekey/src/options.ts'
import { dynamoDbStore } from '../../packages/oncekey/src/stores/dynamodb/store.ts'
import { createTable } from '../support/tables.ts'

const HUNDRED_YEARS_MS = 3_153_600_000_000

describe('the lease of an invocation', () => {
  /** What an invocation claims whose context tells a remaining time by this function of a clock. */
  const claimOf = async (
    remainingMs: (nowMs: number) => number,
    options: (advance: (durationMs: number) => void) => IdempotencyOptions,
  ) => {
    const clock = manualClock()
    const memory = memoryStore(clock)
    const claims: InFlightRecord[] = []
    const store: typeof memory = {
      ...memory,
      insert(record, limits) {
        claims.push(record)
        return memory.insert(record, limits)
      },
    }
    const handler = idempotentHandler(async () => ({ statusCode: 201 }), store, {
      clock,
      ...options(clock.advance),
    })
    const context: Context = {
      ...lambdaContext(),
      getRemainingTimeInMillis: () => remainingMs(clock.nowMs()),
    }
    const beganAtMs = clock.nowMs()
    await handler(httpApiEvent({ key: 'k' }), context)
    return { beganAtMs, claim: claims[0] }
  }

  it('lasts until two seconds after its deadline, however long its event took to be read', async () => {
    const outcomes: OutcomeEvent[] = []
    const deadlineMs = manualClock().nowMs() + 9_000
    const { claim } = await claimOf(
      (nowMs) => deadlineMs - nowMs,
      (advance) => ({
        principal: () => {
          advance(4_000)
          return 'me'
        },
        onOutcome: (event) => void outcomes.push(event),
      }),
    )
    expect(claim?.leaseUntilMs).toBe(deadlineMs + 2_000)
    expect(outcomes).toMatchObject([{ outcome: 'executed', durationMs: 4_000 }])
  })

  it.each([Number.MAX_SAFE_INTEGER, Number.POSITIVE_INFINITY, Number.NaN, HUNDRED_YEARS_MS + 1])(
    'is leaseMs and two seconds where a context tells a remaining time of %d, which is none',
    async (remainingMs) => {
      const { beganAtMs, claim } = await claimOf(
        () => remainingMs,
        () => ({ leaseMs: 30_000 }),
      )
      expect(claim?.leaseUntilMs).toBe(beganAtMs + 32_000)
    },
  )

  it.each([HUNDRED_YEARS_MS, 0, -HUNDRED_YEARS_MS])(
    'ends with a deadline that is %d ms away',
    (remainingMs) => {
      expect(remainingTimeMs({ getRemainingTimeInMillis: () => remainingMs })).toBe(remainingMs)
    },
  )

  it('is leaseMs where the remaining time is too far in the past to be one', () => {
    expect(remainingTimeMs({ getRemainingTimeInMillis: () => -HUNDRED_YEARS_MS - 1 })).toBeUndefined()
  })
})

it('the longest retention and the longest lease leave a record that can be read again', async () => {
  const { name, client } = await createTable()
  const store = dynamoDbStore(name, { client })
  const longest = { leaseMs: HUNDRED_YEARS_MS, retentionMs: HUNDRED_YEARS_MS }
  const once = (fn: () => unknown) =>
    runOnce(store, { service: 'billing', name: 'charge', key: 'order-1', ...longest }, fn)
  const first = await once(async () => {
    await expect(once(() => 'second')).rejects.toMatchObject({ code: 'in-flight' })
    return 'first'
  })
  expect(first).toBe('first')
  expect(await once(() => 'third')).toBe('first')
})
