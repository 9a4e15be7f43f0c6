import { idempotentHandler } from 'oncekey'
import { memoryStore } from 'oncekey/memory'
import { httpApiEvent, manualClock } from 'oncekey/testing'
import { describe, expect, it, vi } from 'vitest'
import { asAnswer } from '../support/answer.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS

/** A UUIDv7 of that time. */
function keyOf(atMs: number): string {
  const hex = atMs.toString(16).padStart(12, '0')
  return `${hex.slice(0, 8)}-${hex.slice(8)}-7cc3-98c4-dc0c0c07398f`
}

/** A handler whose keys may be an hour old, and whose records would be kept for an hour. */
function startHandler({ headers = {}, storeAheadMs = 0 } = {}) {
  const clock = manualClock()
  const work = async (): Promise<object> => {
    return { statusCode: 201, headers }
  }
  const store = memoryStore({ nowMs: () => clock.nowMs() + storeAheadMs })
  const handler = idempotentHandler(work, store, {
    clock,
    service: 'payments',
    retentionMs: HOUR_MS,
    maxKeyAgeMs: HOUR_MS,
  })
  const ask = async (key: string): Promise<string> => {
    // What is done in between makes the store forget what has expired.
    await Reflect.apply(handler, undefined, [httpApiEvent({ key: keyOf(clock.nowMs() - 1) }), {}])
    const answer = await Reflect.apply(handler, undefined, [httpApiEvent({ key }), {}])
    return asAnswer(answer).text
  }
  return { clock, ask }
}

describe('a key with a time never runs again after its record is gone', () => {
  it.each([
    { what: 'is exact', aheadMs: 0, options: {} },
    { what: 'is from a clock 45 s ahead', aheadMs: 45_000, options: {} },
    { what: 'is from a clock a minute ahead', aheadMs: MINUTE_MS, options: {} },
    { what: 'is judged by a clock 2 s slow', aheadMs: MINUTE_MS, options: { storeAheadMs: 2_000 } },
    {
      what: 'has a response that asks for less',
      aheadMs: MINUTE_MS,
      options: { headers: { 'oncekey-store': 'max-age=60' } },
    },
  ])('if it $what', async ({ aheadMs, options }) => {
    const { clock, ask } = startHandler(options)
    const key = keyOf(clock.nowMs() + aheadMs)
    expect(await ask(key)).toBe('201')
    for (const laterMs of [2 * MINUTE_MS, HOUR_MS - 2 * MINUTE_MS]) {
      clock.advance(laterMs)
      expect(await ask(key)).toBe('201 replayed')
    }
    for (let n = 0; n < 10; n += 1) {
      clock.advance(6_500)
      expect(await ask(key)).toMatch(n * 6_500 + 6_500 <= aheadMs ? /^201 replayed$/ : /^(201 replayed|400)$/)
    }
    clock.advance(HOUR_MS)
    expect(await ask(key)).toBe('400')
  })

  it('even if it was interrupted, and is not to be run again', async () => {
    const clock = manualClock()
    let runs = 0
    const hang = (): Promise<object> => {
      runs += 1
      return new Promise(() => undefined)
    }
    const handler = idempotentHandler(hang, memoryStore(clock), {
      clock,
      service: 'payments',
      retentionMs: HOUR_MS,
      maxKeyAgeMs: HOUR_MS,
      leaseMs: 2_000,
      onCrash: 'refuse',
    })
    const ask = (): Promise<unknown> => Reflect.apply(handler, undefined, [event, {}])
    const event = httpApiEvent({ key: keyOf(clock.nowMs() + MINUTE_MS) })
    void ask()
    await vi.waitUntil(() => runs === 1)
    clock.advance(HOUR_MS + 50_000)
    expect(asAnswer(await ask()).body).toContain('outcome-unknown')
    expect(runs).toBe(1)
  })

  it('without the option, a response is stored for as long as it asks', async () => {
    const clock = manualClock()
    const headers = { 'oncekey-store': 'max-age=60' }
    const handler = idempotentHandler(() => ({ statusCode: 201, headers }), memoryStore(clock), {
      clock,
      service: 'payments',
    })
    const ask = async () =>
      asAnswer(await Reflect.apply(handler, undefined, [httpApiEvent({ key: 'k' }), {}]))
    expect((await ask()).text).toBe('201')
    clock.advance(59_000)
    expect((await ask()).text).toBe('201 replayed')
    clock.advance(1_000)
    expect((await ask()).text).toBe('201')
  })
})

it('the age of a key counts by the time of the store, once a reply has told it', async () => {
  const { clock, ask } = startHandler({ storeAheadMs: 500_000 })
  // The first request of the process learns how slow its clock is.
  await ask(keyOf(clock.nowMs()))
  expect(await ask(keyOf(clock.nowMs() + 500_000 - HOUR_MS - 1))).toBe('400')
  expect(await ask(keyOf(clock.nowMs() + 500_000 - HOUR_MS))).toBe('201')
})
