import { type Client, createCaller, type Input, type Output, type Request } from './caller.ts'
import { createInterner, type Interned } from './interner.ts'
import type { Call } from './packets.ts'

/** A request at one point of its life: everything it was told so far, and what it does about it. */
export interface Moment {
  readonly id: number
  readonly request: Request
  readonly output: Output
  /** The call that it makes, if that is what it does. */
  readonly call: Interned<Call> | undefined
}

interface Node extends Moment {
  readonly told: Input
  readonly before: Node | undefined
  readonly next: Map<string, Node>
}

/**
 * The real code as a function: a request that is told the same does the same. So each history is run once, however
 * many schedules it is part of. The code cannot be wound back: to tell it something else, it is run anew.
 */
export interface Automaton {
  start(client: Client, name: string, nowMs: number): Promise<Moment>
  tell(moment: Moment, input: Input): Promise<Moment>
  /** How many times the real code was run. */
  runs(): number
}

export function createAutomaton(): Automaton {
  const internCall = createInterner<Call>()
  const nodes: Node[] = []
  const begun = new Map<Client, Map<string, Node>>()
  let runs = 0

  const learn = async (request: Request, told: Input, before: Node | undefined): Promise<Node> => {
    runs += 1
    const caller = createCaller(request)
    for (const { told: earlier, output: did } of historyOf(before)) {
      const does = await caller.tell(earlier)
      if (JSON.stringify(does) !== JSON.stringify(did))
        throw new Error(`${request.name} does not do the same again`)
    }
    const output = await caller.tell(told)
    const call = output.kind === 'call' ? internCall(output.call) : undefined
    const node: Node = { id: nodes.length, request, output, call, told, before, next: new Map() }
    nodes.push(node)
    return node
  }

  return {
    runs: () => runs,
    async start(client, name, nowMs) {
      const known = begun.get(client) ?? new Map<string, Node>()
      begun.set(client, known)
      const key = `${name} ${nowMs}`
      const node = known.get(key) ?? (await learn({ ...client, name }, { nowMs, told: 'start' }, undefined))
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

function keyOf({ nowMs, told }: Input): string {
  if (typeof told === 'string') return `${nowMs} ${told}`
  return `${nowMs} ${told.kind} ${told.record?.id ?? 0} ${told.nowMs}`
}
