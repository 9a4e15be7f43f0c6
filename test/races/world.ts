import type { Outcome } from '../../packages/oncekey/src/core/outcome.ts'
import { createAftermath } from './aftermath.ts'
import { createAutomaton } from './automaton.ts'
import type { SettingsBug } from './caller.ts'
import { type Client, LAPSE_MS, LONG_MS, RECORD_ID } from './clients.ts'
import { afterDeletion } from './invariants.ts'
import { createMoves, missing } from './moves.ts'
import { createRequests } from './requests.ts'
import type { State, Step, Trouble } from './state.ts'
import { createApply, type StoreBug } from './store.ts'
import { isHeldUp, nextTurnMs } from './time.ts'

/** What is broken on purpose. */
export interface Bug {
  readonly store?: StoreBug
  readonly settings?: SettingsBug
}

export interface World {
  readonly first: State
  /** Every event that can come next. */
  next(state: State): Promise<Step[]>
  /** What is wrong once every request is answered. */
  aftermath(state: State): Promise<string | undefined>
  /** How often the real code was run. */
  runs(): number
}

/** Late in a second, when the store's time is the most rounded down. */
const START_MS = 1_800_000_000_950
const NAMES = 'ABCDEFGH'

/** `hear` is told of every outcome. */
export function createWorld(
  clients: readonly Client[],
  trouble: Trouble,
  { store: storeBug = (store) => store, settings: settingsBug = (settings) => settings }: Bug,
  hear: (outcome: Outcome) => void,
): World {
  const automaton = createAutomaton(settingsBug)
  const apply = createApply(RECORD_ID, storeBug)
  const moves = createMoves(hear)
  const { first, tell, spend, moveTo, put, settle, excuse } = moves
  const aftermath = createAftermath(clients, automaton, apply)
  /** A sleep may last longer than asked. Where nobody waits for another's result, it need not last at all. */
  const sleepMs = Math.min(LONG_MS, Math.max(...clients.map(({ waitMs }) => waitMs)))
  const requests = createRequests(automaton, apply, moves, trouble, sleepMs)

  const ofClients = async (state: State): Promise<Step[]> => {
    const steps: Step[] = []
    for (const number of state.isOpen ? new Set(state.waiting) : []) {
      const name = NAMES.charAt(state.sent)
      const moment = await automaton.start(clients[number] ?? missing(number), name, state.nowMs)
      const waiting = state.waiting.toSpliced(state.waiting.indexOf(number), 1)
      const sent = { ...state, waiting, sent: state.sent + 1 }
      steps.push({
        label: `${name} is sent`,
        state: settle(sent, state.requests.length, number, moment, 'main'),
      })
    }
    return steps
  }

  /** The far Region is cut off, when a call may just have landed there. */
  const cutOff = async (state: State): Promise<Step[]> => {
    const cut = (from: State): State =>
      from.requests
        .filter(({ moment }) => moment.request.isFar)
        .reduce((after, { moment }) => excuse(after, moment), spend(from, 'cuts'))
    const steps = [{ label: 'the far Region is cut off', state: cut(state) }]
    for (const [at, underway] of state.requests.entries()) {
      const call = underway.moment.calls.main
      if (call === undefined || !underway.moment.request.isFar) continue
      const landed = (await requests.land(state, call)).state
      const silent = put(landed, at, { ...underway, main: { ...underway.main, reply: 'never' } })
      const label = `the far Region is cut off, after ${underway.moment.request.name}'s ${call.value.op} landed`
      steps.push({ label, state: cut(silent) })
    }
    return steps
  }

  /** What may come next by itself. */
  const ofNature = async (state: State): Promise<Step[]> => {
    const { record, left, nowMs } = state
    const steps: Step[] = []
    if (left.lapses > 0 && (record !== undefined || state.requests.length > 0)) {
      steps.push({ label: 'leases lapse', state: moveTo(spend(state, 'lapses'), nowMs + LAPSE_MS) })
    }
    const turnMs = nextTurnMs(state)
    const isFree = isHeldUp(state)
    if (turnMs !== undefined && (left.turns > 0 || isFree)) {
      const turned = moveTo(isFree ? state : spend(state, 'turns'), turnMs)
      steps.push({ label: 'time passes', state: turned })
    }
    if (left.cuts > 0) steps.push(...(await cutOff(state)))
    if (record !== undefined && nowMs >= record.value.expiresAtMs) {
      const gone = tell({ ...state, record: undefined }, afterDeletion(state.story.value))
      steps.push({ label: 'the expired record is deleted', state: gone })
    }
    for (const { call, from } of left.copies > 0 ? state.packets : []) {
      const landed = (await requests.land(state, call)).state
      // A copy that finds nothing to change is as good as none.
      if (landed.record?.id === record?.id) continue
      steps.push({ label: `a late copy of ${from}'s ${call.value.op} lands`, state: spend(landed, 'copies') })
    }
    return steps
  }

  return {
    first: first(
      clients.map((client) => clients.indexOf(client)),
      trouble,
      START_MS,
    ),
    async next(state) {
      const steps = await ofNature(state)
      for (const [at, { moment }] of state.requests.entries()) {
        for (const step of await requests.next(state, at)) {
          steps.push({ label: `${moment.request.name} ${step.label}`, state: step.state })
        }
      }
      const closed = steps.map((step) => {
        const isOpen = step.state.waiting.length > state.waiting.length || step.state.nowMs > state.nowMs
        return step.state.isOpen === isOpen ? step : { ...step, state: { ...step.state, isOpen } }
      })
      return [...(await ofClients(state)), ...closed]
    },
    aftermath: (state) => aftermath(state, trouble.copies),
    runs: automaton.runs,
  }
}
