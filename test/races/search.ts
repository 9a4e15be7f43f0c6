import type { Outcome } from '../../packages/oncekey/src/core/outcome.ts'
import type { Scenario } from './scenarios.ts'
import { keyOf, type State } from './state.ts'
import { type Bug, createWorld } from './world.ts'

export interface Report {
  readonly states: number
  readonly transitions: number
  /** The ways from the start to a state in which every client is done. */
  readonly schedules: number
  /** How often the real code was run. */
  readonly runs: number
  /** How requests ended, each way once. */
  readonly outcomes: ReadonlySet<Outcome>
  readonly violation: { readonly defect: string; readonly trace: readonly string[] } | undefined
}

/** No schedule of ours is half as long. */
const MOST_EVENTS = 100

/** A state to go on from, and how it was come to. */
interface Node {
  readonly state: State
  readonly trace: Trace
  schedules: number
}

interface Trace {
  readonly label: string
  readonly before: Trace | undefined
}

/**
 * Walks every state that any order of events can reach, nearest first, so that the first violation has the shortest
 * trace. States after equally many events are merged if they are equal; each counts the schedules that lead to it.
 */
export async function explore({ clients, trouble }: Scenario, bug: Bug = {}): Promise<Report> {
  const outcomes = new Set<Outcome>()
  const world = createWorld(clients, trouble, bug, (outcome) => outcomes.add(outcome))
  let layer: Node[] = [{ state: world.first, trace: { label: '', before: undefined }, schedules: 1 }]
  let states = 0
  let transitions = 0
  let schedules = 0
  let violation: Report['violation']

  const visit = async ({ state, trace, ...node }: Node, next: Map<string, Node>): Promise<void> => {
    states += 1
    const isOver = state.requests.length + state.waiting.length === 0
    if (isOver) schedules += node.schedules
    const steps = await world.next(state)
    const defect = state.defect ?? (isOver ? await world.aftermath(state) : undefined)
    const isStuck = state.requests.length > 0 && steps.length === 0
    if (defect !== undefined || isStuck) {
      violation ??= { defect: defect ?? 'a caller waits for ever', trace: labelsOf(trace) }
      return
    }
    for (const { label, state: after } of steps) {
      transitions += 1
      const key = keyOf(after)
      const known = next.get(key)
      if (known !== undefined) known.schedules += node.schedules
      else next.set(key, { state: after, trace: { label, before: trace }, schedules: node.schedules })
    }
  }

  for (let events = 0; layer.length > 0 && violation === undefined; events += 1) {
    if (events > MOST_EVENTS) throw new Error(`a schedule goes on after ${MOST_EVENTS} events`)
    const next = new Map<string, Node>()
    for (const node of layer) await visit(node, next)
    layer = [...next.values()]
  }
  return { states, transitions, schedules, runs: world.runs(), outcomes, violation }
}

function labelsOf({ label, before }: Trace): string[] {
  return before === undefined ? [] : [...labelsOf(before), label]
}
