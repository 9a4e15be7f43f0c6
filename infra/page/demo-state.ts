/** The contents of the demo's tables and the charges of the payment provider. Times are epoch milliseconds. */
export interface DemoState {
  readonly nowMs: number
  /** Identifies the contents: another one after the tables were emptied, or the server was started again. */
  readonly contentsId: string
  /** The lease that an interrupted run leaves behind. */
  readonly leaseMs: number
  /** The same for a run that the demo kills, which has a shorter timeout. */
  readonly crashLeaseMs: number
  /** The ledger, newest first. */
  readonly payments: readonly {
    readonly id: string
    readonly customer: string
    /** In minor units. */
    readonly amount: number
    readonly currency: string
    readonly createdAt: string
  }[]
  readonly balances: readonly {
    readonly customer: string
    readonly currency: string
    readonly balance: number
  }[]
  /** The charges of the payment provider. */
  readonly charges: readonly { readonly id: string; readonly customer: string; readonly amount: number }[]
  /** The idempotency records, newest first. */
  readonly records: readonly DemoRecord[]
}

export interface DemoRecord {
  readonly id: string
  /** The key and the user of its request, if this server has seen the request. */
  readonly seen?: { readonly key: string; readonly user?: string }
  /** Computed by the server, because the library's code for it needs Node.js. */
  readonly state: 'in-flight' | 'lapsed' | 'released' | 'completed' | 'expired'
  readonly attempt: number
  /** 0 if the record is completed or released. */
  readonly leaseUntilMs: number
  readonly expiresAtMs: number
  readonly createdAtMs: number
}
