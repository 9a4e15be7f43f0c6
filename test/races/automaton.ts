import {
  type Caller,
  createCaller,
  type Input,
  type Output,
  type Request,
  type SettingsBug,
  type Task,
} from './caller.ts'
import type { Client } from './clients.ts'
import { createInterner, type Interned } from './interner.ts'
import type { Call } from './packets.ts'

/** A request at one point of its life: everything it was told so far, and what it waits for. */
export interface Moment {
  readonly id: number
  readonly request: Request
  readonly output: Output
  /** The call that each of its tasks makes, if that is what it waits for. */
  readonly calls: { readonly [task in Task]: Interned<Call> | undefined }
}

interface Node extends Moment {
  readonly input: Input
  readonly before: Node | undefined
  readonly next: Map<string, Node>
  /** The run that has come just here, until it is told something else. */
  live: Caller | undefined
}

/** More runs than this take too much memory. */
const MAX_LIVE = 20_000

/**
 * The real code as a function: a request that is told the same does the same. So each history is run once, however
 * many schedules it is part of. The code cannot be wound back: to tell it a second thing, it is run anew.
 */
export interface Automaton {
  start(client: Client, name: string, nowMs: number): Promise<Moment>
  tell(moment: Moment, input: Input): Promise<Moment>
  /** How many times the real code was run. */
  runs(): number
}

export function createAutomaton(bug: SettingsBug): Automaton {
  const internCall = createInterner<Call>()
  const nodes: Node[] = []
  const begun = new Map<Client, Map<string, Node>>()
  let runs = 0
  let liveCount = 0

  /** Returns a run that was told what this node was. */
  const runTo = async (request: Request, node: Node | undefined): Promise<Caller> => {
    if (node?.live !== undefined) {
      const { live } = node
      node.live = undefined
      liveCount -= 1
      return live
    }
    runs += 1
    const caller = createCaller(request, bug)
    for (const { input, output } of historyOf(node)) {
      const does = await caller.tell(input)
      if (JSON.stringify(does) !== JSON.stringify(output))
        throw new Error(`${request.name} does not do the same again`)
    }
    return caller
  }

  const learn = async (request: Request, input: Input, before: Node | undefined): Promise<Node> => {
    const caller = await runTo(request, before)
    const output = await caller.tell(input)
    const { main, renewal } = output
    const calls = {
      main: main.kind === 'call' ? internCall(main.call) : undefined,
      renewal: renewal?.kind === 'call' ? internCall(renewal.call) : undefined,
    }
    const live =
      liveCount < MAX_LIVE && (main.kind !== 'answer' || renewal !== undefined) ? caller : undefined
    if (live !== undefined) liveCount += 1
    const node: Node = { id: nodes.length, request, output, calls, input, before, next: new Map(), live }
    nodes.push(node)
    return node
  }

  return {
    runs: () => runs,
    async start(client, name, nowMs) {
      const known = begun.get(client) ?? new Map<string, Node>()
      begun.set(client, known)
      const key = `${name} ${nowMs}`
      const input: Input = { nowMs, to: 'main', told: 'start' }
      const node = known.get(key) ?? (await learn({ ...client, name }, input, undefined))
      known.set(key, node)
      return node
    },
    async tell({ id }, input) {
      const node = nodes[id]
      if (node === undefined) throw new Error(`moment ${id} is of another automaton`)
      const key = keyOf(input)
      const next = node.next.get(key) ?? (await learn(node.request, input, node))
      node.next.set(key, next)
      return next
    },
  }
}

function historyOf(node: Node | undefined): Node[] {
  const history: Node[] = []
  for (let each = node; each !== undefined; each = each.before) history.push(each)
  return history.reverse()
}

function keyOf({ nowMs, to, told }: Input): string {
  if (typeof told === 'string') return `${nowMs} ${to} ${told}`
  return `${nowMs} ${to} ${told.kind} ${told.record?.id ?? 0} ${told.nowMs}`
}
