import { expect, test } from 'vitest'
import { enter } from '../../bench/contest.ts'

// What it takes today, in a process of its own; an awaited promise counts twice. Whoever needs more says so here, and why.
test.each([
  { what: 'new', most: 27 },
  { what: 'replay', most: 17 },
] as const)(
  'a $what request takes at most $most promises and awaits, and 2 hashes',
  async ({ what, most }) => {
    await using contestant = await enter('oncekey')
    const { promises, hashes } = await contestant.ask({ kind: 'counts', what })
    expect(promises).toBeLessThanOrEqual(most)
    expect(hashes).toBe(2)
  },
)
