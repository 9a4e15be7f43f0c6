import { AsyncLocalStorage } from 'node:async_hooks'
import { setImmediate } from 'node:timers/promises'
import type { Claim } from '../../packages/oncekey/src/core/claim.ts'
import type { Clock } from '../../packages/oncekey/src/core/clock.ts'
import { OncekeyError, StoreUnavailableError } from '../../packages/oncekey/src/core/errors.ts'
import { actsUntilMs } from '../../packages/oncekey/src/core/lease.ts'
import type { Outcome } from '../../packages/oncekey/src/core/outcome.ts'
import { protect } from '../../packages/oncekey/src/core/protect.ts'
import { renew } from '../../packages/oncekey/src/core/renew.ts'
import type { ProtectedRequest, Settings } from '../../packages/oncekey/src/core/request.ts'
import { valueResponder } from '../../packages/oncekey/src/sources/request.ts'
// Loaded on first use: a request must not wait for a file while it is told what happens.
import '../../packages/oncekey/src/features/commit.ts'
import '../../packages/oncekey/src/features/step.ts'
import { type Client, LAPSE_MS, RECORD_ID, TERM_MS } from './clients.ts'
import { type Desk, HandlerError } from './handlers.ts'
import type { Call, Reply } from './packets.ts'
import { remoteStore } from './remote-store.ts'

/** Two seconds of margin are added to each lease, and up to one to each expiry. */
const RETENTION_MS = 2 * LAPSE_MS - TERM_MS - 3_000
const MIN_REMAINING_MS = 1_000
/** Timers are late by less than this, so that random pauses before a retry lead to equal states. */
const TIMER_STEP_MS = 1_000

/** One request of a client. */
export interface Request extends Client {
  /** It is also the result of its handler. */
  readonly name: string
}

/** What a request can be in the middle of at the same time: its main flow, and the renewal of its lease. */
export type Task = 'main' | 'renewal'

/** What one task of a request is told next, and the store's true time from then on. */
export interface Input {
  readonly nowMs: number
  /** `timer`: the next renewal is due. */
  readonly to: Task | 'timer'
  readonly told: 'start' | 'time' | 'woken' | 'no reply' | 'final error' | 'return' | 'throw' | Reply
}

/** What a task waits for. */
export type Pending =
  | { readonly kind: 'call'; readonly call: Call; readonly timeoutMs: number }
  | { readonly kind: 'sleep' }
  | { readonly kind: 'work'; readonly effect: string | undefined }

/** How a request ended. */
export interface Answer {
  readonly kind: 'answer'
  readonly outcomes: readonly Outcome[]
  /** The result it was answered with, if any. */
  readonly value: unknown
}

/** A claim as its run believes in it. */
export interface Lease {
  /** The request's name. */
  readonly holder: string
  /** Until when the run takes the claim for its own, in true time. */
  readonly untilMs: number
}

/** What a request waits for after it was told something. */
export interface Output {
  readonly main: Pending | Answer
  readonly renewal: Pending | undefined
  /** When the next renewal is due, in true time. */
  readonly timerMs: number | undefined
  /** When its host ends it, in true time, if it does. */
  readonly endsAtMs: number | undefined
  /** Set while its handler runs under a claim. */
  readonly lease: Lease | undefined
  /** What no request should ever come to. */
  readonly defect: string | undefined
}

/** Breaks what the real code is given, to see whether the explorer notices. */
export type SettingsBug = (settings: Settings) => Settings

/** A request in progress in the real code: it stands still until told something. */
export interface Caller {
  tell(input: Input): Promise<Output>
}

export function createCaller(request: Request, bug: SettingsBug): Caller {
  const { name, host, clockAheadMs } = request
  const task = new AsyncLocalStorage<Task>()
  const pending: Partial<Record<Task, Pending | Answer | undefined>> = {}
  const hear: Partial<Record<Task, (told: Input['told']) => void>> = {}
  const outcomes: Outcome[] = []
  let trueMs = 0
  let timer: { readonly dueMs: number; readonly onTime: () => void } | undefined
  let claim: Claim | undefined
  let isLost = false
  let lastRead: Reply | undefined
  let deadlineMs: number | undefined
  let defect: string | undefined

  const ask = (what: Pending): Promise<Input['told']> =>
    new Promise((resolve) => {
      const of = task.getStore() ?? 'main'
      pending[of] = what
      hear[of] = resolve
    })

  const send = async (call: Call, timeoutMs: number): Promise<Reply> => {
    if (call.op === 'read') lastRead = undefined
    const told = await ask({ kind: 'call', call, timeoutMs })
    if (typeof told === 'string') throw new StoreUnavailableError(told, { retryable: told === 'no reply' })
    const { storeStepMs } = request
    const reply = { ...told, nowMs: Math.floor(told.nowMs / storeStepMs) * storeStepMs }
    if (call.op === 'read') lastRead = reply
    if (call.op === 'renew' && told.kind === 'refused') isLost = told.record?.value.owner !== call.claim.owner
    return reply
  }

  const clock: Clock = {
    nowMs: () => trueMs + clockAheadMs,
    sleep: async () => {
      await ask({ kind: 'sleep' })
    },
    setTimer(durationMs, onTime) {
      const set = { dueMs: trueMs + Math.ceil(durationMs / TIMER_STEP_MS) * TIMER_STEP_MS, onTime }
      timer = set
      return () => {
        if (timer === set) timer = undefined
      }
    },
  }

  /** The lease of the handler that runs: over at once if the run knows that it has lost it. */
  const leaseOf = ({ lease, leaseUntilMs, isHeld, lost }: Claim): Lease => {
    const isOver = !isHeld || lost?.signal.aborted === true
    const untilMs = actsUntilMs(leaseUntilMs) - lease.offsetMs - clockAheadMs
    return { holder: name, untilMs: isOver ? 0 : untilMs }
  }

  const work: Desk['work'] = async (effect) => {
    const isUnderLease = claim !== undefined && leaseOf(claim).untilMs > trueMs
    if (effect === 'reserve' && !isUnderLease) defect ??= 'it begins a step under a lapsed lease'
    if ((await ask({ kind: 'work', effect })) === 'throw') throw new HandlerError('the handler failed')
  }

  /** What is wrong with running at this moment. */
  const faultOfStart = ({ isInDoubt }: Claim): string | undefined => {
    const seen = isInDoubt ? lastRead?.record?.value : undefined
    if (seen?.status === 'completed') return 'it runs although its last read shows a result'
    if (lastRead && seen && seen.leaseUntilMs > lastRead.nowMs) {
      return 'it runs unprotected although its last read shows a live claim'
    }
    const leftMs = request.waitMs > 0 && deadlineMs !== undefined ? deadlineMs - trueMs : MIN_REMAINING_MS
    return leftMs < MIN_REMAINING_MS ? `it begins ${leftMs} ms before its deadline` : undefined
  }

  const answerOf = (): Promise<unknown> => {
    const settings = bug({
      entry: 'caller',
      store: remoteStore(name, send),
      clock,
      skew: { offsetMs: 0 },
      retentionMs: RETENTION_MS,
      leaseMs: request.leaseMs,
      renewEveryMs: request.renewEveryMs,
      minRemainingMs: MIN_REMAINING_MS,
      onCrash: request.onCrash,
      waitMs: request.waitMs,
      onStoreError: request.onStoreError,
      onOutcome: ({ outcome }) => outcomes.push(outcome),
    })
    // Where the host gives a deadline, it gives it in its own time, whatever the clock of the process says.
    deadlineMs = host === 'none' ? undefined : trueMs + TERM_MS
    const startedAtMs = clock.nowMs()
    const isDeadlineEnforced = host === 'lambda'
    const asked: ProtectedRequest = {
      invocation: {
        event: undefined,
        context: undefined,
        service: 'payments',
        startedAtMs,
        deadlineMs,
        isDeadlineEnforced,
      },
      id: RECORD_ID,
      key: 'k1',
      fingerprint: request.fingerprint,
      maxWaitMs: request.waitMs,
      responder: valueResponder,
      source: undefined,
    }
    return protect(settings, asked, async (attempt, held) => {
      claim = held
      isLost = false
      defect ??= faultOfStart(held)
      try {
        return await request.handler({ attempt, renew: () => renew(held), work }, name)
      } finally {
        claim = undefined
      }
    })
  }

  const run = async (): Promise<void> => {
    let value: unknown
    try {
      value = await answerOf()
    } catch (error) {
      const isExpected = error instanceof OncekeyError || error instanceof HandlerError
      if (!isExpected) defect ??= `it failed: ${String(error)}`
    }
    pending.main = { kind: 'answer', outcomes, value }
  }

  return {
    async tell({ nowMs, to, told }) {
      trueMs = nowMs
      if (to === 'timer') {
        const due = timer
        timer = undefined
        task.run('renewal', () => due?.onTime())
      } else {
        pending[to] = undefined
        if (told === 'start') void run()
        else hear[to]?.(told)
      }
      // Until nothing is left to do in the process.
      await setImmediate()
      const { main = { kind: 'sleep' }, renewal } = pending
      if (pending.main === undefined) defect ??= 'it waits for nothing that can come'
      const isTold = claim === undefined || claim.isInDoubt || claim.lost?.signal.aborted === true
      if (isLost && !isTold) defect ??= 'it is not told that its claim is lost'
      return {
        main,
        renewal: renewal?.kind === 'answer' ? undefined : renewal,
        timerMs: timer?.dueMs,
        endsAtMs: host === 'lambda' ? deadlineMs : undefined,
        lease: claim === undefined || claim.isInDoubt ? undefined : leaseOf(claim),
        defect,
      }
    },
  }
}
