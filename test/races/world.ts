import type { Outcome } from '../../packages/oncekey/src/core/outcome.ts'
import type { IdempotencyRecord } from '../../packages/oncekey/src/core/record.ts'
import { createAftermath } from './aftermath.ts'
import { createAutomaton, type Moment } from './automaton.ts'
import { type Client, type Input, LAPSE_MS, LONG_MS, RECORD_ID } from './caller.ts'
import type { Interned } from './interner.ts'
import { afterDeletion, afterEffect, afterWrite } from './invariants.ts'
import { createMoves, missing } from './moves.ts'
import { type Call, isClaim, type Reply } from './packets.ts'
import type { State, Trouble } from './state.ts'
import { type Bug, createApply } from './store.ts'

/** One event, and what it leads to. */
interface Step {
  readonly label: string
  readonly state: State
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

const START_MS = 1_800_000_000_000
const NAMES = 'ABCDEFGH'

/** `hear` is told of every outcome. */
export function createWorld(
  clients: readonly Client[],
  trouble: Trouble,
  bug: Bug,
  hear: (outcome: Outcome) => void,
): World {
  const automaton = createAutomaton()
  const apply = createApply(RECORD_ID, bug)
  const { first, tell, spend, moveTo, put, settle, crash, excuse } = createMoves(hear)
  const aftermath = createAftermath(clients, automaton, apply)
  /** A sleep may last longer than asked. Where nobody waits for another's result, it need not last at all. */
  const sleepMs = clients.some(({ waitMs }) => waitMs > 0) ? LONG_MS : 0

  const resume = async (state: State, at: number, told: Input['told']): Promise<State> => {
    const { moment, client } = state.requests[at] ?? missing(at)
    return settle(state, at, client, await automaton.tell(moment, { nowMs: state.nowMs, told }))
  }

  const land = async (state: State, call: Interned<Call>): Promise<{ state: State; reply: Reply }> => {
    const { after, reply } = await apply(state.record, call)
    const answered = { ...reply, nowMs: state.nowMs }
    if (state.record?.id === after?.id) return { state, reply: answered }
    const moved = { before: state.record?.value, after: after?.value, call: call.value, nowMs: state.nowMs }
    const { story, defect } = afterWrite(state.story.value, moved)
    return { state: tell({ ...state, record: after }, story, defect), reply: answered }
  }

  const work = (state: State, at: number, { output, request }: Moment): Promise<State> => {
    if (output.kind !== 'work' || output.effect === undefined) return resume(state, at, 'return')
    const leaseUntilMs = output.lease?.leaseUntilMs ?? 0
    const { fingerprint, onCrash } = request
    const effect = { name: output.effect, fingerprint, leaseUntilMs, onCrash }
    const mayBeUnsaved = state.left.faults < trouble.faults && output.effect === 'reserve'
    const record = state.record?.value
    const { story, defect } = afterEffect(state.story.value, effect, state.nowMs, record, mayBeUnsaved)
    return resume(tell(state, story, defect), at, 'return')
  }

  /** What may become of a call on its way to the store and back. */
  const ofCall = async (state: State, at: number, call: Interned<Call>): Promise<Step[]> => {
    const { left } = state
    const { op } = call.value
    const landed = await land(state, call)
    const sends = `sends ${op}`
    const answered = `${sends}: ${landed.reply.kind}${describe(landed.reply.record?.value)}`
    const steps = [{ label: answered, state: await resume(landed.state, at, landed.reply) }]
    if (left.crashes > 0) steps.push({ label: `${answered}, crashes`, state: crash(landed.state, at) })
    if (left.faults === 0) return steps

    const underway = state.requests[at] ?? missing(at)
    const lose = async (label: string, from: State): Promise<void> => {
      const isLast = op === 'release' || op === 'complete'
      const lost = isLast ? excuse(spend(from, 'faults'), underway.moment) : spend(from, 'faults')
      const waiting = put(lost, at, { ...underway, reply: 'never' })
      steps.push({ label, state: await resume(lost, at, 'no reply') })
      steps.push({ label: `${label}, waits for long`, state: waiting })
    }
    await lose(`${sends}: lost`, state)
    await lose(`${answered}, the reply is lost`, landed.state)
    if (isClaim(call.value)) {
      const busy = { kind: 'busy', record: undefined, nowMs: state.nowMs } as const
      steps.push({ label: `${sends}: busy`, state: await resume(spend(state, 'faults'), at, busy) })
    }
    if (left.lapses > 0) {
      const late = put(spend(landed.state, 'faults'), at, { ...underway, reply: landed.reply })
      steps.push({ label: `${answered}, the reply is late`, state: late })
    }
    return steps
  }

  /** What may come next for a request. */
  const ofRequest = async (state: State, at: number): Promise<Step[]> => {
    const { moment, reply, sinceMs } = state.requests[at] ?? missing(at)
    const { output, call } = moment
    const { left } = state
    if (reply === 'never') {
      const later = moveTo(state, sinceMs + LONG_MS)
      return [{ label: 'hears nothing', state: await resume(later, at, 'no reply') }]
    }
    if (reply !== 'none yet') {
      // Before time has passed it is as if the reply had not been late: it touches nobody else.
      if (state.nowMs === reply.nowMs) return []
      return [{ label: 'gets its late reply', state: await resume(state, at, reply) }]
    }
    const steps: Step[] = []
    if (output.kind === 'sleep') {
      steps.push({ label: 'wakes', state: await resume(moveTo(state, sinceMs + sleepMs), at, 'woken') })
    }
    if (output.kind === 'work') {
      const label = output.effect === undefined ? 'goes on' : `does its ${output.effect}`
      steps.push({ label, state: await work(state, at, moment) })
      if (left.throws > 0) {
        steps.push({ label: 'throws', state: await resume(spend(state, 'throws'), at, 'throw') })
      }
    }
    if (left.crashes > 0) steps.push({ label: 'crashes', state: crash(state, at) })
    return call === undefined ? steps : [...steps, ...(await ofCall(state, at, call))]
  }

  const ofClients = async (state: State): Promise<Step[]> => {
    const steps: Step[] = []
    for (const number of state.isOpen ? new Set(state.waiting) : []) {
      const name = NAMES.charAt(state.sent)
      const moment = await automaton.start(clients[number] ?? missing(number), name, state.nowMs)
      const waiting = state.waiting.toSpliced(state.waiting.indexOf(number), 1)
      const sent = { ...state, waiting, sent: state.sent + 1 }
      steps.push({ label: `${name} is sent`, state: settle(sent, state.requests.length, number, moment) })
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
    if (record !== undefined && nowMs >= record.value.expiresAtMs) {
      const gone = tell({ ...state, record: undefined }, afterDeletion(state.story.value))
      steps.push({ label: 'the expired record is deleted', state: gone })
    }
    for (const { call, from } of left.copies > 0 ? state.packets : []) {
      const landed = (await land(state, call)).state
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
        for (const step of await ofRequest(state, at)) {
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

function describe(record: IdempotencyRecord | undefined): string {
  if (record === undefined) return ''
  const { owner, attempt, status, leaseUntilMs } = record
  return ` (${status === 'in-flight' && leaseUntilMs === 0 ? 'released' : status}, ${owner}, attempt ${attempt})`
}
