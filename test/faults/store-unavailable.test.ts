import type { OutcomeEvent } from 'oncekey'
import { describe, expect, test, vi } from 'vitest'
import { frontDoors } from '../support/front-doors.ts'
import { startTrial } from '../support/trial.ts'

const CREATED = { statusCode: 201, body: '{"paid":true}' }

// How soon, to the millisecond, and what is tried again: test/core. Each fault of each call: `npm run test:faults`.
describe.each(frontDoors)('through $door', (door) => {
  test.concurrent.each([{ remainingMs: 2_000 }, { remainingMs: 700 }])(
    'a claim that cannot be made answers 503 within $remainingMs ms, and runs nothing',
    async ({ remainingMs }) => {
      await using trial = await startTrial()
      const pay = vi.fn(() => CREATED)
      trial.proxy.inject('any', 'request lost')
      const answer = await trial.sandbox(pay, { door })({ remainingMs })
      expect(answer.text).toBe('503')
      expect(answer.headers['retry-after']).toMatch(/^[1-5]$/)
      expect(pay).not.toHaveBeenCalled()
    },
  )

  test.concurrent('a claim whose reply never comes is released before 503 is answered', async () => {
    await using trial = await startTrial()
    const call = trial.sandbox(() => CREATED, { door })
    trial.proxy.inject('insert', 'reply lost')
    expect((await call({ remainingMs: 2_000 })).text).toBe('503')
    expect(await trial.state()).toBe('released')
    trial.proxy.heal()
    expect((await call()).text).toBe('201')
  })

  test.concurrent("with onStoreError: 'run' it runs unprotected, and still completes where it can", async () => {
    await using trial = await startTrial()
    const pay = vi.fn(() => CREATED)
    const call = trial.sandbox(pay, { door, onStoreError: 'run' })
    trial.proxy.inject('insert', 'reply lost')
    expect((await call({ remainingMs: 2_000 })).text).toBe('201')
    trial.proxy.heal()
    expect((await call()).text).toBe('201 replayed')
    expect(pay).toHaveBeenCalledTimes(1)
  })

  test.concurrent.each(['throttled', 'request lost'] as const)(
    'a completion that fails to the end (%s) answers in time, deletes nothing, and keeps the retry out',
    async (fault) => {
      await using trial = await startTrial()
      const pay = vi.fn(() => CREATED)
      const onOutcome = vi.fn<(event: OutcomeEvent) => void>()
      const call = trial.sandbox(pay, { door, onOutcome })
      trial.proxy.inject('complete', fault)
      const running = call({ remainingMs: 1_500 })
      await vi.waitUntil(trial.record)
      const claimed = await trial.record()
      expect((await running).text).toBe('201')
      trial.proxy.heal()
      expect(await call()).toMatchObject({
        text: '409',
        headers: { 'retry-after': expect.stringMatching(/^[1-5]$/) },
      })
      expect(await trial.record()).toEqual(claimed)
      expect(onOutcome.mock.calls.map(([{ outcome }]) => outcome)).toEqual(['completion-failed', 'in-flight'])
      expect(pay).toHaveBeenCalledTimes(1)
    },
  )

  test.concurrent("a release that fails leaves the handler's own error to the caller", async () => {
    await using trial = await startTrial()
    const declined = new Error('declined')
    trial.proxy.inject('release', 'refused for good')
    const answer = await trial.sandbox(() => Promise.reject(declined), { door })()
    expect(answer.error).toBe(declined)
    expect(await trial.state()).toBe('in-flight')
  })
})
