import { cut } from './cut.ts'
import type { DemoState } from './demo-state.ts'
import { byId, element } from './element.ts'
import { money, short } from './words.ts'

const MOST_ROWS = 60
const MOST_BALANCES = 4

/** Shows the ledger, and beside what it holds what the card company charged. `isNew` marks rows of the last story. */
export function showLedger({ payments, balances, charges }: DemoState, isNew: (id: string) => boolean): void {
  const customers = balances.length > 0 ? balances : [{ customer: 'Ada', currency: 'EUR', balance: 0 }]
  byId('figures', HTMLDListElement).replaceChildren(
    ...customers
      .slice(0, MOST_BALANCES)
      .map(({ customer, currency, balance }) => figure(`${customer}’s balance`, money(balance, currency))),
    ...(balances.length > MOST_BALANCES
      ? [figure('Other balances', String(balances.length - MOST_BALANCES))]
      : []),
    figure('Payments booked', String(payments.length)),
    figure('Card charges', String(charges.length)),
  )
  byId('payments', HTMLTableSectionElement).replaceChildren(
    ...cut(payments, MOST_ROWS, 'payments-more').map(({ id, customer, amount, currency, createdAt }) => {
      const row = element(
        'tr',
        isNew(id) ? 'new' : '',
        element('td', '', new Date(createdAt).toLocaleTimeString('en-GB')),
        element('td', '', customer),
        element('td', 'number', money(amount, currency)),
        element('td', 'payment-id', element('code', '', short(id))),
      )
      return row
    }),
  )
  byId('payments-empty', HTMLElement).hidden = payments.length > 0
}

function figure(name: string, value: string): HTMLElement {
  return element('div', '', element('dt', '', name), element('dd', '', value))
}
