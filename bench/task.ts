import type { Billed } from '../test/budgets/meter.ts'

/** The tasks of a contender, in a process of its own. */
interface Asked {
  readonly requests: {
    readonly what: 'new' | 'replay'
    readonly count: number
    readonly atOnce?: number
    /** Answers in the process, so that the CPU is the contender's own. */
    readonly isStubbed?: boolean
  }
  /** `count` more new requests and their replays, stubbed. */
  readonly memory: { readonly count: number }
  /** One request, stubbed. */
  readonly counts: { readonly what: 'new' | 'replay' }
  readonly units: {
    readonly answerBytes: number
    readonly answerKind?: 'terse' | 'wordy'
    readonly endpoint: string
    readonly table: string
  }
}

/** The cost of a new request and of its replay. */
export interface Costs {
  readonly fresh: readonly Billed[]
  readonly replay: readonly Billed[]
  readonly isReplayed: boolean
}

/** The answer to each. */
export interface Answered {
  readonly requests: { readonly cpuUs: number; readonly p50Ms: number }
  /** The heap afterwards, in bytes. */
  readonly memory: number
  readonly counts: { readonly promises: number; readonly hashes: number }
  readonly units: Costs
}

export type TaskKind = keyof Asked
export type Task<Kind extends TaskKind = TaskKind> = { [K in Kind]: { readonly kind: K } & Asked[K] }[Kind]
