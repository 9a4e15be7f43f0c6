import type { DemoState } from './demo-state.ts'
import { byId } from './dom.ts'
import { showLedger, showRecords } from './tables-view.ts'

const POLL_BUSY_MS = 400
const POLL_IDLE_MS = 2_000
const REDRAW_MS = 200

/** The state of the tables, which the page shows and polls. */
export interface Tables {
  /** Reads the state now and shows it. */
  refresh(): Promise<DemoState>
  /** Empties the tables. */
  clear(): Promise<void>
  /** Marks payments that are not in this state as new from now on. */
  markNewSince(state: DemoState): void
}

/** Reads the state of the tables, or empties them first. @throws Error if the local server does not respond. */
export async function readState(method: 'GET' | 'DELETE' = 'GET'): Promise<DemoState> {
  const response = await fetch('/page/state', { method })
  if (!response.ok) throw new Error(`The local server answered ${response.status}.`)
  return response.json()
}

/** Shows the ledger and the records, and polls for changes: more often while `isBusy`. */
export function watchTables(isBusy: () => boolean): Tables {
  const connection = byId('connection', HTMLElement)
  let shown: DemoState | undefined
  let offsetMs = 0
  let known: ReadonlySet<string> | undefined

  function show(state: DemoState): DemoState {
    shown = state
    offsetMs = state.nowMs - Date.now()
    byId('crash-detail', HTMLElement).textContent =
      `After the charge, before anything is booked. The lease lasts ${state.crashLeaseMs / 1_000} s here, ${state.leaseMs / 1_000} s when deployed.`
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
        connection.textContent = 'The local server does not respond. Start it again: npm start'
      }
    }
    setTimeout(() => void poll(), isBusy() ? POLL_BUSY_MS : POLL_IDLE_MS)
  }

  void poll()
  // The remaining lease time changes between two polls.
  setInterval(() => {
    if (shown?.records.some(({ state }) => state === 'in-flight')) showRecords(shown, Date.now() + offsetMs)
  }, REDRAW_MS)

  return {
    refresh: async () => show(await readState()),
    async clear() {
      known = undefined
      show(await readState('DELETE'))
    },
    markNewSince(state) {
      known = new Set(state.payments.map(({ id }) => id))
    },
  }
}
