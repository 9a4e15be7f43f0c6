import { runOnce } from 'oncekey'
import { describe, expect, test, vi } from 'vitest'
import { frontDoors } from '../support/front-doors.ts'
import { createTable } from '../support/tables.ts'
import { startTrial } from '../support/trial.ts'

class Money {
  readonly amount = 100
}

const cycle: Record<string, unknown> = {}
cycle.self = cycle

const JSON_LIKE = [
  { what: 'NaN', result: { n: Number.NaN }, sent: { n: null } },
  { what: 'a Date', result: { at: new Date(0) }, sent: { at: '1970-01-01T00:00:00.000Z' } },
  { what: 'a Map', result: { map: new Map([[1, 2]]) }, sent: { map: {} } },
  { what: 'a class instance', result: { money: new Money() }, sent: { money: { amount: 100 } } },
  { what: 'undefined inside', result: { a: undefined, b: [undefined] }, sent: { b: [null] } },
  { what: 'a function inside', result: { f: () => 1, g: [() => 1] }, sent: { g: [null] } },
]

const NOT_JSON = [
  { what: 'a BigInt', result: { n: 1n } },
  { what: 'a cycle', result: cycle },
]

describe.each(frontDoors)('through $door', (door) => {
  test.each(JSON_LIKE)(
    '$what is completed, and the repeat gets what JSON would have sent',
    async ({ result, sent }) => {
      await using trial = await startTrial()
      const pay = vi.fn(() => result)
      const call = trial.sandbox(pay, { door })
      const { body } = await call()
      const repeat = await call()
      expect(repeat).toMatchObject({ text: '200 replayed', body })
      expect(JSON.parse(String(repeat.body))).toEqual(sent)
      expect(pay).toHaveBeenCalledTimes(1)
    },
  )

  test.each([
    { what: 'undefined', result: undefined, sent: undefined },
    { what: 'a function', result: () => 1, sent: undefined },
    { what: 'null', result: null, sent: null },
  ])('$what is completed, and the repeat gets $sent', async ({ result, sent }) => {
    await using trial = await startTrial()
    const pay = vi.fn(() => result)
    const call = trial.sandbox(pay, { door })
    await call()
    expect(await trial.state()).toBe('completed')
    expect((await call()).response).toBe(sent)
    expect(pay).toHaveBeenCalledTimes(1)
  })

  test.each(NOT_JSON)(
    '$what is completed, and the repeat is told that it could not be kept',
    async ({ result }) => {
      await using trial = await startTrial()
      const pay = vi.fn(() => result)
      const call = trial.sandbox(pay, { door })
      await call()
      expect(await trial.state()).toBe('completed')
      const repeat = await call()
      expect(repeat.text).toBe('410')
      expect(JSON.parse(String(repeat.body))).toMatchObject({ code: 'replay-unavailable', retryable: false })
      expect(pay).toHaveBeenCalledTimes(1)
    },
  )
})

describe('runOnce', () => {
  const options = { service: 'billing', name: 'charge', key: 'order-1' }

  test.each([
    ...JSON_LIKE,
    { what: 'undefined', result: undefined, sent: undefined },
    { what: 'a function', result: () => 1, sent: undefined },
    { what: 'NaN itself', result: Number.NaN, sent: null },
    { what: 'a Date itself', result: new Date(0), sent: '1970-01-01T00:00:00.000Z' },
  ])('gives $what as JSON would send it, the first time as on each repeat', async ({ result, sent }) => {
    const { name, client } = await createTable()
    const charge = vi.fn((): unknown => result)
    expect(await runOnce(name, { ...options, client }, charge)).toEqual(sent)
    expect(await runOnce(name, { ...options, client }, charge)).toEqual(sent)
    expect(charge).toHaveBeenCalledTimes(1)
  })

  test.each(NOT_JSON)('says of $what each time that it could not be kept', async ({ result }) => {
    const { name, client } = await createTable()
    const charge = vi.fn((): unknown => result)
    const call = () => runOnce(name, { ...options, client }, charge)
    await expect(call()).rejects.toMatchObject({ code: 'replay-unavailable' })
    await expect(call()).rejects.toMatchObject({ code: 'replay-unavailable' })
    expect(charge).toHaveBeenCalledTimes(1)
  })
})
