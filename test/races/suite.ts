import { afterAll, describe, expect, it } from 'vitest'
import type { Outcome } from '../../packages/oncekey/src/core/outcome.ts'
import type { Scenario } from './scenarios.ts'
import { explore, type Report } from './search.ts'

/** Every way in which a request of one of these scenarios can end. */
const OUTCOMES: readonly Outcome[] = [
  'completion-failed',
  'executed',
  'in-flight',
  'mismatch',
  'outcome-unknown',
  'released',
  'replayed',
  'store-unavailable',
  'superseded',
]

/** Explores each scenario, and prints how far that went. */
export function describeRaces(scenarios: readonly Scenario[], timeoutMs: number): void {
  const reports = new Map<string, Report>()

  describe('whatever the order of events', () => {
    it.each(scenarios)('every promise is kept: $name', { timeout: timeoutMs }, async (scenario) => {
      const report = await explore(scenario)
      reports.set(scenario.name, report)
      expect(report.violation).toBeUndefined()
      expect(report.schedules).toBeGreaterThan(0)
    })

    it('every way in which a request can end was come to', () => {
      const outcomes = new Set([...reports.values()].flatMap((report) => [...report.outcomes]))
      expect([...outcomes].sort()).toEqual(OUTCOMES)
    })
  })

  afterAll(() => {
    const rows = [...reports].map(([name, { schedules, states, transitions, runs }]) => {
      const figures = [schedules, transitions, states, runs].map((figure) => figure.toLocaleString('en'))
      return [...figures.map((figure) => figure.padStart(12)), ` ${name}`].join(' ')
    })
    const total = [...reports.values()].reduce((sum, { schedules }) => sum + schedules, 0)
    const head = ['schedules', 'events', 'states', 'real runs'].map((title) => title.padStart(12)).join(' ')
    console.info([head, ...rows, `${total.toLocaleString('en')} schedules explored`].join('\n'))
  })
}
