import { describe, expect, test, vi } from 'vitest'
import { frontDoors } from '../support/front-doors.ts'
import { startTrial } from '../support/trial.ts'

const damages = [
  { what: 'of a newer format', changes: { v: 2 } },
  { what: 'without a format version', changes: { v: undefined } },
  { what: 'with an unknown status', changes: { status: 'pending' } },
  { what: 'without an owner', changes: { owner: undefined } },
  { what: 'with a lease in words', changes: { leaseUntilMs: 'soon' } },
  { what: 'without an expiry', changes: { expiresAt: undefined } },
  { what: 'with a fingerprint of no kind', changes: { fingerprint: '' } },
  { what: 'that is completed without a result', changes: { result: undefined } },
  { what: 'with a result of no kind', changes: { result: { text: 'paid' } } },
  { what: 'with an attribute of somebody else', changes: { data: 'x' } },
]

describe.each(frontDoors)('through $door, a record', (door) => {
  test.each(damages)('$what is refused and left alone, and nothing runs', async ({ changes }) => {
    await using trial = await startTrial()
    const pay = vi.fn(() => ({ statusCode: 201, body: 'paid' }))
    const call = trial.sandbox(pay, { door })
    await call()
    await trial.edit(changes)
    const damaged = await trial.record()
    for (const _ of [1, 2]) {
      const answer = await call()
      expect(answer.text).toBe('500')
      expect(JSON.parse(String(answer.body))).toMatchObject({ code: 'record-unreadable', retryable: false })
    }
    expect(await trial.record()).toEqual(damaged)
    expect(pay).toHaveBeenCalledTimes(1)
  })

  test('whose stored bytes were changed is not answered with', async () => {
    await using trial = await startTrial()
    const call = trial.sandbox(() => ({ statusCode: 201, body: 'paid '.repeat(1_000) }), { door })
    await call()
    const { result } = Object(await trial.record())
    await trial.edit({ result: { ...result, br: result.br.toReversed() } })
    expect((await call()).text).toBe('500')
  })
})
