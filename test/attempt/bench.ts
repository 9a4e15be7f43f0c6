import { begin } from '../../packages/oncekey/src/attempt/begin.ts'
import type { Run } from '../../packages/oncekey/src/attempt/run.ts'
import type { Scene } from '../../packages/oncekey/src/attempt/scene.ts'
import { createTiming, type LeaseTerm } from '../../packages/oncekey/src/attempt/timing.ts'
import { StoreUnavailableError } from '../../packages/oncekey/src/protocol/errors.ts'
import type { IdempotencyRecord } from '../../packages/oncekey/src/protocol/record.ts'
import type { CallLimits, Store } from '../../packages/oncekey/src/protocol/store.ts'
import { memoryStore } from '../../packages/oncekey/src/stores/memory.ts'
import { type ManualClock, manualClock } from '../support/manual-clock.ts'

type Operation = keyof Store

/** A call as it left the caller. */
interface Call {
  readonly op: Operation
  readonly args: readonly unknown[]
  readonly timeoutMs: number
}

/** What happens to a call on its way. */
export type Fault = (call: () => Promise<unknown>, clock: ManualClock, timeoutMs: number) => Promise<unknown>

const away = (): StoreUnavailableError => new StoreUnavailableError('away', { retryable: true })

export const requestLost: Fault = async (_call, clock, timeoutMs) => {
  clock.advance(timeoutMs)
  throw away()
}
export const replyLost: Fault = async (call, clock, timeoutMs) => {
  await call()
  clock.advance(timeoutMs)
  throw away()
}
export const resetAfter =
  (durationMs: number): Fault =>
  async (_call, clock) => {
    clock.advance(durationMs)
    throw away()
  }
export const answeredLate =
  (durationMs: number): Fault =>
  async (call, clock) => {
    const answer = await call()
    clock.advance(durationMs)
    return answer
  }
export const refusedForGood: Fault = async () => {
  throw new StoreUnavailableError('no such table', { retryable: false })
}
export const heldByTransaction: Fault = async () => ({ kind: 'busy' })
/** Something else comes first. */
export const after =
  (event: () => Promise<unknown>): Fault =>
  async (call) => {
    await event()
    return await call()
  }

export interface Bench {
  readonly clock: ManualClock
  /** How long each sleep was to take. */
  readonly sleeps: readonly number[]
  /** What stands in the store, seen past the faults. */
  stored(id?: string): Promise<IdempotencyRecord | undefined>
  readonly store: Store
  /** Every call so far. */
  readonly calls: readonly Call[]
  called(op: Operation): readonly Call[]
  /** The next calls of this operation meet the fault. */
  inject(op: Operation, fault: Fault, times?: number): void
  scene(changes?: Partial<Scene>, term?: LeaseTerm, fingerprint?: string): Scene
}

export interface BenchOptions {
  readonly startMs?: number
  /** How far the local clock is ahead of the store's. */
  readonly aheadMs?: number
  readonly hasTransactions?: boolean
}

/** A caller, its clock, and a store in memory at the far end of a line that can fail. */
export function bench(options: BenchOptions = {}): Bench {
  const { startMs, aheadMs = 0, hasTransactions = false } = options
  const time = manualClock(startMs)
  const sleeps: number[] = []
  const clock: ManualClock = {
    ...time,
    sleep(durationMs, signal) {
      sleeps.push(durationMs)
      return time.sleep(durationMs, signal)
    },
  }
  const memory = withChunks(memoryStore({ nowMs: () => clock.nowMs() - aheadMs }))
  const far: Store = hasTransactions
    ? {
        ...memory,
        commit: (record, completion, _writes, limits) => memory.complete(record, completion, limits),
      }
    : memory

  const calls: Call[] = []
  const faults: { readonly op: Operation; readonly fault: Fault; times: number }[] = []
  const store = new Proxy(far, {
    get(target, op: Operation) {
      const method: unknown = Reflect.get(target, op)
      if (typeof method !== 'function') return method
      return async (...args: unknown[]) => {
        const make = async ({ timeoutMs }: CallLimits): Promise<unknown> => {
          calls.push({ op, args, timeoutMs })
          const call = async (): Promise<unknown> => Reflect.apply(method, target, args)
          const next = faults.find((one) => one.op === op && one.times > 0)
          if (next === undefined) return await call()
          next.times -= 1
          return await next.fault(call, clock, timeoutMs)
        }
        const last = args.at(-1)
        return typeof last === 'function' ? await last(make) : await make(limitsIn(args))
      }
    },
  })

  const scene: Bench['scene'] = (
    changes = {},
    term = { kind: 'duration', leaseMs: 10_000 },
    fingerprint = 'json:a',
  ) => ({
    store,
    timing: createTiming(clock, term, { offsetMs: 0 }),
    intent: { id: 'payments#1', key: 'k1', fingerprint },
    onCrash: 'rerun',
    retentionMs: 60_000,
    waitMs: 0,
    staleKey: undefined,
    runsUnclaimed: false,
    keep: (value) => ({ value }),
    ...changes,
  })

  return {
    clock,
    sleeps,
    store,
    calls,
    scene,
    called: (op) => calls.filter((call) => call.op === op),
    inject: (op, fault, times = 1) => void faults.push({ op, fault, times }),
    stored: async (id = 'payments#1') => (await memory.read(id, { timeoutMs: 1 })).record,
  }
}

/** The claim of this scene, which nobody else holds. */
export async function claim(scene: Scene): Promise<Run> {
  const begun = await begin(scene)
  if (begun.kind !== 'run') throw new Error(`expected a run, got ${begun.kind}`)
  return begun.run
}

/** What a promise is rejected with. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise
  } catch (error) {
    return error
  }
  throw new Error('expected a rejection')
}

/** Bytes above the store's limit are kept beside the record, as a real store does. */
function withChunks(memory: Store): Store {
  const chunks = new Map<string, Uint8Array>()
  return {
    ...memory,
    async spill(_claim, bytes) {
      if (bytes.length <= 3_000) return { bytes }
      const ref = `chunk ${chunks.size}`
      chunks.set(ref, bytes)
      return { chunks: 1, ref }
    },
    load: async (_id, body) => ('bytes' in body ? body.bytes : (chunks.get(body.ref) ?? new Uint8Array())),
  }
}

function limitsIn(args: readonly unknown[]): CallLimits {
  const limits = args.at(-1)
  if (typeof limits === 'object' && limits !== null && 'timeoutMs' in limits) {
    return { timeoutMs: Number(limits.timeoutMs) }
  }
  throw new Error('expected limits')
}
