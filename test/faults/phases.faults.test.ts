import { afterAll, describe, expect, test } from 'vitest'
import { FAULTS } from '../support/fault-proxy.ts'
import { type FrontDoor, frontDoors } from '../support/front-doors.ts'
import type { Work } from '../support/middies.ts'
import { printTable } from '../support/print-table.ts'
import { startTrial } from '../support/trial.ts'
import { type Fault, type PhaseCase, phaseCases, type Sequel } from './phases.ts'

/** Enough for a few tries of 400 ms, and soon over where a fault lasts. */
const REMAINING_MS = 4_000

const faults = Object.keys(FAULTS) as Fault[]
const results = new Map<string, string>()

afterAll(() => printTable(rows()))

describe.each(phaseCases)('a fault at: $phase', (phaseCase) => {
  describe.each(frontDoors)('through $door', (door) => {
    for (const fault of faults) {
      for (const often of ['once', 'lasting'] as const) {
        test.concurrent(`${fault}, ${often}`, { timeout: 60_000 }, async () => {
          const expected = phaseCase.expected(fault, often === 'lasting')
          const observed = await observe(phaseCase, door, fault, often === 'once' ? 1 : undefined)
          results.set(
            [phaseCase.phase, fault, often, door.door].join(),
            inWords(observed) === inWords(expected) ? 'as expected' : inWords(observed),
          )
          expect(observed).toEqual(expected)
        })
      }
    }
  })
})

async function observe(phaseCase: PhaseCase, door: FrontDoor, fault: Fault, times?: number): Promise<Sequel> {
  await using trial = await startTrial()
  const { proxy } = trial
  let runs = 0
  let effects = 0
  const effect = (): void => {
    effects += 1
  }
  const work: Work = (_event, context) => {
    runs += 1
    return phaseCase.work(runs, context, effect, trial)
  }
  const call = (): Promise<{ readonly text: string }> =>
    trial.sandbox(work, { door, ...phaseCase.options })({ remainingMs: REMAINING_MS })

  for (let n = 0; n < phaseCase.calmCalls; n += 1) await call()
  const calmRuns = runs
  proxy.inject(phaseCase.phase, fault, times)
  const first = await call()
  const record = await trial.state()
  proxy.heal()
  await proxy.deliverHeld()
  const retry = await call()
  if ((await trial.state()) === 'in-flight') await trial.lapseLease()
  const later = await call()

  effects += Number((await trial.item('wallet'))?.moves ?? 0)
  return {
    first: first.text,
    record,
    retry: retry.text,
    later: later.text,
    runs: runs - calmRuns,
    ...(effects > 0 && { effects }),
  }
}

function rows(): Record<string, string>[] {
  return phaseCases.flatMap(({ phase, expected }) =>
    faults.flatMap((fault) =>
      (['once', 'lasting'] as const).map((often) => ({
        phase,
        fault,
        often,
        expected: inWords(expected(fault, often === 'lasting')),
        ...Object.fromEntries(
          frontDoors.map(({ door }) => [door, results.get([phase, fault, often, door].join()) ?? '']),
        ),
      })),
    ),
  )
}

function inWords({ first, record, retry, later, runs, effects }: Sequel): string {
  const effect = effects === undefined ? '' : `, effect ${effects}×`
  return `${first} (record ${record}), retry ${retry}, later ${later}; ran ${runs}×${effect}`
}
