import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { frontDoors } from '../support/front-doors.ts'
import { startTrial } from '../support/trial.ts'

const MINUTES_MS = 60_000
const CREATED = { statusCode: 201, body: 'paid' }

/** The clock of an instance that is wrong by so much. */
const skewed = (skewMs: number) => ({ clock: { nowMs: () => Date.now() + skewMs } })

const clocks = [
  { holder: 'right', caller: '2 min fast', holderSkewMs: 0, callerSkewMs: 2 * MINUTES_MS },
  { holder: 'right', caller: '2 min slow', holderSkewMs: 0, callerSkewMs: -2 * MINUTES_MS },
  { holder: '2 min fast', caller: 'right', holderSkewMs: 2 * MINUTES_MS, callerSkewMs: 0 },
  { holder: '2 min slow', caller: 'right', holderSkewMs: -2 * MINUTES_MS, callerSkewMs: 0 },
  { holder: '2 min slow', caller: '2 min fast', holderSkewMs: -2 * MINUTES_MS, callerSkewMs: 2 * MINUTES_MS },
  { holder: '2 min fast', caller: '2 min slow', holderSkewMs: 2 * MINUTES_MS, callerSkewMs: -2 * MINUTES_MS },
]

const hosts = [
  // The lease of a run that its host ends is as long as that run has left.
  { host: 'Lambda', concurrency: undefined, leaseMs: [10_000, 13_000] },
  // Elsewhere a wrong clock makes it longer or shorter, and it is renewed.
  { host: 'Lambda Managed Instances', concurrency: '64', leaseMs: [4_000, 65_000] },
] as const

describe.each(hosts)('on $host', ({ concurrency, leaseMs: [leastMs, mostMs] }) => {
  beforeEach(() => {
    vi.stubEnv('AWS_LAMBDA_FUNCTION_NAME', 'payments')
    vi.stubEnv('AWS_LAMBDA_MAX_CONCURRENCY', concurrency)
  })
  afterEach(() => vi.unstubAllEnvs())

  describe.each(frontDoors)('through $door', (door) => {
    describe.each(clocks)('the clock of the run being $holder and that of the caller $caller', (clock) => {
      const { holderSkewMs, callerSkewMs } = clock

      test('a live lease is not taken, and lasts as long as its host needs', async () => {
        await using trial = await startTrial()
        const started = Promise.withResolvers<void>()
        const finish = Promise.withResolvers<void>()
        const work = async () => {
          started.resolve()
          await finish.promise
          return CREATED
        }
        const beganAtMs = Date.now()
        // Not through Middy, which itself gives a handler up at once if its clock is fast.
        const running = trial.sandbox(work, skewed(holderSkewMs))({ remainingMs: 10_000 })
        await started.promise
        const leaseUntilMs = Number((await trial.record())?.leaseUntilMs)
        expect(leaseUntilMs).toBeGreaterThanOrEqual(beganAtMs + leastMs)
        expect(leaseUntilMs).toBeLessThanOrEqual(Date.now() + mostMs)

        const pay = vi.fn(() => CREATED)
        expect((await trial.sandbox(pay, { door, ...skewed(callerSkewMs) })()).text).toBe('409')
        expect(pay).not.toHaveBeenCalled()
        finish.resolve()
        expect((await running).text).toBe('201')
      })

      test('a completed result is replayed, not run again', async () => {
        await using trial = await startTrial()
        const pay = vi.fn(() => CREATED)
        expect((await trial.sandbox(pay, { door, ...skewed(holderSkewMs) })()).text).toBe('201')
        const completed = await trial.record()
        expect((await trial.sandbox(pay, { door, ...skewed(callerSkewMs) })()).text).toBe('201 replayed')
        expect(await trial.record()).toEqual(completed)
        expect(pay).toHaveBeenCalledTimes(1)
      })

      test('a lapsed lease is taken over', async () => {
        await using trial = await startTrial()
        const pay = vi.fn(() => CREATED)
        trial.proxy.inject('complete', 'refused for good')
        await trial.sandbox(pay, { door, ...skewed(holderSkewMs) })()
        trial.proxy.heal()
        // Just over, by the clock of the store: its time comes in whole seconds.
        await trial.edit({ leaseUntilMs: Date.now() - 1_000 })
        expect((await trial.sandbox(pay, { door, ...skewed(callerSkewMs) })()).text).toBe('201')
        expect(await trial.record()).toMatchObject({ status: 'completed', attempt: 2 })
      })
    })
  })
})
