import type { IdempotencyRecord, InFlightRecord } from '../../packages/oncekey/src/core/record.ts'
import type { StoredResult } from '../../packages/oncekey/src/core/result.ts'
import type {
  Commit,
  Completion,
  LeaseChange,
  Owner,
  Seen,
  WriteReply,
} from '../../packages/oncekey/src/core/store.ts'
import type { Interned } from './interner.ts'

/** What a caller sends to the store: one method of `Store` and its arguments. */
export type Call =
  | { readonly op: 'insert'; readonly record: InFlightRecord }
  | { readonly op: 'replace' | 'takeover'; readonly record: InFlightRecord; readonly seen: Seen }
  | { readonly op: 'complete'; readonly claim: Owner; readonly completion: Completion }
  | { readonly op: 'commit'; readonly claim: Owner; readonly completion: Commit }
  | { readonly op: 'release'; readonly claim: Owner }
  | {
      readonly op: 'saveStep'
      readonly claim: Owner
      readonly name: string
      readonly result: StoredResult
    }
  | { readonly op: 'renew'; readonly claim: Owner; readonly lease: LeaseChange }
  | { readonly op: 'read'; readonly id: string }

/** What the store sends back. `busy` is a transaction's conflict; `seen` answers a read. */
export interface Reply {
  readonly kind: WriteReply['kind'] | 'busy' | 'seen'
  readonly record: Interned<IdempotencyRecord> | undefined
  /** The store's time when it answered, which may be long before the reply is read. */
  readonly nowMs: number
}

/** A call as it lies in the network. */
export interface Packet {
  readonly call: Interned<Call>
  /** Which request sent it: `A1` is the first of client A. */
  readonly from: string
}

export function isClaim(call: Call): call is Extract<Call, { readonly record: InFlightRecord }> {
  return call.op === 'insert' || call.op === 'replace' || call.op === 'takeover'
}
