/** What the demo's tables and its card company hold, as the page asks for it. Instants are epoch milliseconds. */
export interface DemoState {
  readonly nowMs: number
  /** How long a run that is cut off holds its key: the function's, and one that is to be killed here. */
  readonly leaseMs: number
  readonly crashLeaseMs: number
  /** The ledger, the latest first. */
  readonly payments: readonly {
    readonly id: string
    readonly customer: string
    /** Minor units. */
    readonly amount: number
    readonly currency: string
    readonly createdAt: string
  }[]
  readonly balances: readonly {
    readonly customer: string
    readonly currency: string
    readonly balance: number
  }[]
  /** What the card company charged. */
  readonly charges: readonly { readonly id: string; readonly customer: string; readonly amount: number }[]
  /** The table's records, the latest first. */
  readonly records: readonly DemoRecord[]
}

export interface DemoRecord {
  readonly id: string
  /** Whose request made it, where this machine saw the request. */
  readonly seen?: { readonly key: string; readonly user?: string }
  /** As the library judges it; told, because its code for that needs Node. */
  readonly state: 'in-flight' | 'lapsed' | 'released' | 'completed' | 'expired'
  readonly attempt: number
  /** 0 if nobody holds the record. */
  readonly leaseUntilMs: number
  readonly expiresAtMs: number
  readonly createdAtMs: number
}
