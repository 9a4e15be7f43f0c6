import type { Attempt } from './attempt/attempt.ts'
import { parseRecalled } from './attempt/recall.ts'
import type { Ended, Run } from './attempt/run.ts'
import type { Timing } from './attempt/timing.ts'
import { isEarlyTimeout } from './early-timeout.ts'
import type { Exchange } from './events/exchange.ts'
import type { GuardSettings } from './guarded-request.ts'
import { InFlightError, LeaseLostError } from './protocol/errors.ts'
import type { Kept } from './protocol/intent.ts'
import type { Report } from './report.ts'

/** A handler's run under its claim. Exactly one of `returned`, `threw` and `didNotRun` is called. */
export interface GuardedRun {
  readonly attempt: Attempt
  /** Moves the end of the lease to one full term from now. False once the lease is lost. */
  renew(): Promise<boolean>
  /** The answer to give for what the handler returned, a promise of it included. Throws where the answer is an error. */
  returned(result: unknown): Promise<unknown>
  /** The answer to give though the handler threw, or was cut off; else throws the handler's own error. */
  threw(error: unknown): Promise<unknown>
  /** The handler was never called: the claim is released. */
  didNotRun(): Promise<void>
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
    const recalled = ended.kind === 'stored' ? ended.recalled : undefined
    if (recalled?.kind === 'value') (await cache)?.set(intent, recalled.json, expiresAtMs)
    return ended
  }

  /** What the caller gets once the run has ended. `own` is the handler's own answer, or throws its error. */
  const conclude = (ended: Ended, own: () => unknown, handlerError?: unknown): unknown => {
    switch (ended.kind) {
      case 'stored':
        report.tell('executed', { ...facts, error: ended.error })
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

  const threw: GuardedRun['threw'] = async (error) => {
    const own = (): never => {
      throw error
    }
    if (!isEarlyTimeout(error))
      return conclude(await end(keptOf(() => exchange.keepError(error))), own, error)
    report.tell('completion-failed', { ...facts, error })
    return own()
  }

  return {
    attempt: run.attempt,
    renew: run.renew,
    threw,
    async returned(given) {
      let result: unknown
      try {
        // Middy 7 hands on as it is what can be awaited but is no native promise.
        result = await given
      } catch (error) {
        return threw(error)
      }
      const ending = end(keptOf(() => exchange.keep(result)))
      // Made before it is waited for: meanwhile, another invocation may write to the same object.
      const own = madeNow(() => exchange.answer(result))
      return conclude(await ending, own)
    },
    async didNotRun() {
      await run.release()
      report.tell('released', facts)
    },
  }
}

/** Gives later what `make` gives now, or throws what it throws. */
function madeNow(make: () => unknown): () => unknown {
  try {
    const made = make()
    return () => made
  } catch (error) {
    return () => {
      throw error
    }
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
