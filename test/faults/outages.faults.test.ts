import { describe, expect, test, vi } from 'vitest'
import { FAULTS } from '../support/fault-proxy.ts'
import { frontDoors } from '../support/front-doors.ts'
import type { Work } from '../support/middies.ts'
import { startTrial } from '../support/trial.ts'
import type { Fault } from './phases.ts'

const OUTAGE_MS = 600
const CREATED = { statusCode: 201, body: '{"paid":true}' }

const faults = Object.keys(FAULTS) as Fault[]
const transientFaults = faults.filter((fault) => fault !== 'refused for good')

const during = (outageMs: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, outageMs))

/** Not a mock: whenever a test begins, those of the tests beside it are cleared. */
function countRuns(work: () => unknown): { readonly pay: Work; readonly runs: () => number } {
  let count = 0
  return {
    pay() {
      count += 1
      return work()
    },
    runs: () => count,
  }
}

describe.each(frontDoors)('through $door', (door) => {
  test.concurrent.each(transientFaults)(
    'a completion that meets "%s" for 0.6 s, with 3 s left, is stored',
    async (fault) => {
      await using trial = await startTrial()
      const { pay, runs } = countRuns(() => CREATED)
      const call = trial.sandbox(pay, { door })
      trial.proxy.inject('complete', fault)
      const running = call({ remainingMs: 3_000 })
      await trial.proxy.struck()
      await during(OUTAGE_MS)
      trial.proxy.heal()
      expect((await running).text).toBe('201')
      expect(await trial.state()).toBe('completed')
      expect((await call()).text).toBe('201 replayed')
      expect(runs()).toBe(1)
    },
  )

  test.concurrent.each(faults)(
    'onStoreError: \'run\' does not run a completed request again while every claim meets "%s"',
    async (fault) => {
      await using trial = await startTrial()
      const { pay, runs } = countRuns(() => CREATED)
      const call = trial.sandbox(pay, { door, onStoreError: 'run' })
      await call()
      trial.proxy.inject('insert', fault)
      expect((await call({ remainingMs: 3_000 })).text).toBe('201 replayed')
      expect(runs()).toBe(1)
    },
  )

  test.concurrent.each(transientFaults)(
    'a caller who waits gets the result of the other run, although a read meets "%s"',
    async (fault) => {
      await using trial = await startTrial()
      const finish = Promise.withResolvers<object>()
      const { pay, runs } = countRuns(() => finish.promise)
      const call = trial.sandbox(pay, { door, inFlight: { waitMs: 8_000 } })
      const first = call()
      await vi.waitUntil(trial.record)
      trial.proxy.inject('read', fault, 1)
      const second = call()
      await trial.proxy.struck()
      finish.resolve(CREATED)
      expect([(await first).text, (await second).text]).toEqual(['201', '201 replayed'])
      expect(runs()).toBe(1)
    },
  )
})
