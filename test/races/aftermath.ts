import type { Automaton } from './automaton.ts'
import type { Client } from './clients.ts'
import { missing } from './moves.ts'
import type { State } from './state.ts'
import type { Apply } from './store.ts'

/**
 * Once every request is answered: the promise that is broken all the same, if one is. Nobody's claim is left behind
 * without need; and when nothing goes wrong any more and the last lease has lapsed, one more request gets what it must.
 */
export function createAftermath(
  clients: readonly Client[],
  automaton: Automaton,
  apply: Apply,
): (state: State, copies: number) => Promise<string | undefined> {
  const probe = async (record: State['record'], nowMs: number): Promise<string> => {
    const isAsked = ({ fingerprint }: Client): boolean => fingerprint === record?.value.fingerprint
    let moment = await automaton.start(clients.find(isAsked) ?? clients[0] ?? missing(0), 'Z', nowMs)
    let held = record
    for (;;) {
      const { main } = moment.output
      if (main.kind === 'answer') return main.outcomes.join()
      const effect = moment.calls.main && (await apply(held, moment.calls.main))
      const told = effect === undefined ? 'return' : { ...effect.reply, nowMs }
      moment = await automaton.tell(moment, { nowMs, to: 'main', told })
      held = effect === undefined ? held : effect.after
    }
  }

  return async ({ record, nowMs, story, left }, copies) => {
    const leaseUntilMs = record?.value.leaseUntilMs ?? 0
    const mayStand = story.value.isExcused || left.copies < copies
    if (leaseUntilMs > nowMs && !mayStand) return 'a claim is left behind, and blocks its key'
    // The store's time may come in whole seconds.
    const atMs = Math.ceil(Math.max(nowMs, leaseUntilMs) / 1000) * 1000
    const isAlive = record !== undefined && atMs < record.value.expiresAtMs
    const isUnknown = leaseUntilMs > 0 && record?.value.onCrash === 'refuse'
    const kept =
      record?.value.status === 'completed' ? 'replayed' : isUnknown ? 'outcome-unknown' : 'executed'
    const expected = isAlive ? kept : 'executed'
    const outcome = await probe(record, atMs)
    return outcome === expected ? undefined : `the next request ends as ${outcome}, not as ${expected}`
  }
}
