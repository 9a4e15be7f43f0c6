import type { Outcome } from '../../packages/oncekey/src/core/outcome.ts'
import type { Moment } from './automaton.ts'
import { createInterner } from './interner.ts'
import { atTime, ofAnswer, ofHolders, type Story, untold } from './invariants.ts'
import type { State, Trouble, Underway } from './state.ts'

/** The changes that events are made of. None of them changes a state: each gives a new one. */
export interface Moves {
  readonly first: (clients: readonly number[], left: Trouble, nowMs: number) => State
  /** The story goes on, and may have broken a promise. */
  tell(state: State, story: Story, defect?: string): State
  spend(state: State, what: keyof Trouble): State
  moveTo(state: State, nowMs: number): State
  put(state: State, at: number, request: Underway): State
  /** A request does the next thing, or is answered and gone. */
  settle(state: State, at: number, client: number, moment: Moment): State
  /** A request stops for ever. */
  crash(state: State, at: number): State
  /** The claim that stands, if it is this request's, will be left behind. */
  excuse(state: State, moment: Moment): State
}

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

  const post = (state: State, { call, request }: Moment): State => {
    if (call === undefined || call.value.op === 'read' || state.left.copies === 0) return state
    if (state.packets.some((packet) => packet.call.id === call.id)) return state
    const packets = [...state.packets, { call, from: request.name }]
    return { ...state, packets: packets.sort((one, other) => one.call.id - other.call.id) }
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
    settle(state, at, client, moment) {
      const { output, request } = moment
      if (output.kind !== 'answer') {
        return post(put(state, at, { client, moment, sinceMs: state.nowMs, reply: 'none yet' }), moment)
      }
      const told = remove(tell(state, state.story.value, ofAnswer(state.story.value, request, output)), at)
      output.outcomes.forEach(hear)
      if (output.outcomes.includes('store-unavailable')) return askAgain(told, client)
      return output.outcomes.includes('completion-failed') ? excuse(told, moment) : told
    },
    crash(state, at) {
      const { moment, client } = state.requests[at] ?? missing(at)
      const crashed = excuse(remove(spend(state, 'crashes'), at), moment)
      const { lease } = moment.output
      const story = crashed.story.value
      const isHeld = lease !== undefined && lease.leaseUntilMs > state.nowMs
      return askAgain(
        isHeld ? tell(crashed, { ...story, cutOff: [...story.cutOff, lease] }) : crashed,
        client,
      )
    },
    excuse,
  }
}

export function missing(index: number): never {
  throw new Error(`nothing is at ${index}`)
}
