import { describe, expect, test, vi } from 'vitest'
import { frontDoors } from '../support/front-doors.ts'
import { startTrial } from '../support/trial.ts'

describe.each(frontDoors)('through $door', (door) => {
  test('of 100 duplicates at once, each in a sandbox of its own, one runs', { timeout: 60_000 }, async () => {
    await using trial = await startTrial()
    const pay = vi.fn(async () => ({ statusCode: 201, body: `paid ${pay.mock.calls.length}` }))
    const sandboxes = Array.from({ length: 100 }, () =>
      trial.sandbox(pay, { door, client: trial.table.client }),
    )
    const answers = await Promise.all(sandboxes.map((call) => call({ remainingMs: 30_000 })))
    const texts = answers.map(({ text }) => text)
    expect(pay).toHaveBeenCalledTimes(1)
    expect(texts.filter((text) => text === '201')).toHaveLength(1)
    expect(texts.filter((text) => text !== '201' && text !== '409' && text !== '201 replayed')).toEqual([])
  })
})
