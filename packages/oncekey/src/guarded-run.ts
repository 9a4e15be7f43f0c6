import type { Attempt } from './attempt/attempt.ts'
import { parseRecalled } from './attempt/recall.ts'
import type { Ended, Run } from './attempt/run.ts'
import type { Timing } from './attempt/timing.ts'
import type { Exchange } from './events/exchange.ts'
import type { GuardSettings } from './guard.ts'
import { InFlightError, LeaseLostError } from './protocol/errors.ts'
import type { Kept } from './protocol/intent.ts'
import type { Report } from './report.ts'

/** A handler's run under its claim. Exactly one of `returned`, `threw`, `didNotRun` and `wasCutOff` is called. */
export interface GuardedRun {
  readonly attempt: Attempt
  /** Moves the end of the lease to one full term from now. False once the lease is lost. */
  renew(): Promise<boolean>
  /** The answer to give for what the handler returned. Throws where the answer is an error. */
  returned(result: unknown): Promise<unknown>
  /** The answer to give though the handler threw; else throws the handler's own error. */
  threw(error: unknown): Promise<unknown>
  /** The handler was never called: the claim is released. */
  didNotRun(): Promise<void>
  /** The handler still runs but nobody waits for it: the claim is neither completed nor freed. */
  wasCutOff(error: unknown): void
}

export function createGuardedRun(
  { retentionMs, cache }: GuardSettings,
  exchange: Exchange,
  timing: Timing,
  report: Report,
  run: Run,
): GuardedRun {
  const { intent } = exchange
  const facts = { attempt: run.attempt.number, isTakeover: run.isTakeover }

  const end = async (kept: Kept | undefined): Promise<Ended> => {
    if (kept === undefined) return run.release()
    const expiresAtMs = timing.storeNowMs() + (kept.retentionMs ?? retentionMs)
    const ended = await run.complete(kept)
    const text = cache && ended.kind === 'stored' && 'value' in kept ? asJson(kept.value) : undefined
    if (text !== undefined) (await cache)?.set(intent, text.json, expiresAtMs)
    return ended
  }

  /** What the caller gets once the run has ended. `own` is the handler's own answer, or throws its error. */
  const conclude = (ended: Ended, own: () => unknown, handlerError?: unknown): unknown => {
    switch (ended.kind) {
      case 'stored':
        report.tell('executed', facts)
        return own()
      case 'released':
        report.tell('released', { ...facts, error: handlerError })
        return own()
      case 'committed':
        report.tell('executed', facts)
        return exchange.answer(ended.result)
      case 'own':
        if (ended.recalled.kind === 'unavailable') return report.replay(ended.recalled, 'superseded', facts)
        report.tell('executed', facts)
        return exchange.answer(parseRecalled(ended.recalled.json))
      case 'superseded':
        return report.replay(ended.recalled, 'superseded', { ...facts, error: handlerError })
      case 'in-flight': {
        // The successor's answer will be the one that is kept: this run's own would contradict it.
        const error = new InFlightError(intent.key, ended.leaseLeftMs, { cause: handlerError })
        if (run.isProtected) return report.refuse('in-flight', error, facts)
        report.tell('store-unavailable', { ...facts, error })
        return own()
      }
      case 'failed': {
        const { error } = ended
        if (!run.isProtected) report.tell('store-unavailable', { ...facts, error })
        else if (error instanceof LeaseLostError && handlerError === undefined) {
          return report.refuse('completion-failed', error, facts)
        } else report.tell('completion-failed', { ...facts, error })
        return own()
      }
    }
  }

  return {
    attempt: run.attempt,
    renew: run.renew,
    returned: async (result) =>
      conclude(await end(keptOf(() => exchange.keep(result))), () => exchange.answer(result)),
    threw: async (error) => {
      const rethrow = (): never => {
        throw error
      }
      return conclude(await end(keptOf(() => exchange.keepError(error))), rethrow, error)
    },
    async didNotRun() {
      await run.release()
      report.tell('released', facts)
    },
    wasCutOff: (error) => report.tell('completion-failed', { ...facts, error }),
  }
}

/** The work is done: a rule about its result that fails must not make it run again. */
function keptOf(keep: () => Kept | undefined): Kept | undefined {
  try {
    return keep()
  } catch (error) {
    return {
      unavailable: `the rule for storing it threw (${error instanceof Error ? error.name : 'thrown'})`,
    }
  }
}

/** `undefined` if it is not JSON: the table has no such result either. */
function asJson(value: unknown): { readonly json: string | undefined } | undefined {
  try {
    return { json: JSON.stringify(value) }
  } catch {
    return undefined
  }
}
