import type { OutcomeEvent } from 'oncekey'
import { describe, expect, test, vi } from 'vitest'
import { frontDoors } from '../support/front-doors.ts'
import { startTrial } from '../support/trial.ts'

const CREATED = { statusCode: 201, body: '{"paid":true}' }

describe.each(frontDoors)('a completion, through $door', (door) => {
  test.concurrent('is tried again after throttles, until it is stored', async () => {
    await using trial = await startTrial()
    const pay = vi.fn(() => CREATED)
    const call = trial.sandbox(pay, { door })
    trial.proxy.inject('complete', 'throttled', 5)
    expect((await call()).text).toBe('201')
    expect(await trial.state()).toBe('completed')
    expect((await call()).text).toBe('201 replayed')
    expect(pay).toHaveBeenCalledTimes(1)
  })

  test.concurrent.each(['throttled', 'request lost'] as const)(
    'that fails to the end (%s) answers in time, deletes nothing, and keeps the retry out',
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
      expect(await trial.record()).toEqual(claimed)
      trial.proxy.heal()
      const retry = await call()
      expect(retry).toMatchObject({
        text: '409',
        headers: { 'retry-after': expect.stringMatching(/^[1-5]$/) },
      })
      expect(await trial.record()).toEqual(claimed)
      expect(onOutcome.mock.calls.map(([{ outcome }]) => outcome)).toEqual(['completion-failed', 'in-flight'])
      expect(pay).toHaveBeenCalledTimes(1)
    },
  )

  test.concurrent('whose reply was lost is not taken for the loss of the lease', async () => {
    await using trial = await startTrial()
    const onOutcome = vi.fn<(event: OutcomeEvent) => void>()
    trial.proxy.inject('complete', 'reply lost', 1)
    expect((await trial.sandbox(() => CREATED, { door, onOutcome })()).text).toBe('201')
    expect(onOutcome).toHaveBeenCalledExactlyOnceWith(expect.objectContaining({ outcome: 'executed' }))
  })
})

describe('a release', () => {
  test.concurrent("that fails leaves the handler's own error to the caller", async () => {
    await using trial = await startTrial()
    const declined = new Error('declined')
    trial.proxy.inject('release', 'refused for good')
    const answer = await trial.sandbox(() => Promise.reject(declined))()
    expect(answer.error).toBe(declined)
    expect(await trial.state()).toBe('in-flight')
  })
})
