import type { IdempotentContext } from 'oncekey'
import { describe, expect, test, vi } from 'vitest'
import { frontDoors } from '../support/front-doors.ts'
import { createClient } from '../support/tables.ts'
import { startTrial, type Trial } from '../support/trial.ts'

const CREATED = { statusCode: 201, body: 'paid' }
const decline = (): never => {
  throw new Error('declined')
}

/** What went over the wire since the last time. */
function seen({ proxy }: Trial): readonly string[] {
  const { phases } = proxy
  proxy.forget()
  return phases
}

describe.each(frontDoors)('through $door, over the wire', (door) => {
  /** Client time-outs would show as calls of their own. */
  const patient = ({ proxy }: Trial) => ({ door, client: createClient(proxy.endpoint) })

  test('a new request costs 2 calls, a replay 1, a mismatch 1', async () => {
    await using trial = await startTrial()
    const call = trial.sandbox(() => CREATED, patient(trial))
    expect((await call()).text).toBe('201')
    expect(seen(trial)).toEqual(['insert', 'complete'])
    expect((await call()).text).toBe('201 replayed')
    expect(seen(trial)).toEqual(['insert'])
    expect((await call({ body: '{"amount":7}' })).text).toBe('422')
    expect(seen(trial)).toEqual(['insert'])
  })

  test('a repeat while the first runs costs 1 call', async () => {
    await using trial = await startTrial()
    const finish = Promise.withResolvers<object>()
    const call = trial.sandbox(() => finish.promise, patient(trial))
    const first = call()
    await vi.waitUntil(trial.record)
    seen(trial)
    expect((await call()).text).toBe('409')
    expect(seen(trial)).toEqual(['insert'])
    finish.resolve(CREATED)
    await first
  })

  test('a handler that throws costs 2 calls, and the retry after it 3', async () => {
    await using trial = await startTrial()
    await trial.sandbox(decline, patient(trial))()
    expect(seen(trial)).toEqual(['insert', 'release'])
    expect((await trial.sandbox(() => CREATED, patient(trial))()).text).toBe('201')
    expect(seen(trial)).toEqual(['insert', 'replace', 'complete'])
  })

  test('a retry after a crash, and after the expiry, costs 3 calls', async () => {
    await using trial = await startTrial()
    const call = trial.sandbox(() => CREATED, patient(trial))
    trial.proxy.inject('complete', 'refused for good')
    await call()
    trial.proxy.heal()
    await trial.lapseLease()
    seen(trial)
    expect((await call()).text).toBe('201')
    expect(seen(trial)).toEqual(['insert', 'takeover', 'complete'])
    await trial.edit({ expiresAtMs: 1 })
    expect((await call()).text).toBe('201')
    expect(seen(trial)).toEqual(['insert', 'replace', 'complete'])
  })

  test('a replay of 100 KB costs 2 calls', async () => {
    await using trial = await startTrial()
    const body = Array.from({ length: 100_000 }, () => String.fromCharCode(33 + Math.random() * 90)).join('')
    const call = trial.sandbox(() => ({ statusCode: 201, body }), patient(trial))
    await call()
    expect(seen(trial)).toEqual(['insert', 'write chunk', 'complete'])
    expect(await call()).toMatchObject({ text: '201 replayed', body })
    expect(seen(trial)).toEqual(['insert', 'read chunk'])
  })

  test("a new request with `commit` costs 2 calls, the handler's own write included", async () => {
    await using trial = await startTrial()
    const Put = { TableName: trial.table.name, Item: { id: 'ledger' } }
    const work = (_event: unknown, { idempotency }: IdempotentContext) =>
      idempotency.commit(CREATED, [{ Put }])
    expect((await trial.sandbox(work, patient(trial))()).text).toBe('201')
    expect(seen(trial)).toEqual(['insert', 'commit'])
    expect(await trial.item('ledger')).toEqual({ id: 'ledger' })
  })

  test('each step costs 1 call, and none when it is resumed', async () => {
    await using trial = await startTrial()
    const work =
      (end: () => object) =>
      async (_event: unknown, { idempotency }: IdempotentContext) => {
        await idempotency.step('charge', () => 'ch_1')
        await idempotency.step('receipt', () => 'R-1')
        return end()
      }
    await trial.sandbox(work(decline), patient(trial))()
    expect(seen(trial)).toEqual(['insert', 'save step', 'save step', 'release'])
    expect(
      (
        await trial.sandbox(
          work(() => CREATED),
          patient(trial),
        )()
      ).text,
    ).toBe('201')
    expect(seen(trial)).toEqual(['insert', 'takeover', 'complete'])
  })

  test('a request that needs no protection costs no call', async () => {
    await using trial = await startTrial()
    await trial.sandbox(() => CREATED, patient(trial))({ method: 'GET' })
    expect(seen(trial)).toEqual([])
  })
})
