import { describe, expect, test, vi } from 'vitest'
import { frontDoors } from '../support/front-doors.ts'
import { startTrial } from '../support/trial.ts'

const CREATED = { statusCode: 201, body: '{"paid":true}' }

const fail = (): never => {
  throw new Error('a hook of the user')
}

describe.each(frontDoors)('through $door', (door) => {
  test.each(['onOutcome', 'onReplay', 'shouldStore', 'redact'])(
    '%s may throw: the work runs once',
    async (hook) => {
      await using trial = await startTrial()
      const pay = vi.fn(() => CREATED)
      const call = trial.sandbox(pay, { door, [hook]: fail })
      expect((await call()).text).toBe('201')
      expect(await trial.state()).toBe('completed')
      // What `redact` could not make fit to be stored is not stored.
      expect((await call()).text).toBe(hook === 'redact' ? '410' : '201 replayed')
      expect(pay).toHaveBeenCalledTimes(1)
    },
  )

  test('a rejected promise of onOutcome goes unheard', async () => {
    await using trial = await startTrial()
    const call = trial.sandbox(() => CREATED, { door, onOutcome: () => Promise.reject(new Error('metrics')) })
    expect((await call()).text).toBe('201')
  })
})
