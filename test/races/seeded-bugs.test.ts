import { describe, expect, it } from 'vitest'
import * as bugs from './bugs.ts'
import { quick, type Scenario } from './scenarios.ts'
import { explore } from './search.ts'
import type { Bug } from './world.ts'

/** Each is clean without its bug: `explorer.test.ts` walks the same scenarios. */
const seeded: readonly {
  readonly bug: string
  readonly as: Bug
  readonly in: Scenario
  readonly breaks: string
}[] = [
  {
    bug: 'a completion without its owner',
    as: { store: bugs.completesForAnyone },
    in: quick.copies,
    breaks: 'charge is done after its result was stored',
  },
  {
    bug: 'a release without its owner',
    as: { store: bugs.releasesForAnyone },
    in: quick.retry,
    breaks: 'hold the key at once',
  },
  {
    bug: 'a refusal that does not show the own claim',
    as: { store: bugs.hidesOwnClaim },
    in: quick.conflicts,
    breaks: 'a claim is left behind, and blocks its key',
  },
  {
    bug: 'an expiry before the end of the lease',
    as: { store: bugs.expiresEarly },
    in: quick.outlasting,
    breaks: 'hold the key at once',
  },
  {
    bug: 'a release that deletes',
    as: { store: bugs.deletesOnRelease },
    in: quick.callers,
    breaks: 'attempt 1 comes again',
  },
  {
    bug: 'a commit on a claim that was released',
    as: { store: bugs.commitsWithoutLease },
    in: quick.commits,
    breaks: 'a completed result is replaced',
  },
  {
    bug: 'a takeover of what was not seen',
    as: { store: bugs.takesOverUnseen },
    in: quick.callers,
    breaks: 'attempt 2 comes again',
  },
  {
    bug: 'a replacement of what was not seen',
    as: { store: bugs.replacesUnseen },
    in: quick.commits,
    breaks: 'attempt 2 comes again',
  },
  {
    bug: 'steps that outlive expiry',
    as: { store: bugs.keepsStepsOnReplace },
    in: quick.expiry,
    breaks: 'steps outlive the record',
  },
  {
    bug: 'a refused completion that is told as written',
    as: { store: bugs.boastsOfCompletion },
    in: quick.callers,
    breaks: 'is not what is stored',
  },
  {
    bug: 'a claim that forgets its onCrash',
    as: { store: bugs.forgetsCrashMode },
    in: quick.refusal,
    breaks: 'charge is done again, against onCrash',
  },
  {
    bug: 'a renewal that is told as written',
    as: { store: bugs.boastsOfRenewal },
    in: quick.outlasting,
    breaks: 'charge is done again, though no lease lapsed',
  },
  {
    bug: 'a replica that accepts a conflicting write',
    as: { store: bugs.acceptsConflict },
    in: quick.regions,
    breaks: 'attempt 1 comes again',
  },
  {
    bug: 'a renewal that is never sent (P1)',
    as: { settings: bugs.neverRenews },
    in: quick.outlasting,
    breaks: 'is taken over, though its run goes on',
  },
  {
    bug: 'a claim in doubt that is kept after a final error (P3)',
    as: { settings: bugs.keepsClaimInDoubt },
    in: quick.finals,
    breaks: 'a claim is left behind, and blocks its key',
  },
  {
    bug: 'a last read that is ignored (P4, P5)',
    as: { settings: bugs.overlooksResult },
    in: quick.unprotected,
    breaks: 'it runs although its last read shows a result',
  },
  {
    bug: 'a lease without a margin (P6)',
    as: { settings: bugs.storesNoMargin },
    in: quick.closeClocks,
    breaks: 'hold the key at once',
  },
  {
    bug: 'a run that begins at the last minute (P7)',
    as: { settings: bugs.beginsAtLastMinute },
    in: quick.lastMinute,
    breaks: 'it begins 500 ms before its deadline',
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
