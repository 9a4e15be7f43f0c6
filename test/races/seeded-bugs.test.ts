import { describe, expect, it } from 'vitest'
import * as bugs from './bugs.ts'
import { quick, type Scenario } from './scenarios.ts'
import { explore } from './search.ts'
import type { Bug } from './store.ts'

/** Each is clean without its bug: `explorer.test.ts` walks the same scenarios. */
const seeded: readonly {
  readonly bug: string
  readonly as: Bug
  readonly in: Scenario
  readonly breaks: string
}[] = [
  {
    bug: 'a completion without its owner',
    as: bugs.completesForAnyone,
    in: quick.copies,
    breaks: 'charge is done after its result was stored',
  },
  {
    bug: 'a release without its owner',
    as: bugs.releasesForAnyone,
    in: quick.retry,
    breaks: 'hold the key at once',
  },
  {
    bug: 'a refusal that does not show the own claim',
    as: bugs.hidesOwnClaim,
    in: quick.conflicts,
    breaks: 'a claim is left behind, and blocks its key',
  },
  {
    bug: 'an expiry before the end of the lease',
    as: bugs.expiresEarly,
    in: quick.commits,
    breaks: 'hold the key at once',
  },
  {
    bug: 'a release that deletes',
    as: bugs.deletesOnRelease,
    in: quick.callers,
    breaks: 'attempt 1 comes again',
  },
  {
    bug: 'a commit on a claim that was released',
    as: bugs.commitsWithoutLease,
    in: quick.commits,
    breaks: 'a completed result is replaced',
  },
  {
    bug: 'a takeover of what was not seen',
    as: bugs.takesOverUnseen,
    in: quick.callers,
    breaks: 'attempt 2 comes again',
  },
  {
    bug: 'a replacement of what was not seen',
    as: bugs.replacesUnseen,
    in: quick.commits,
    breaks: 'a completed result is replaced',
  },
  {
    bug: 'steps that outlive expiry',
    as: bugs.keepsStepsOnReplace,
    in: quick.expiry,
    breaks: 'steps outlive the record',
  },
  {
    bug: 'a refused completion that is told as written',
    as: bugs.boastsOfCompletion,
    in: quick.callers,
    breaks: 'is not what is stored',
  },
  {
    bug: 'a claim that forgets its onCrash',
    as: bugs.forgetsCrashMode,
    in: quick.refusal,
    breaks: 'charge is done again, against onCrash',
  },
]

describe('the explorer', () => {
  it.each(seeded)('finds $bug', { timeout: 120_000 }, async ({ bug, as, in: scenario, breaks }) => {
    const { violation, states } = await explore(scenario, as)
    const trace = violation?.trace ?? []
    console.info([`${bug}: ${violation?.defect} (${states} states)`, ...trace].join('\n  '))
    expect(violation?.defect ?? 'nothing').toContain(breaks)
  })
})
