import type { IdempotencyRecord } from '../../packages/oncekey/src/core/record.ts'
import type { Automaton } from './automaton.ts'
import type { Input, Pending, Task } from './caller.ts'
import type { Interned } from './interner.ts'
import { afterEffect, afterWrite, ofTakeover } from './invariants.ts'
import { type Moves, missing } from './moves.ts'
import { type Call, isClaim, type Reply } from './packets.ts'
import type { State, Step, Trouble } from './state.ts'
import type { Apply } from './store.ts'
import { noneLateUntilMs, silentUntilMs } from './time.ts'

/** What may happen to the requests in progress. */
export interface Requests {
  /** Every event that can come next for a request. */
  next(state: State, at: number): Promise<Step[]>
  /** A call reaches the store. */
  land(state: State, call: Interned<Call>): Promise<{ readonly state: State; readonly reply: Reply }>
}

/** `sleepMs` is how long a request sleeps between two reads. */
export function createRequests(
  automaton: Automaton,
  apply: Apply,
  { tell, spend, moveTo, put, settle, crash, end, excuse }: Moves,
  trouble: Trouble,
  sleepMs: number,
): Requests {
  const isCut = ({ left }: State): boolean => left.cuts < trouble.cuts

  /** Whether nothing has happened that could keep a renewal from the store. */
  const isCalm = (state: State): boolean =>
    state.left.lapses === trouble.lapses &&
    state.left.finals === trouble.finals &&
    trouble.faults - state.left.faults <= 1 &&
    !isCut(state)

  const resume = async (state: State, at: number, to: Input['to'], told: Input['told']): Promise<State> => {
    const { moment, client } = state.requests[at] ?? missing(at)
    const next = await automaton.tell(moment, { nowMs: state.nowMs, to, told })
    return settle(state, at, client, next, to)
  }

  const land: Requests['land'] = async (state, call) => {
    const { after, reply } = await apply(state.record, call)
    const { nowMs, record, story, requests } = state
    const answered = { ...reply, nowMs }
    if (record?.id === after?.id) return { state, reply: answered }
    const moved = { before: record?.value, after: after?.value, call: call.value, nowMs }
    const verdict = afterWrite(story.value, moved)
    const defect = verdict.defect ?? (isCalm(state) ? ofTakeover(moved, requests) : undefined)
    return { state: tell({ ...state, record: after }, verdict.story, defect), reply: answered }
  }

  const work = (state: State, at: number, name: string | undefined): Promise<State> => {
    if (name === undefined) return resume(state, at, 'main', 'return')
    const { output, request } = (state.requests[at] ?? missing(at)).moment
    const { fingerprint, onCrash } = request
    const effect = { name, fingerprint, untilMs: output.lease?.untilMs ?? 0, onCrash }
    const hasFailed = state.left.faults < trouble.faults || state.left.finals < trouble.finals
    const mayBeUnsaved = hasFailed && name === 'reserve'
    const record = state.record?.value
    const { story, defect } = afterEffect(state.story.value, effect, state.nowMs, record, mayBeUnsaved)
    return resume(tell(state, story, defect), at, 'main', 'return')
  }

  /** What may become of a call on its way to the store and back. */
  const ofCall = async (state: State, at: number, task: Task, call: Interned<Call>): Promise<Step[]> => {
    const { left } = state
    const { op } = call.value
    const underway = state.requests[at] ?? missing(at)
    const sends = `sends ${op}`
    const wait = (from: State, reply: Reply | 'never'): State =>
      put(from, at, { ...underway, [task]: { ...underway[task], reply } })
    if (underway.moment.request.isFar && isCut(state)) {
      return [{ label: `${sends} into the void`, state: wait(state, 'never') }]
    }
    const landed = await land(state, call)
    const answered = `${sends}: ${landed.reply.kind}${describe(landed.reply.record?.value)}`
    const steps = [{ label: answered, state: await resume(landed.state, at, task, landed.reply) }]
    if (left.crashes > 0 && task === 'main') {
      steps.push({ label: `${answered}, crashes`, state: crash(landed.state, at) })
    }

    const isLast = op === 'release' || op === 'complete'
    const spendOn = (from: State, what: 'faults' | 'finals'): State =>
      isLast ? excuse(spend(from, what), underway.moment) : spend(from, what)
    if (left.finals > 0) {
      const fail = (from: State): Promise<State> => resume(spendOn(from, 'finals'), at, task, 'final error')
      steps.push({ label: `${sends}: a final error`, state: await fail(state) })
      steps.push({ label: `${answered}, told as a final error`, state: await fail(landed.state) })
    }
    if (left.faults === 0) return steps
    const lose = async (label: string, from: State): Promise<void> => {
      const lost = spendOn(from, 'faults')
      steps.push({ label, state: await resume(lost, at, task, 'no reply') })
      steps.push({ label: `${label}, waits for long`, state: wait(lost, 'never') })
    }
    await lose(`${sends}: lost`, state)
    await lose(`${answered}, the reply is lost`, landed.state)
    if (isClaim(call.value)) {
      const busy = { kind: 'busy', record: undefined, nowMs: state.nowMs } as const
      steps.push({ label: `${sends}: busy`, state: await resume(spend(state, 'faults'), at, task, busy) })
    }
    if (left.lapses > 0) {
      const late = wait(spend(landed.state, 'faults'), landed.reply)
      steps.push({ label: `${answered}, the reply is late`, state: late })
    }
    return steps
  }

  /** What may come next for one task of a request, unless it must wait for time to pass. */
  const ofTask = async (state: State, at: number, task: Task, pending: Pending): Promise<Step[]> => {
    const underway = state.requests[at] ?? missing(at)
    const { reply, sinceMs } = underway[task]
    const { left, nowMs } = state
    if (reply === 'never') {
      const silentMs = silentUntilMs(underway, task)
      // A run could go on for ever beside renewals that fail, if they made time pass.
      const isBounded = task === 'main' || underway.moment.output.main.kind === 'answer'
      if (silentMs > Math.max(nowMs, isBounded ? noneLateUntilMs(state) : 0)) return []
      const later = moveTo(state, silentMs)
      return [{ label: 'hears nothing', state: await resume(later, at, task, 'no reply') }]
    }
    if (reply !== 'none yet') {
      // Before time has passed it is as if the reply had not been late: it touches nobody else.
      if (nowMs === reply.nowMs) return []
      return [{ label: 'gets its late reply', state: await resume(state, at, task, reply) }]
    }
    const steps: Step[] = []
    if (pending.kind === 'sleep') {
      const wakesMs = Math.min(sinceMs + (task === 'main' ? sleepMs : 0), noneLateUntilMs(state))
      const isHeldUp = wakesMs <= nowMs && sinceMs + sleepMs > nowMs && task === 'main'
      if (isHeldUp) return []
      steps.push({ label: 'wakes', state: await resume(moveTo(state, wakesMs), at, task, 'woken') })
    }
    if (pending.kind === 'work') {
      const label = pending.effect === undefined ? 'goes on' : `does its ${pending.effect}`
      steps.push({ label, state: await work(state, at, pending.effect) })
      if (left.throws > 0) {
        const thrown = await resume(spend(state, 'throws'), at, task, 'throw')
        steps.push({ label: 'throws', state: thrown })
      }
    }
    const call = underway.moment.calls[task]
    return call === undefined ? steps : [...steps, ...(await ofCall(state, at, task, call))]
  }

  /** What may come next for a request. */
  const ofRequest = async (state: State, at: number): Promise<Step[]> => {
    const { request, output } = (state.requests[at] ?? missing(at)).moment
    const { main, renewal, timerMs, endsAtMs } = output
    const { left, nowMs } = state
    // Where the host ends the run, a renewal is due only when it was frozen: that takes many states for little.
    const renews = request.host !== 'lambda' || trouble.turns > 0
    const steps = main.kind === 'answer' ? [] : await ofTask(state, at, 'main', main)
    for (const { label, state: after } of renewal ? await ofTask(state, at, 'renewal', renewal) : []) {
      steps.push({ label: `renewing ${label}`, state: after })
    }
    if (renews && timerMs !== undefined && timerMs <= nowMs) {
      steps.push({ label: 'is due to renew', state: await resume(state, at, 'timer', 'time') })
    }
    if (left.crashes > 0 && main.kind !== 'answer') steps.push({ label: 'crashes', state: crash(state, at) })
    if (trouble.turns > 0 && endsAtMs !== undefined && endsAtMs <= nowMs) {
      steps.push({ label: 'is ended by its host', state: end(state, at) })
    }
    return steps
  }

  return { next: ofRequest, land }
}

function describe(record: IdempotencyRecord | undefined): string {
  if (record === undefined) return ''
  const { owner, attempt, status, leaseUntilMs } = record
  return ` (${status === 'in-flight' && leaseUntilMs === 0 ? 'released' : status}, ${owner}, attempt ${attempt})`
}
