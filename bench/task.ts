import type { Billed } from '../test/budgets/meter.ts'

/** What a contender may be told to do, in a process of its own. */
interface Asked {
  readonly cpu: {
    readonly what: 'new' | 'replay'
    readonly stub: 'send' | 'transport'
    readonly count: number
  }
  readonly latency: {
    readonly what: 'new' | 'replay'
    readonly count: number
    readonly atOnce: number
    readonly endpoint: string
    readonly table: string
  }
  /** `count` more requests of the same handler, again and again. */
  readonly memory: { readonly count: number }
  /** New requests, `count` at once. */
  readonly burst: { readonly count: number }
  readonly units: {
    readonly answerBytes: number
    readonly answerKind?: 'terse' | 'wordy'
    readonly endpoint: string
    readonly table: string
  }
}

/** Milliseconds of one invocation, and for how many of them no call of the SDK was under way. */
export interface Lap {
  readonly totalMs: number
  readonly ownMs: number
}

/** What a new request and its replay cost. */
export interface Costs {
  readonly fresh: readonly Billed[]
  readonly replay: readonly Billed[]
  readonly isReplayed: boolean
}

/** What comes of each. */
export interface Answered {
  /** Microseconds of CPU for each invocation. */
  readonly cpu: number
  /** `ownMs` says something only where requests come one by one. */
  readonly latency: readonly Lap[]
  /** The heap afterwards, in bytes. */
  readonly memory: number
  /** Microseconds of CPU for each invocation. */
  readonly burst: number
  readonly units: Costs
}

export type TaskKind = keyof Asked
export type Task<Kind extends TaskKind = TaskKind> = { [K in Kind]: { readonly kind: K } & Asked[K] }[Kind]
