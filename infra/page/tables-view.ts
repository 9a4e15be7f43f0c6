import type { DemoRecord, DemoState } from './demo-state.ts'
import { byId, element, firstItems } from './dom.ts'
import { formatMoney, formatRemaining, formatSeconds, shorten } from './format.ts'

const MAX_PAYMENTS = 60
const MAX_BALANCES = 4
const MAX_RECORDS = 20

/** Shows the ledger and the number of charges. `isNew` marks the payments of the last run. */
export function showLedger({ payments, balances, charges }: DemoState, isNew: (id: string) => boolean): void {
  const customers = balances.length > 0 ? balances : [{ customer: 'Ada', currency: 'EUR', balance: 0 }]
  byId('figures', HTMLDListElement).replaceChildren(
    ...customers
      .slice(0, MAX_BALANCES)
      .map(({ customer, currency, balance }) =>
        figure(`${customer}’s wallet`, formatMoney(balance, currency)),
      ),
    ...(balances.length > MAX_BALANCES
      ? [figure('Other wallets', String(balances.length - MAX_BALANCES))]
      : []),
    figure('Payments booked', String(payments.length)),
    figure('Card charges', String(charges.length)),
  )
  byId('payments', HTMLTableSectionElement).replaceChildren(
    ...firstItems(payments, MAX_PAYMENTS, 'payments-more').map(
      ({ id, customer, amount, currency, createdAt }) =>
        element(
          'tr',
          isNew(id) ? 'new' : '',
          element('td', '', new Date(createdAt).toLocaleTimeString('en-GB')),
          element('td', '', customer),
          element('td', 'number', formatMoney(amount, currency)),
          element('td', 'payment-id', element('code', '', shorten(id))),
        ),
    ),
  )
  byId('payments-empty', HTMLElement).hidden = payments.length > 0
}

function figure(name: string, value: string): HTMLElement {
  return element('div', '', element('dt', '', name), element('dd', '', value))
}

const STATE_LABELS: Readonly<Record<DemoRecord['state'], string>> = {
  expired: 'expired',
  completed: 'completed',
  released: 'released',
  'in-flight': 'in progress',
  lapsed: 'lease lapsed',
}

/** Shows the records at `nowMs`, the server's time. */
export function showRecords({ records, leaseMs }: DemoState, nowMs: number): void {
  byId('records', HTMLUListElement).replaceChildren(
    ...firstItems(records, MAX_RECORDS, 'records-more').map((record) => card(record, nowMs, leaseMs)),
  )
  byId('records-empty', HTMLElement).hidden = records.length > 0
}

function card(record: DemoRecord, nowMs: number, leaseMs: number): HTMLElement {
  const { id, seen, state, attempt, leaseUntilMs, expiresAtMs } = record
  const chip = element('span', 'chip', STATE_LABELS[state])
  chip.dataset.state = state
  const title = element(
    'p',
    'record-title',
    element('code', '', seen === undefined ? `…${id.slice(-8)}` : shorten(seen.key)),
    seen?.user === undefined ? '' : ` ${seen.user}`,
    chip,
  )
  const facts = element(
    'p',
    'quiet',
    `attempt ${attempt} · ${state === 'expired' ? 'expired' : `expires in ${formatRemaining(expiresAtMs - nowMs)}`}`,
  )
  const item = element('li', 'record', title, facts)
  if (state === 'in-flight') {
    // The state is from the last poll and by the store's clock in whole seconds, so the lease may already have lapsed.
    const leftMs = Math.max(0, leaseUntilMs - nowMs)
    const meter = element('span', 'lease')
    meter.style.setProperty('--left', `${Math.min(100, (100 * leftMs) / leaseMs)}%`)
    meter.setAttribute('aria-hidden', 'true')
    item.append(element('p', 'lease-text', `lease lapses in ${formatSeconds(leftMs)}`), meter)
  }
  return item
}
