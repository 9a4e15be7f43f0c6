import type { DemoRecord, DemoState } from './demo-state.ts'
import { byId, element } from './element.ts'
import { duration, seconds, short } from './words.ts'

const MOST_ROWS = 20

type Standing = 'expired' | 'completed' | 'released' | 'in-flight' | 'lapsed'

const STANDING_WORDS: Readonly<Record<Standing, string>> = {
  expired: 'expired',
  completed: 'completed',
  released: 'released',
  'in-flight': 'in flight',
  lapsed: 'lease lapsed',
}

/** Shows the records as they stand at `nowMs`, the server's time. */
export function showRecords({ records, timeoutMs }: DemoState, nowMs: number): void {
  byId('records', HTMLUListElement).replaceChildren(
    ...records.slice(0, MOST_ROWS).map((record) => card(record, nowMs, timeoutMs)),
  )
  byId('records-empty', HTMLElement).hidden = records.length > 0
}

function card(record: DemoRecord, nowMs: number, timeoutMs: number): HTMLElement {
  const { id, seen, attempt, leaseUntilMs, expiresAtMs } = record
  const standing = standingOf(record, nowMs)
  const state = element('span', 'chip', STANDING_WORDS[standing])
  state.dataset.standing = standing
  const title = element(
    'p',
    'record-title',
    element('code', '', seen === undefined ? `…${id.slice(-8)}` : short(seen.key)),
    seen?.user === undefined ? '' : ` ${seen.user}`,
    state,
  )
  const facts = element(
    'p',
    'quiet',
    `attempt ${attempt} · ${standing === 'expired' ? 'expired' : `expires in ${duration(expiresAtMs - nowMs)}`}`,
  )
  const made = element('li', 'record', title, facts)
  if (standing === 'in-flight') {
    const leftMs = leaseUntilMs - nowMs
    const meter = element('span', 'lease')
    meter.style.setProperty('--left', `${Math.min(100, (100 * leftMs) / (timeoutMs + LEASE_MARGIN_MS))}%`)
    meter.setAttribute('aria-hidden', 'true')
    made.append(element('p', 'lease-words', `lease lapses in ${seconds(leftMs)}`), meter)
  }
  return made
}

/** What the library adds to the deadline; here only for the length of a bar. */
const LEASE_MARGIN_MS = 2_000

function standingOf({ status, leaseUntilMs, expiresAtMs }: DemoRecord, nowMs: number): Standing {
  if (nowMs >= expiresAtMs) return 'expired'
  if (status === 'completed') return 'completed'
  if (leaseUntilMs === 0) return 'released'
  return nowMs < leaseUntilMs ? 'in-flight' : 'lapsed'
}
