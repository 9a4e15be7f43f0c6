import type { IdempotencyRecord } from '../../packages/oncekey/src/core/record.ts'
import type { Moment } from './automaton.ts'
import type { Interned } from './interner.ts'
import type { Story } from './invariants.ts'
import type { Packet, Reply } from './packets.ts'

/** How often each thing may still go wrong in one schedule. */
export interface Trouble {
  /** A request or its reply is lost, or its reply is late, or a claim meets a transaction. */
  readonly faults: number
  /** A request stops for ever; its client sends another one. */
  readonly crashes: number
  /** A write lands once more, at any later moment. */
  readonly copies: number
  /** So much time passes that every lease lapses; after two, records expire. */
  readonly lapses: number
  /** A handler throws. */
  readonly throws: number
  /** After a crash or a 503, a client sends its request again. */
  readonly retries: number
  /** Time passes until something is due: a renewal, a deadline, the end of a lease. */
  readonly turns: number
  /** The answer is an error that is final by its name, whether the write has landed or not. */
  readonly finals: number
  /** The far Region is cut off: its clients' calls fail from then on. */
  readonly cuts: number
}

export const calm: Trouble = {
  faults: 0,
  crashes: 0,
  copies: 0,
  lapses: 0,
  throws: 0,
  retries: 0,
  turns: 0,
  finals: 0,
  cuts: 0,
}

/** The whole world at one moment: what the store holds, where each request is, and what is still under way. */
export interface State {
  readonly nowMs: number
  readonly record: Interned<IdempotencyRecord> | undefined
  /** The clients whose request is yet to be sent, by number. */
  readonly waiting: readonly number[]
  /** How many requests have been sent: the next one is named after it. */
  readonly sent: number
  /**
   * Whether a request may be sent now. Sending touches nobody, so it may be done first of all, or as soon as time has
   * passed or a client has reason to ask again: any other order comes to the same.
   */
  readonly isOpen: boolean
  readonly requests: readonly Underway[]
  readonly left: Trouble
  /** Every write ever sent, for as long as a copy may land. */
  readonly packets: readonly Packet[]
  readonly story: Interned<Story>
  /** The promise that was broken on the way here. */
  readonly defect: string | undefined
}

/** One event, and what it leads to. */
export interface Step {
  readonly label: string
  readonly state: State
}

/** A request that has been sent and not been answered, or whose renewal is still on its way. */
export interface Underway {
  readonly client: number
  readonly moment: Moment
  readonly main: Wait
  readonly renewal: Wait
}

/** How long a task has waited for what it waits for now, and what it gets. */
export interface Wait {
  readonly sinceMs: number
  /** Of a call: whether it has reached the store, and what is on the way back. */
  readonly reply: 'none yet' | 'never' | Reply
}

/** Equal for states from which the same can happen. */
export function keyOf(state: State): string {
  const { nowMs, record, waiting, isOpen, requests, left, packets, story, defect } = state
  let key = `${nowMs} ${record?.id ?? 0} ${story.id} ${waiting.join()} ${isOpen ? 1 : 0} ${defect ?? ''}`
  key += ` ${Object.values(left).join('')}`
  for (const { moment, main, renewal } of requests) {
    key += ` ${moment.id} ${main.sinceMs} ${keyOfReply(main)} ${renewal.sinceMs} ${keyOfReply(renewal)}`
  }
  if (left.copies > 0) for (const { call } of packets) key += `,${call.id}`
  return key
}

function keyOfReply({ reply }: Wait): string {
  return typeof reply === 'string' ? reply : `${reply.kind}${reply.record?.id ?? 0}@${reply.nowMs}`
}
