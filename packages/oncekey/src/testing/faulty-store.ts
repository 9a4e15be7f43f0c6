import { StoreUnavailableError } from '../core/errors.ts'
import type { Store } from '../core/store.ts'

/** A failure of a store's method. */
export interface Fault {
  /** The call that fails, counted from now: 1 is the next one. @default 1 */
  readonly call?: number
  /** The number of calls in a row that fail. `Infinity` is an outage until `recover`. @default 1 */
  readonly times?: number
  /**
   * What is lost: with the `request` nothing happens, and with the `reply` the call takes effect, but its caller does
   * not know. @default 'request'
   */
  readonly lost?: 'request' | 'reply'
  /** The error that the call rejects with. @default a `StoreUnavailableError` that may be retried */
  readonly error?: Error
}

/** A store whose calls fail on demand. */
export interface FaultyStore extends Store {
  /** Makes calls of a method fail. Of several faults that apply to a call, the latest counts. */
  fail(method: keyof Store, fault?: Fault): void
  /** Ends all faults. */
  recover(): void
  /** The names of the methods called so far, in order, calls that failed included. */
  readonly calls: readonly (keyof Store)[]
}

interface Planned extends Fault {
  readonly method: keyof Store
  callsSoFar: number
}

/**
 * Returns a store that works as `store` does until it is told to fail. Oncekey retries what may be retried: a single
 * lost request or reply changes nothing for the caller, and an outage takes more `times` than there are retries.
 */
export function faultyStore(store: Store): FaultyStore {
  let faults: Planned[] = []
  const calls: (keyof Store)[] = []

  const faultOf = (method: keyof Store): Fault | undefined => {
    let failing: Fault | undefined
    for (const fault of faults) {
      if (fault.method !== method) continue
      fault.callsSoFar += 1
      const { call = 1, times = 1 } = fault
      if (fault.callsSoFar >= call && fault.callsSoFar < call + times) failing = fault
    }
    return failing
  }
  const intercept =
    <Args extends unknown[], Reply>(method: keyof Store, send: (...args: Args) => Promise<Reply>) =>
    async (...args: Args): Promise<Reply> => {
      calls.push(method)
      const fault = faultOf(method)
      if (fault === undefined) return send(...args)
      if (fault.lost === 'reply') await send(...args)
      throw (
        fault.error ??
        new StoreUnavailableError(`The ${fault.lost ?? 'request'} was lost.`, { retryable: true })
      )
    }

  const { commit } = store
  return {
    insert: intercept('insert', (...args) => store.insert(...args)),
    replace: intercept('replace', (...args) => store.replace(...args)),
    takeover: intercept('takeover', (...args) => store.takeover(...args)),
    complete: intercept('complete', (...args) => store.complete(...args)),
    release: intercept('release', (...args) => store.release(...args)),
    saveStep: intercept('saveStep', (...args) => store.saveStep(...args)),
    renew: intercept('renew', (...args) => store.renew(...args)),
    ...(commit && { commit: intercept('commit', commit.bind(store)) }),
    read: intercept('read', (...args) => store.read(...args)),
    offload: intercept('offload', (...args) => store.offload(...args)),
    load: intercept('load', (...args) => store.load(...args)),
    fail: (method, fault = {}) => void faults.push({ ...fault, method, callsSoFar: 0 }),
    recover: () => {
      faults = []
    },
    calls,
  }
}
