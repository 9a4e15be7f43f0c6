import { randomBytes } from 'node:crypto'
import type { OutcomeEvent } from 'oncekey'
import { describe, expect, test, vi } from 'vitest'
import { frontDoors, withoutMiddy } from '../support/front-doors.ts'
import { startTrial } from '../support/trial.ts'

const KB = 1024

/** Text that no compression shortens much: each byte a character of the first 256. */
const random = (sizeBytes: number): string => randomBytes(sizeBytes / 2).toString('hex')

const results = [
  {
    what: '600 KB that compress well',
    body: 'all work and no play '.repeat((600 * KB) / 21),
    place: 'br',
  },
  { what: '600 KB of noise', body: random(600 * KB), place: 'chunks' },
  { what: '5.9 MB of noise', body: random(5.9 * KB * KB), place: 'chunks' },
]

describe.each(frontDoors)('through $door', (door) => {
  test.each(results)(
    'a result of $what is replayed byte for byte',
    { timeout: 60_000 },
    async ({ body, place }) => {
      await using trial = await startTrial()
      const pay = vi.fn(() => ({ statusCode: 201, body }))
      const call = trial.sandbox(pay, { door, client: trial.table.client })
      expect((await call({ remainingMs: 30_000 })).text).toBe('201')
      const replay = await trial.sandbox(pay, { door, client: trial.table.client })({ remainingMs: 30_000 })
      expect(replay.text).toBe('201 replayed')
      expect(replay.body === body).toBe(true)
      expect(pay).toHaveBeenCalledTimes(1)
      expect((await trial.record())?.result).toHaveProperty(place)
    },
  )
})

test('a result for which there is no room in time is told of, by the outcome and by each repeat', async () => {
  await using trial = await startTrial()
  const pay = vi.fn(() => ({ statusCode: 201, body: random(20 * KB) }))
  const outcomes: OutcomeEvent[] = []
  const onOutcome = (event: OutcomeEvent): void => {
    outcomes.push(event)
  }
  const call = trial.sandbox(pay, { door: withoutMiddy, onOutcome })
  trial.proxy.inject('write chunk', 'refused for good')
  expect((await call()).text).toBe('201')
  expect((await call()).text).toBe('410')
  expect(pay).toHaveBeenCalledTimes(1)
  expect(outcomes).toMatchObject([
    { outcome: 'executed', error: { code: 'store-unavailable' } },
    { outcome: 'replay-unavailable' },
  ])
})
