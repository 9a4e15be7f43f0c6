import { type Attempt, dynamoDbStore, type RunOnceOptions, runOnce, type Store } from 'oncekey'
import { beforeEach, describe, expect, it } from 'vitest'
import { editItem, itemsOf } from '../support/items.ts'
import { createTable, type TestTable } from '../support/tables.ts'

describe('runOnce', () => {
  let table: TestTable
  let store: Store
  let runs: number
  const once = <T>(fn: (attempt: Attempt) => T, options: Partial<RunOnceOptions> = {}) =>
    runOnce(store, { service: 'billing', name: 'charge', key: 'order-1', ...options }, (attempt) => {
      runs += 1
      return fn(attempt)
    })

  beforeEach(async () => {
    table = await createTable()
    store = dynamoDbStore(table.name, { client: table.client })
    runs = 0
  })

  it('runs the function once and answers every repeat with its result', async () => {
    expect(await once(() => ({ paid: 100 }))).toEqual({ paid: 100 })
    expect(await once(() => ({ paid: 200 }))).toEqual({ paid: 100 })
    expect(runs).toBe(1)
  })

  it('gives the first caller the same JSON as any other', async () => {
    const result = { at: new Date(0), gone: undefined, list: [undefined, Number.NaN], map: new Map([[1, 2]]) }
    const first = await once(() => result)
    expect(first).toStrictEqual({ at: '1970-01-01T00:00:00.000Z', list: [null, null], map: {} })
    expect(await once(() => result)).toStrictEqual(first)
  })

  it('keeps undefined apart from null', async () => {
    expect(await once(() => undefined)).toBeUndefined()
    expect(await once(() => 1)).toBeUndefined()
    expect(await once(() => null, { key: 'order-2' })).toBeNull()
    expect(await once(() => 1, { key: 'order-2' })).toBeNull()
    expect(runs).toBe(2)
  })

  it('does not run again for a result that is not JSON, and says so both times', async () => {
    await expect(once(() => 10n)).rejects.toMatchObject({ code: 'replay-unavailable' })
    await expect(once(() => 10n)).rejects.toMatchObject({ code: 'replay-unavailable' })
    expect(runs).toBe(1)
  })

  it('refuses the same key with another input, whatever the order of its members', async () => {
    await once(() => 1, { input: { a: 1, b: 2 } })
    expect(await once(() => 2, { input: { b: 2, a: 1 } })).toBe(1)
    await expect(once(() => 2, { input: { a: 1, b: 3 } })).rejects.toMatchObject({ code: 'key-reused' })
  })

  it('refuses an input that JSON cannot tell from another', async () => {
    await expect(once(() => 1, { input: new Map([[1, 2]]) })).rejects.toThrow(TypeError)
    expect(runs).toBe(0)
  })

  it('keeps operations and services apart', async () => {
    await once(() => 1)
    expect(await once(() => 2, { name: 'refund' })).toBe(2)
    expect(await once(() => 3, { service: 'shop' })).toBe(3)
  })

  it('frees the key when the function throws, and throws its error', async () => {
    await expect(once(() => Promise.reject(new Error('declined')))).rejects.toThrow('declined')
    expect(await once(({ number }) => number)).toBe(2)
  })

  it('throws InFlightError while another run holds the claim', async () => {
    const entered = Promise.withResolvers<void>()
    const opened = Promise.withResolvers<string>()
    const first = once(() => {
      entered.resolve()
      return opened.promise
    })
    await entered.promise
    await expect(once(() => 'second')).rejects.toMatchObject({
      name: 'InFlightError',
      retryable: true,
      key: 'order-1',
    })
    opened.resolve('first')
    expect(await first).toBe('first')
  })

  it('keeps the lease alive while it is told to renew it', async () => {
    const leases: unknown[] = []
    const options = { leaseMs: 3_000, renewEveryMs: 20 }
    await once(async () => {
      const { record } = await store.read(idOf(await firstId()), { timeoutMs: 1_000 })
      leases.push(record?.leaseUntilMs)
      for (let last = leases[0]; last === leases[0]; last = leases.at(-1)) {
        const { record: later } = await store.read(idOf(await firstId()), { timeoutMs: 1_000 })
        leases.push(later?.leaseUntilMs)
      }
    }, options)
    expect(Number(leases.at(-1))).toBeGreaterThan(Number(leases[0]))
  })

  it('goes on renewing the lease after a renewal that was written although its reply never came', async () => {
    const renewals: string[] = []
    const lossy: Store = {
      ...store,
      async renew(...given) {
        const answer = await store.renew(...given)
        renewals.push(answer.kind)
        if (renewals.length === 1) throw new Error('the reply never came')
        if (renewals.length === 4) renewedOn.resolve()
        return answer
      },
    }
    const renewedOn = Promise.withResolvers<void>()
    const options = { service: 'billing', name: 'charge', key: 'order-1', leaseMs: 3_000, renewEveryMs: 20 }
    await runOnce(lossy, options, () => renewedOn.promise)
    expect(renewals).toEqual(['written', 'refused', 'written', 'written'])
  })

  it('throws LeaseLostError if its record is gone when it ends', async () => {
    const run = once(async () => {
      await editItem(table, { owner: { S: 'somebody else' }, leaseUntilMs: { N: '0' } })
      return 1
    })
    await expect(run).rejects.toMatchObject({ name: 'LeaseLostError', code: 'lease-lost' })
  })

  async function firstId(): Promise<string | undefined> {
    return (await itemsOf(table))[0]?.id?.S
  }
  const idOf = (id: string | undefined): string => id ?? 'none'
})
