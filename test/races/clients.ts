import type { CrashMode } from '../../packages/oncekey/src/core/record.ts'
import type { Settings } from '../../packages/oncekey/src/core/request.ts'
import {
  charges,
  commitsThenGoesOn,
  type Handler,
  renewsThenCharges,
  reservesThenCharges,
} from './handlers.ts'

export const RECORD_ID = 'payments#1'
/** After this a call has used up the time that its caller gives it. */
export const LONG_MS = 5_000
/** After this every lease has lapsed, and after two a record has expired. */
export const LAPSE_MS = 20_000
/** What a request may take, on a host that sets a deadline. */
export const TERM_MS = 5_000
/** Who asks for the key, and what would run for it. */
export interface Client {
  readonly fingerprint: string
  readonly handler: Handler
  /** `lambda` ends a run at its deadline, `managed` sets a deadline but lets the run go on, `none` sets none. */
  readonly host: 'lambda' | 'managed' | 'none'
  readonly leaseMs: number
  readonly renewEveryMs: number
  readonly onCrash: CrashMode
  readonly onStoreError: Settings['onStoreError']
  readonly waitMs: number
  /** How far the clock of its process is ahead of the store's. */
  readonly clockAheadMs: number
  /** The store's time is rounded down to a multiple of this, as the `Date` header is. */
  readonly storeStepMs: number
  /** Whether it writes through the Region that may be cut off. */
  readonly isFar: boolean
}

export const caller: Client = {
  fingerprint: 'f',
  handler: charges,
  host: 'lambda',
  leaseMs: TERM_MS,
  renewEveryMs: 3_000,
  onCrash: 'rerun',
  onStoreError: 'refuse',
  waitMs: 0,
  clockAheadMs: 0,
  storeStepMs: 1,
  isFar: false,
}
export const stepper: Client = { ...caller, handler: reservesThenCharges }
export const committer: Client = { ...caller, handler: commitsThenGoesOn }
export const stranger: Client = { ...caller, fingerprint: 'g' }
export const refuser: Client = { ...caller, onCrash: 'refuse' }
export const early: Client = { ...caller, clockAheadMs: 120_000 }
export const late: Client = { ...caller, clockAheadMs: -120_000 }
export const unprotected: Client = { ...caller, onStoreError: 'run' }
/** Its wait ends shortly before its deadline. */
export const hurried: Client = { ...caller, waitMs: 4_500 }
export const managed: Client = { ...caller, host: 'managed' }
export const worker: Client = { ...caller, host: 'none' }
export const renewer: Client = { ...worker, handler: renewsThenCharges }
export const waiter: Client = { ...worker, waitMs: 7_000 }
export const far: Client = { ...worker, isFar: true }
/** As far from the store's clock as the margin allows, with leases about as short. */
export const ahead: Client = { ...worker, clockAheadMs: 1_900, leaseMs: 2_000, renewEveryMs: 600 }
export const behind: Client = { ...ahead, clockAheadMs: -1_900, storeStepMs: 1_000 }
/** Further than that, which the whole seconds of the store's time nearly hide. */
export const tooLate: Client = { ...behind, clockAheadMs: -2_900 }
