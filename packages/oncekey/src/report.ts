import { parseRecalled, type Recalled } from './attempt/recall.ts'
import type { GuardedRequest, GuardSettings } from './guarded-request.ts'
import { type Outcome, type OutcomeEvent, tellOutcome } from './outcome.ts'
import { type OncekeyError, ResultUnavailableError } from './protocol/errors.ts'
import { warnOnce } from './warn.ts'

type Facts = Pick<OutcomeEvent, 'attempt' | 'isTakeover' | 'error'>

/** Says how one request ended: to its caller, and to whoever listens for outcomes. */
export interface Report {
  tell(outcome: Outcome, facts?: Facts): void
  /** Answers with a stored result, or says that it could not be kept. */
  replay(recalled: Recalled, outcome: 'replayed' | 'superseded', facts?: Facts): Promise<unknown>
  /** Answers with the error, in the way that the event's source takes it. */
  refuse(outcome: Outcome, error: OncekeyError, facts?: Facts): unknown
}

export function createReport(settings: GuardSettings, request: GuardedRequest): Report {
  const { clock, onReplay, onOutcome } = settings
  const { exchange, event, service, beganAtMs } = request
  const { id, key } = exchange.intent

  const tell: Report['tell'] = (outcome, facts) =>
    tellOutcome({ outcome, service, key, id, durationMs: clock.nowMs() - beganAtMs, ...facts }, onOutcome)

  const refuse: Report['refuse'] = (outcome, error, facts) => {
    tell(outcome, { ...facts, error })
    return exchange.refuse(error)
  }

  return {
    tell,
    refuse,
    async replay(recalled, outcome, facts) {
      if (recalled.kind === 'unavailable') {
        const error = new ResultUnavailableError(key, recalled.reason, recalled.status)
        return refuse('replay-unavailable', error, facts)
      }
      tell(outcome, facts)
      const fresh = (): unknown => exchange.replay(parseRecalled(recalled.json))
      if (onReplay === undefined) return fresh()
      try {
        return await onReplay(fresh(), event)
      } catch (error) {
        warnOnce(
          'ONCEKEY_ON_REPLAY',
          `onReplay threw, and the stored answer was given as it is: ${String(error)}`,
        )
        return fresh()
      }
    },
  }
}
