import { setImmediate } from 'node:timers/promises'
import { OncekeyError, StoreUnavailableError } from '../../packages/oncekey/src/core/errors.ts'
import type { Outcome } from '../../packages/oncekey/src/core/outcome.ts'
import { protect } from '../../packages/oncekey/src/core/protect.ts'
import type { CrashMode } from '../../packages/oncekey/src/core/record.ts'
import { renew } from '../../packages/oncekey/src/core/renew.ts'
import type { ProtectedRequest, Settings } from '../../packages/oncekey/src/core/request.ts'
import { valueResponder } from '../../packages/oncekey/src/sources/request.ts'
// Loaded on first use: a request must not wait for a file while it is told what happens.
import '../../packages/oncekey/src/features/commit.ts'
import '../../packages/oncekey/src/features/step.ts'
import { type Desk, type Handler, HandlerError } from './handlers.ts'
import { type Call, isClaim, type Reply } from './packets.ts'
import { remoteStore } from './remote-store.ts'

export const RECORD_ID = 'payments#1'
/** After this a call has used up what time its caller gives it, but no lease has lapsed. */
export const LONG_MS = 5_000
/** After this every lease has lapsed, and after two a record has expired. */
export const LAPSE_MS = 20_000
/** What a request may take; its claim ends 2 s after its deadline. */
const TERM_MS = LONG_MS
const LEASE_MS = TERM_MS + 2_000
const RETENTION_MS = 2 * LAPSE_MS - LEASE_MS

/** Who asks for the key, and what would run for it. */
export interface Client {
  readonly fingerprint: string
  readonly handler: Handler
  readonly term: 'deadline' | 'duration'
  readonly onCrash: CrashMode
  readonly waitMs: number
  /** How far the clock of its process is ahead of the store's. */
  readonly clockAheadMs: number
}

/** One request of a client. */
export interface Request extends Client {
  /** It is also the result of its handler. */
  readonly name: string
}

/** What a request is told next, and the store's true time from then on. */
export interface Input {
  readonly nowMs: number
  readonly told: 'start' | 'woken' | 'no reply' | 'return' | 'throw' | Reply
}

/** A claim as its run believes in it. */
export interface Lease {
  readonly owner: string
  readonly leaseUntilMs: number
}

/** How a request ended. */
export interface Answer {
  readonly kind: 'answer'
  readonly outcomes: readonly Outcome[]
  /** The result it was answered with, if any. */
  readonly value: unknown
  /** What no request should ever come to. */
  readonly defect: string | undefined
}

/** What a request does, and then waits for. `lease` is set for as long as its handler runs. */
export type Output = { readonly lease?: Lease | undefined } & (
  | { readonly kind: 'call'; readonly call: Call }
  | { readonly kind: 'sleep' }
  | { readonly kind: 'work'; readonly effect: string | undefined }
  | Answer
)

/** A request under way in the real code: it stands still until told something. */
export interface Caller {
  tell(input: Input): Promise<Output>
}

export function createCaller(request: Request): Caller {
  let clockMs = 0
  let lease: Lease | undefined
  let isRunning = false
  let hear = (_: Input['told']): void => undefined
  let say = (_: Output): void => undefined

  const ask = (output: Output): Promise<Input['told']> =>
    new Promise((resolve) => {
      hear = resolve
      say(isRunning ? { ...output, lease } : output)
    })

  const send = async (call: Call): Promise<Reply> => {
    if (isClaim(call)) lease = { owner: call.record.owner, leaseUntilMs: call.record.leaseUntilMs }
    const told = await ask({ kind: 'call', call })
    if (typeof told === 'string') throw new StoreUnavailableError(told, { retryable: true })
    if (call.op === 'renew') {
      const { owner, leaseUntilMs } = told.record?.value ?? { ...call.claim, ...call.lease }
      if (owner === call.claim.owner && leaseUntilMs > 0) lease = { owner, leaseUntilMs }
    }
    return told
  }

  const work: Desk['work'] = async (effect) => {
    if ((await ask({ kind: 'work', effect })) === 'throw') throw new HandlerError('the handler failed')
  }

  const clock = {
    nowMs: () => clockMs,
    sleep: async () => {
      await ask({ kind: 'sleep' })
    },
  }

  const outcomes: Outcome[] = []
  const answerOf = async (): Promise<unknown> => {
    const settings: Settings = {
      store: remoteStore(request.name, send),
      clock,
      skew: { offsetMs: 0 },
      retentionMs: RETENTION_MS,
      leaseMs: LEASE_MS,
      onCrash: request.onCrash,
      waitMs: request.waitMs,
      onStoreError: 'refuse',
      onOutcome: ({ outcome }) => outcomes.push(outcome),
    }
    // Where the host gives a deadline, it gives it in its own time, whatever the clock of the process says.
    const deadlineMs = request.term === 'deadline' ? clockMs - request.clockAheadMs + TERM_MS : undefined
    const asked: ProtectedRequest = {
      invocation: {
        event: undefined,
        context: undefined,
        service: 'payments',
        startedAtMs: clockMs,
        deadlineMs,
      },
      id: RECORD_ID,
      key: 'k1',
      fingerprint: request.fingerprint,
      maxWaitMs: request.waitMs,
      responder: valueResponder,
      source: undefined,
    }
    return protect(settings, asked, async (attempt, claim) => {
      isRunning = true
      try {
        return await request.handler({ attempt, renew: () => renew(claim), work }, request.name)
      } finally {
        isRunning = false
      }
    })
  }

  const run = async (): Promise<void> => {
    const answer = { kind: 'answer', outcomes } as const
    try {
      const value = await answerOf()
      say({ ...answer, value, defect: undefined })
    } catch (error) {
      const isForeseen = error instanceof OncekeyError || error instanceof HandlerError
      say({ ...answer, value: undefined, defect: isForeseen ? undefined : `it failed: ${String(error)}` })
    }
  }

  const stuck = async (): Promise<Output> => {
    await setImmediate()
    return { kind: 'answer', outcomes, value: undefined, defect: 'it waits for nothing that can come' }
  }

  return {
    tell({ nowMs, told }) {
      clockMs = nowMs + request.clockAheadMs
      const said = new Promise<Output>((resolve) => {
        say = resolve
      })
      if (told === 'start') void run()
      else hear(told)
      return Promise.race([said, stuck()])
    },
  }
}
