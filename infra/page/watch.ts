import type { DemoState } from './demo-state.ts'
import { byId } from './element.ts'
import { showLedger } from './ledger-view.ts'
import { readState } from './read-state.ts'
import { showRecords } from './records-view.ts'

const POLL_BUSY_MS = 400
const POLL_IDLE_MS = 2_000
const REDRAW_MS = 200

export interface Watch {
  /** Reads what the tables hold, now, and shows it. */
  refresh(): Promise<DemoState>
  /** Empties the tables. */
  clear(): Promise<void>
  /** From here on, payments that come are marked as new. */
  mark(state: DemoState): void
}

/** Keeps the ledger and the records on the page as they are in the tables. */
export function watchTables(isBusy: () => boolean): Watch {
  const connection = byId('connection', HTMLElement)
  let shown: DemoState | undefined
  let offsetMs = 0
  let known: ReadonlySet<string> | undefined

  function show(state: DemoState): DemoState {
    shown = state
    offsetMs = state.nowMs - Date.now()
    byId('crash-words', HTMLElement).textContent =
      `After the charge, before anything is booked. Its lease lasts ${state.crashLeaseMs / 1_000} s here, ${state.leaseMs / 1_000} s as deployed.`
    showLedger(state, (id) => known !== undefined && !known.has(id))
    showRecords(state, state.nowMs)
    return state
  }

  async function poll(): Promise<void> {
    if (!document.hidden) {
      try {
        show(await readState())
        if (connection.textContent !== '') connection.textContent = ''
      } catch {
        connection.textContent = 'The local server does not answer. Start it again: npm start'
      }
    }
    setTimeout(() => void poll(), isBusy() ? POLL_BUSY_MS : POLL_IDLE_MS)
  }

  void poll()
  // Leases run down between two looks at the table, too.
  setInterval(() => {
    if (shown?.records.some(({ state }) => state === 'in-flight')) showRecords(shown, Date.now() + offsetMs)
  }, REDRAW_MS)

  return {
    refresh: async () => show(await readState()),
    async clear() {
      known = undefined
      show(await readState('DELETE'))
    },
    mark(state) {
      known = new Set(state.payments.map(({ id }) => id))
    },
  }
}
