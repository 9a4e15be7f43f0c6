import type { Outcome } from '../../packages/oncekey/src/core/outcome.ts'
import type { Moment } from './automaton.ts'
import type { Input } from './caller.ts'
import { createInterner, type Interned } from './interner.ts'
import { atTime, ofAnswer, ofHolders, type Story, untold } from './invariants.ts'
import type { Call } from './packets.ts'
import type { State, Trouble, Underway, Wait } from './state.ts'

/** The changes that events are made of. None of them changes a state: each gives a new one. */
export interface Moves {
  readonly first: (clients: readonly number[], left: Trouble, nowMs: number) => State
  /** The story goes on, and may have broken a promise. */
  tell(state: State, story: Story, defect?: string): State
  spend(state: State, what: keyof Trouble): State
  moveTo(state: State, nowMs: number): State
  put(state: State, at: number, request: Underway): State
  /** A request waits for the next thing in the task that was told something, or is answered. */
  settle(state: State, at: number, client: number, moment: Moment, to: Input['to']): State
  /** A request stops for ever, and nobody can tell. */
  crash(state: State, at: number): State
  /** The host ends a request. */
  end(state: State, at: number): State
  /** The claim that stands, if it is this request's, will be left behind. */
  excuse(state: State, moment: Moment): State
}

const idle: Wait = { sinceMs: 0, reply: 'none yet' }

/** `hear` is told of every outcome. */
export function createMoves(hear: (outcome: Outcome) => void): Moves {
  const intern = createInterner<Story>()

  const tell: Moves['tell'] = (state, story, defect) => ({
    ...state,
    story: story === state.story.value ? state.story : intern(story),
    defect: state.defect ?? defect,
  })
  const spend: Moves['spend'] = (state, what) => ({
    ...state,
    left: { ...state.left, [what]: state.left[what] - 1 },
  })
  const remove = (state: State, at: number): State => ({
    ...state,
    requests: state.requests.toSpliced(at, 1),
  })

  const put: Moves['put'] = (state, at, request) => {
    const requests = state.requests.toSpliced(at, 1, request)
    const leases = requests.map(({ moment }) => moment.output.lease)
    const defect = ofHolders([...leases, ...state.story.value.cutOff], state.nowMs)
    return { ...state, requests, defect: state.defect ?? defect }
  }

  const excuse: Moves['excuse'] = (state, { request }) => {
    const isItsOwn = state.record?.value.owner.startsWith(`${request.name}.`)
    return isItsOwn ? tell(state, { ...state.story.value, isExcused: true }) : state
  }

  /** A client whose request was cut off, or answered with 503, asks again if it may. */
  const askAgain = (state: State, client: number): State => {
    if (state.left.retries === 0) return state
    return { ...spend(state, 'retries'), waiting: [...state.waiting, client].sort(), isOpen: true }
  }

  const post = (state: State, from: string, call: Interned<Call> | undefined): State => {
    if (call === undefined || call.value.op === 'read' || state.left.copies === 0) return state
    if (state.packets.some((packet) => packet.call.id === call.id)) return state
    const packets = [...state.packets, { call, from }]
    return { ...state, packets: packets.sort((one, other) => one.call.id - other.call.id) }
  }

  const end: Moves['end'] = (state, at) => {
    const { moment, client } = state.requests[at] ?? missing(at)
    return askAgain(excuse(remove(state, at), moment), client)
  }

  return {
    first: (clients, left, nowMs) => ({
      nowMs,
      record: undefined,
      waiting: clients,
      sent: 0,
      isOpen: true,
      requests: [],
      left,
      packets: [],
      story: intern(untold),
      defect: undefined,
    }),
    tell,
    spend,
    moveTo: (state, nowMs) =>
      nowMs <= state.nowMs
        ? state
        : tell({ ...state, nowMs, isOpen: true }, atTime(state.story.value, nowMs)),
    put,
    settle(state, at, client, moment, to) {
      const { output, request, calls } = moment
      const before = state.requests[at]
      const next: Wait = { sinceMs: state.nowMs, reply: 'none yet' }
      const main = to === 'main' ? next : (before?.main ?? next)
      const renewal = to === 'main' ? (before?.renewal ?? idle) : next
      const underway: Underway = {
        client,
        moment,
        main: output.main.kind === 'answer' ? idle : main,
        renewal: output.renewal === undefined ? idle : renewal,
      }
      const call = to === 'main' ? calls.main : calls.renewal
      const told = post(tell(put(state, at, underway), state.story.value, output.defect), request.name, call)
      if (output.main.kind !== 'answer') return told
      const gone = output.renewal === undefined ? remove(told, at) : told
      if (before?.moment.output.main.kind === 'answer') return gone
      const { outcomes } = output.main
      outcomes.forEach(hear)
      const story = state.story.value
      const answered = tell(gone, story, ofAnswer(story, request, output.main))
      if (outcomes.includes('store-unavailable')) return askAgain(answered, client)
      return outcomes.includes('completion-failed') ? excuse(answered, moment) : answered
    },
    crash(state, at) {
      const { moment } = state.requests[at] ?? missing(at)
      const crashed = end(spend(state, 'crashes'), at)
      const { lease } = moment.output
      const story = crashed.story.value
      const isHeld = lease !== undefined && lease.untilMs > state.nowMs
      return isHeld ? tell(crashed, { ...story, cutOff: [...story.cutOff, lease] }) : crashed
    },
    end,
    excuse,
  }
}

export function missing(index: number): never {
  throw new Error(`nothing is at ${index}`)
}
