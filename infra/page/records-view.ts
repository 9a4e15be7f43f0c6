import { cut } from './cut.ts'
import type { DemoRecord, DemoState } from './demo-state.ts'
import { byId, element } from './element.ts'
import { duration, seconds, short } from './words.ts'

const MOST_ROWS = 20

const STATE_WORDS: Readonly<Record<DemoRecord['state'], string>> = {
  expired: 'expired',
  completed: 'completed',
  released: 'released',
  'in-flight': 'in flight',
  lapsed: 'lease lapsed',
}

/** Shows the records as they stand at `nowMs`, the server's time. */
export function showRecords({ records, leaseMs }: DemoState, nowMs: number): void {
  byId('records', HTMLUListElement).replaceChildren(
    ...cut(records, MOST_ROWS, 'records-more').map((record) => card(record, nowMs, leaseMs)),
  )
  byId('records-empty', HTMLElement).hidden = records.length > 0
}

function card(record: DemoRecord, nowMs: number, leaseMs: number): HTMLElement {
  const { id, seen, state, attempt, leaseUntilMs, expiresAtMs } = record
  const chip = element('span', 'chip', STATE_WORDS[state])
  chip.dataset.state = state
  const title = element(
    'p',
    'record-title',
    element('code', '', seen === undefined ? `…${id.slice(-8)}` : short(seen.key)),
    seen?.user === undefined ? '' : ` ${seen.user}`,
    chip,
  )
  const facts = element(
    'p',
    'quiet',
    `attempt ${attempt} · ${state === 'expired' ? 'expired' : `expires in ${duration(expiresAtMs - nowMs)}`}`,
  )
  const made = element('li', 'record', title, facts)
  if (state === 'in-flight') {
    // The state is by the store's clock, which tells whole seconds, and of the last look at the table.
    const leftMs = Math.max(0, leaseUntilMs - nowMs)
    const meter = element('span', 'lease')
    meter.style.setProperty('--left', `${Math.min(100, (100 * leftMs) / leaseMs)}%`)
    meter.setAttribute('aria-hidden', 'true')
    made.append(element('p', 'lease-words', `lease lapses in ${seconds(leftMs)}`), meter)
  }
  return made
}
