import type { Entry } from './journal.ts'

/** What the journal and the kills say of all keys together. */
export interface Account {
  readonly keys: number
  readonly runs: number
  /** Those that hit no run are among them: they hit a claim, or a repeat. */
  readonly kills: number
  readonly 'killed before the effect': number
  readonly 'killed between effect and completion': number
  readonly 'killed after completion': number
  readonly 'effects beyond one per key': number
  /** Runs that another one followed although nothing had killed them. */
  readonly 'runs repeated without a kill': number
}

interface Run {
  readonly key: string
  readonly run: string
  readonly pid: number
  readonly hasEffect: boolean
}

/**
 * @param answers the run whose answer each key's clients got.
 * @param kills the processes that were killed, and the key that each then worked for.
 */
export function takeAccount(
  journal: readonly Entry[],
  answers: ReadonlyMap<string, string>,
  kills: ReadonlyMap<number, string>,
): Account {
  const runs = journal
    .filter(({ moment }) => moment === 'began')
    .map(({ key, run, pid }): Run => {
      const hasEffect = journal.some((entry) => entry.run === run && entry.moment === 'effect')
      return { key, run, pid, hasEffect }
    })
  const wasAnswered = ({ key, run }: Run): boolean => answers.get(key) === run
  const wasKilled = ({ key, run, pid }: Run): boolean =>
    kills.get(pid) === key && runs.findLast((other) => other.pid === pid)?.run === run
  const killed = runs.filter(wasKilled)
  const withEffect = runs.filter(({ hasEffect }) => hasEffect)
  return {
    keys: new Set(runs.map(({ key }) => key)).size,
    runs: runs.length,
    kills: kills.size,
    'killed before the effect': killed.filter(({ hasEffect }) => !hasEffect).length,
    'killed between effect and completion': killed.filter((run) => run.hasEffect && !wasAnswered(run)).length,
    'killed after completion': killed.filter(wasAnswered).length,
    'effects beyond one per key': withEffect.length - new Set(withEffect.map(({ key }) => key)).size,
    'runs repeated without a kill': runs.filter((run) => !wasAnswered(run) && !wasKilled(run)).length,
  }
}
