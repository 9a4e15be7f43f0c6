import { describe, expect, it } from 'vitest'
import { crashed, editItem } from '../support/items.ts'
import { eachDoorOnce, scenario } from './scenario.ts'

const OUTSTANDING = 'A request is outstanding for this Idempotency-Key'

/** A handler that waits until it is told to go on. */
function gate() {
  const opened = Promise.withResolvers<void>()
  const entered = Promise.withResolvers<void>()
  return {
    entered: entered.promise,
    open: opened.resolve,
    async work() {
      entered.resolve()
      await opened.promise
      return { statusCode: 201, body: 'paid' }
    },
  }
}

describe.each(eachDoorOnce)('$entrance', (entrance) => {
  it('answers 409 with Retry-After for as long as the first runs', async () => {
    const { work, entered, open } = gate()
    const { send, runs } = await scenario(entrance, {}, work)
    const first = send()
    await entered
    for (const _ of [1, 2]) {
      const other = await send()
      expect(other).toMatchObject({ status: 409, title: OUTSTANDING, code: 'in-flight' })
      expect(Number(other.header('retry-after'))).toBeOneOf([1, 2, 3, 4, 5])
      expect(other.header('link')).toContain('rel="describedby"')
    }
    open()
    expect((await first).status).toBe(201)
    expect((await send()).isReplay).toBe(true)
    expect(runs()).toBe(1)
  })

  it('a mismatch beats in flight', async () => {
    const { work, entered, open } = gate()
    const { send } = await scenario(entrance, {}, work)
    const first = send()
    await entered
    expect((await send({ body: '{"amount":1}' })).status).toBe(422)
    open()
    await first
  })

  it('runs once for 20 at the same time', async () => {
    const { send, runs } = await scenario(entrance)
    const answers = await Promise.all(Array.from({ length: 20 }, () => send()))
    expect(runs()).toBe(1)
    expect(answers.filter(({ status, isReplay }) => status === 201 && !isReplay)).toHaveLength(1)
    expect(
      answers.every(
        ({ status, isReplay }) => status === 409 || (status === 201 && isReplay) || status === 201,
      ),
    ).toBe(true)
  })

  it('waits for the result if it is told to', async () => {
    const { work, entered, open } = gate()
    const { send, instance, runs } = await scenario(entrance, {}, work)
    const first = send()
    await entered
    const waiting = instance({ inFlight: { waitMs: 5_000 } }).send()
    open()
    await first
    expect(await waiting).toMatchObject({ status: 201, isReplay: true, body: 'paid' })
    expect(runs()).toBe(1)
  })

  it('runs again once the lease of a crashed run has lapsed', async () => {
    const { table, send, runs, outcomes } = await scenario(entrance, {}, (_event, { idempotency }) => ({
      statusCode: 201,
      body: String(idempotency.number),
    }))
    await send()
    await editItem(table, crashed())
    expect(await send()).toMatchObject({ status: 201, isReplay: false, body: '2' })
    expect(runs()).toBe(2)
    expect(outcomes.at(-1)).toMatchObject({ outcome: 'executed', attempt: 2, isTakeover: true })
  })

  it("onCrash: 'refuse' answers outcome-unknown, and tells Stripe's clients to stop", async () => {
    const { table, send, runs } = await scenario(entrance, { onCrash: 'refuse' })
    await send()
    await editItem(table, crashed())
    const answer = await send()
    expect(answer).toMatchObject({ status: 409, code: 'outcome-unknown' })
    expect(answer.header('stripe-should-retry')).toBe('false')
    expect(answer.header('retry-after')).toBeUndefined()
    expect(runs()).toBe(1)
  })

  it('runs once for two at the same time after expiry, though the record is still there', async () => {
    const { table, send, runs } = await scenario(entrance)
    await send()
    const past = Date.now() - 5_000
    await editItem(table, {
      expiresAt: { N: String(Math.ceil(past / 1000)) },
    })
    await Promise.all([send({ body: '{"another":1}' }), send({ body: '{"another":1}' })])
    expect(runs()).toBe(2)
  })

  it('a cached result is replayed to its own caller only, without the store, until it expires', async () => {
    const { table, send, instance, runs } = await scenario(entrance)
    const { send: cached } = instance({ cache: { maxEntries: 10 } })
    await cached()
    await editItem(table, { v: { S: 'damaged' } })
    expect((await cached()).isReplay).toBe(true)
    expect((await cached({ caller: null })).isReplay).toBe(false)
    expect((await send()).code).toBe('record-unreadable')
    expect(runs()).toBe(2)
  })

  it('an unreadable record is 500, is left alone and runs nothing', async () => {
    const { table, send, runs, outcomes } = await scenario(entrance)
    await send()
    await editItem(table, { owner: { N: '1' } })
    expect(await send()).toMatchObject({ status: 500, code: 'record-unreadable' })
    expect(await send()).toMatchObject({ status: 500, code: 'record-unreadable' })
    expect(runs()).toBe(1)
    expect(outcomes.at(-1)?.outcome).toBe('unreadable')
  })
})
