import { type ManualClock, manualClock } from 'oncekey/testing'
import type { Attempt } from '../../packages/oncekey/src/core/attempt.ts'
import type { Claim } from '../../packages/oncekey/src/core/claim.ts'
import { StoreUnavailableError } from '../../packages/oncekey/src/core/errors.ts'
import type { OutcomeEvent } from '../../packages/oncekey/src/core/outcome.ts'
import { protect } from '../../packages/oncekey/src/core/protect.ts'
import type { ProtectedRequest, Responder, Settings } from '../../packages/oncekey/src/core/request.ts'
import { checksumOf } from '../../packages/oncekey/src/core/result.ts'
import type { CallLimits, Store } from '../../packages/oncekey/src/core/store.ts'
import { memoryStore } from '../../packages/oncekey/src/stores/memory.ts'

type Operation = keyof Store

interface Call {
  readonly op: Operation
  readonly args: readonly unknown[]
  readonly timeoutMs: number
}

/** What happens to a call on its way. */
export type Fault = (call: () => Promise<unknown>, clock: ManualClock, timeoutMs: number) => Promise<unknown>

const noReply = (): StoreUnavailableError => new StoreUnavailableError('no reply', { retryable: true })

export const requestLost: Fault = (_call, clock, timeoutMs) => {
  clock.advance(timeoutMs)
  return Promise.reject(noReply())
}
export const replyLost: Fault = async (call, clock, timeoutMs) => {
  await call()
  clock.advance(timeoutMs)
  throw noReply()
}
export const resetAfter =
  (durationMs: number): Fault =>
  (_call, clock) => {
    clock.advance(durationMs)
    return Promise.reject(noReply())
  }
export const answeredLate =
  (durationMs: number): Fault =>
  async (call, clock) => {
    const reply = await call()
    clock.advance(durationMs)
    return reply
  }
/** Throttled: nothing was done of the call. */
export const throttled: Fault = (_call, clock) => {
  clock.advance(10)
  return Promise.reject(new StoreUnavailableError('throttled', { retryable: true, isThrottled: true }))
}
export const refusedForGood: Fault = () =>
  Promise.reject(new StoreUnavailableError('no such table', { retryable: false }))
export const heldByTransaction: Fault = async () => ({ kind: 'busy' })
/** Something else happens before the call arrives. */
export const after =
  (event: () => unknown): Fault =>
  async (call) => {
    await event()
    return await call()
  }

/**
 * One request. It has no deadline unless it says when, from now; its host then ends it there. Its lease lasts 8 s, and
 * 10 s as it is stored.
 */
export type Asked = Partial<Omit<Settings, 'store' | 'onOutcome'>> &
  Partial<Omit<ProtectedRequest, 'invocation' | 'responder'>> & {
    readonly deadlineInMs?: number
    readonly isDeadlineEnforced?: boolean
    readonly startedAtMs?: number
    readonly responder?: Partial<Responder<unknown>>
  }

type Handler = (attempt: Attempt, claim: Claim) => unknown

/** The one outcome of a request, and what its caller got. */
type Ended = OutcomeEvent & { readonly answer?: unknown; readonly thrown?: unknown }

/** A request whose handler is running until the test ends it. */
export interface Run {
  readonly attempt: Attempt
  readonly claim: Claim
  returns(result?: unknown): Promise<Ended>
  throws(error: unknown): Promise<Ended>
}

interface LineOptions {
  /** How far the callers' clock is ahead of the store's. */
  readonly aheadMs?: number
  readonly hasTransactions?: boolean
}

/** Creates a store in memory, at the far end of a line that can fail, and requests that use it. */
export function createLine({ aheadMs = 0, hasTransactions = true }: LineOptions = {}) {
  const time = manualClock()
  const sleeps: number[] = []
  const pauses: number[] = []
  const clock: ManualClock = {
    ...time,
    sleep(durationMs) {
      sleeps.push(durationMs)
      return time.sleep(durationMs)
    },
    setTimer(durationMs, onTime) {
      pauses.push(durationMs)
      return time.setTimer(durationMs, onTime)
    },
  }

  const plain = withChunks(memoryStore({ nowMs: () => clock.nowMs() - aheadMs }))
  const memory = hasTransactions ? withTransactions(plain) : plain
  const calls: Call[] = []
  const faults: { readonly op: Operation; readonly fault: Fault; times: number }[] = []
  const store = new Proxy(memory, {
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
        return typeof last === 'function' ? await last(make) : await make(limitsIn(last))
      }
    },
  })

  const ask = async (asked: Asked = {}, handler: Handler = () => 'ran'): Promise<Ended> => {
    const { deadlineInMs, isDeadlineEnforced = true, startedAtMs = clock.nowMs(), responder, ...rest } = asked
    const events: OutcomeEvent[] = []
    const settings: Settings = {
      entry: 'line',
      store,
      clock,
      skew: { offsetMs: 0 },
      retentionMs: 60_000,
      leaseMs: 8_000,
      renewEveryMs: 3_000,
      minRemainingMs: 1_000,
      onCrash: 'rerun',
      waitMs: 0,
      onStoreError: 'refuse',
      ...rest,
      onOutcome: (event) => events.push(event),
    }
    const request: ProtectedRequest = {
      id: 'payments#1',
      key: 'k1',
      fingerprint: 'jcs:a',
      maxWaitMs: Number.POSITIVE_INFINITY,
      source: undefined,
      ...rest,
      responder: { ...plainResponder, ...responder },
      invocation: {
        event: 'event',
        context: 'context',
        service: 'payments',
        startedAtMs,
        deadlineMs: deadlineInMs === undefined ? undefined : clock.nowMs() + deadlineInMs,
        isDeadlineEnforced: isDeadlineEnforced && deadlineInMs !== undefined,
      },
    }
    const end = await protect(settings, request, handler).then(
      (answer) => ({ answer }),
      (thrown: unknown) => ({ thrown }),
    )
    const [event] = events
    if (event === undefined && 'thrown' in end) throw end.thrown
    if (event === undefined || events.length > 1)
      throw new Error(`expected one outcome, got ${events.length}`)
    return { ...event, ...end }
  }

  const start = async (asked?: Asked): Promise<Run> => {
    const begun = Promise.withResolvers<Pick<Run, 'attempt' | 'claim'>>()
    const work = Promise.withResolvers()
    const ended = ask(asked, (attempt, claim) => {
      begun.resolve({ attempt, claim })
      return work.promise
    })
    const first = await Promise.race([begun.promise, ended])
    if ('outcome' in first) throw new Error(`expected a run, got ${first.outcome}: ${String(first.error)}`)
    return {
      ...first,
      returns(result) {
        work.resolve(result)
        return ended
      },
      throws(error) {
        work.reject(error)
        return ended
      },
    }
  }

  return {
    clock,
    store,
    /** How long each sleep was to take. */
    sleeps,
    /** How long it was to be until each renewal, when its timer was set. */
    pauses,
    /** Lets the time of the next renewal come. */
    async nextTurn(): Promise<void> {
      const [nextMs] = clock.timers()
      if (nextMs === undefined) throw new Error('no renewal is due')
      await clock.pass(nextMs)
    },
    /** Every call, as it left its caller. */
    calls,
    called: (op: Operation) => calls.filter((call) => call.op === op),
    /** Lets the next calls of this operation meet the fault. */
    inject: (op: Operation, fault: Fault, times = 1) => void faults.push({ op, fault, times }),
    /** Returns what the store holds, seen past the faults. */
    stored: async (id = 'payments#1') => (await memory.read(id, { timeoutMs: 1 })).record,
    /** Makes a request, and waits for its end. Its handler returns 'ran' unless the caller passes another. */
    ask,
    /** Makes a request, and waits until its handler runs. */
    start,
    complete: (result: unknown, asked?: Asked) => ask(asked, () => result),
    fail: (asked?: Asked) => ask(asked, () => Promise.reject(new Error('declined'))),
  }
}

export type Line = ReturnType<typeof createLine>

const plainResponder: Responder<unknown> = {
  toStore: (value) => ({ value }),
  errorToStore: () => undefined,
  respond: (value) => value,
  replay: (value) => value,
  refuse(error) {
    throw error
  },
}

/** Returns the reason of the rejection. */
export async function rejection(promise: Promise<unknown>): Promise<unknown> {
  const end = await promise.then(
    () => undefined,
    (reason: unknown) => ({ reason }),
  )
  if (end === undefined) throw new Error('expected a rejection')
  return end.reason
}

/** Too long for the record itself. */
export const LARGE: readonly number[] = Array.from({ length: 4_000 }, () => Math.random())

/** Keeps longer bytes outside the record, as a real store does. */
function withChunks(memory: Store): Store {
  const chunks = new Map<string, Uint8Array>()
  return {
    ...memory,
    async offload(_claim, { result }) {
      if (result.kind === 'json' || result.bytes.length <= 3_000) return result
      const ref = `chunk ${chunks.size}`
      chunks.set(ref, result.bytes)
      const checksum = checksumOf(result.bytes)
      return { kind: 'chunked', encoding: 'br', chunks: 1, ref, sizeBytes: result.sizeBytes, checksum }
    },
    load: async (_id, { ref }) => chunks.get(ref) ?? new Uint8Array(),
  }
}

function withTransactions(memory: Store): Store {
  return {
    ...memory,
    commit: (claim, completion, _writes, limits) => memory.complete(claim, completion, limits),
  }
}

function limitsIn(limits: unknown): CallLimits {
  if (typeof limits === 'object' && limits !== null && 'timeoutMs' in limits) {
    return { timeoutMs: Number(limits.timeoutMs) }
  }
  throw new Error('expected limits')
}
