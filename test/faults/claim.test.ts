import { describe, expect, test, vi } from 'vitest'
import { frontDoors } from '../support/front-doors.ts'
import { startTrial } from '../support/trial.ts'

const CREATED = { statusCode: 201, body: '{"paid":true}' }

const decline = (): never => {
  throw new Error('declined')
}

describe('a claim whose reply was lost', () => {
  test.concurrent('recognises itself as the first', async () => {
    await using trial = await startTrial()
    const pay = vi.fn(() => CREATED)
    trial.proxy.inject('insert', 'reply lost', 1)
    expect((await trial.sandbox(pay)()).text).toBe('201')
    expect(new Set(trial.proxy.phases)).toEqual(new Set(['insert', 'complete']))
    expect(await trial.record()).toMatchObject({ status: 'completed', attempt: 1 })
    expect(pay).toHaveBeenCalledTimes(1)
  })

  test.concurrent('recognises itself in place of a released record', async () => {
    await using trial = await startTrial()
    const pay = vi.fn(() => CREATED).mockImplementationOnce(decline)
    const call = trial.sandbox(pay)
    await call()
    trial.proxy.inject('replace', 'reply lost', 1)
    expect((await call()).text).toBe('201')
    expect(pay).toHaveBeenCalledTimes(2)
  })

  test.concurrent('recognises itself as the takeover of a lapsed lease', async () => {
    await using trial = await startTrial()
    const pay = vi.fn(() => CREATED)
    trial.proxy.inject('complete', 'refused for good')
    await trial.sandbox(pay)()
    await trial.lapseLease()
    trial.proxy.inject('takeover', 'reply lost', 1)
    expect((await trial.sandbox(pay)()).text).toBe('201')
    expect(await trial.record()).toMatchObject({ status: 'completed', attempt: 2 })
    expect(pay).toHaveBeenCalledTimes(2)
  })
})

describe.each(frontDoors)('a claim that cannot be made, through $door', (door) => {
  // How soon is held on a virtual clock, in test/attempt. Here: not after the SDK's own minutes.
  test.concurrent.each([{ remainingMs: 2_000 }, { remainingMs: 700 }])(
    'answers 503 when $remainingMs ms are left, and runs nothing',
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
})

describe('a claim that was given up', () => {
  test.concurrent('is released before 503 is answered, so that the retry runs', async () => {
    await using trial = await startTrial()
    const pay = vi.fn(() => CREATED)
    const call = trial.sandbox(pay)
    trial.proxy.inject('insert', 'reply lost')
    expect((await call({ remainingMs: 2_000 })).text).toBe('503')
    expect(await trial.state()).toBe('released')
    trial.proxy.heal()
    expect((await call()).text).toBe('201')
    expect(pay).toHaveBeenCalledTimes(1)
  })

  test.concurrent('and still arrives late blocks the key no longer than its lease', async () => {
    await using trial = await startTrial()
    const pay = vi.fn(() => CREATED)
    const call = trial.sandbox(pay)
    trial.proxy.inject('insert', 'delayed past the time-out')
    expect((await call({ remainingMs: 2_000 })).text).toBe('503')
    trial.proxy.heal()
    await trial.proxy.deliverHeld()
    expect((await call()).text).toBe('409')
    await trial.lapseLease()
    expect((await call()).text).toBe('201')
    expect(pay).toHaveBeenCalledTimes(1)
  })

  test.concurrent('because its reply came after the end of its lease does not run', async () => {
    await using trial = await startTrial()
    const pay = vi.fn(() => CREATED)
    trial.proxy.dateSkewMs = 60_000
    expect((await trial.sandbox(pay)({ remainingMs: 3_000 })).text).toBe('503')
    expect(await trial.state()).toBe('released')
    expect(pay).not.toHaveBeenCalled()
  })
})

describe("with onStoreError: 'run'", () => {
  test.concurrent('a claim that cannot be made runs unprotected and still completes where it can', async () => {
    await using trial = await startTrial()
    const pay = vi.fn(() => CREATED)
    const call = trial.sandbox(pay, { onStoreError: 'run' })
    trial.proxy.inject('insert', 'reply lost')
    expect((await call({ remainingMs: 2_000 })).text).toBe('201')
    trial.proxy.heal()
    expect((await call()).text).toBe('201 replayed')
    expect(pay).toHaveBeenCalledTimes(1)
  })
})
