import type { Page } from 'playwright-core'
import type { LocalStack } from '../../infra/local/start-local.ts'

type Scenario = 'calm' | 'double-click' | 'lose-reply' | 'crash' | 'other-amount' | 'other-user'

/** The timeout of a scenario on a busy machine: a lease has to lapse, and sandboxes have to load. */
export const SCENARIO_TIMEOUT_MS = 90_000

/** The timeout of everything else. */
const DEFAULT_TIMEOUT_MS = 30_000

/** The checkout page, with functions to use and read it. */
export interface Checkout {
  readonly page: Page
  choose(
    scenario: Scenario,
    options?: { readonly clicks?: number; readonly isUnprotected?: boolean },
  ): Promise<void>
  pay(): Promise<void>
  /** Waits until the requests have ended, and returns the summary. */
  summary(): Promise<string | null>
  /** Returns the outcomes of each request's attempts: `['killed', 'in-flight', 'taken-over']`. */
  attempts(): Promise<string[][]>
  /** Returns the text of each record. */
  records(): Promise<string[]>
}

export async function openCheckout(page: Page, url: string): Promise<Checkout> {
  page.setDefaultTimeout(DEFAULT_TIMEOUT_MS)
  await page.goto(url)
  return {
    page,
    async choose(scenario, { clicks, isUnprotected = false } = {}) {
      await page.locator(`input[name="scenario"][value="${scenario}"]`).check()
      if (clicks !== undefined) await page.getByRole('slider', { name: 'Clicks' }).fill(`${clicks}`)
      await page.getByRole('checkbox', { name: 'Protection' }).setChecked(!isUnprotected)
    },
    pay: () => page.getByRole('button', { name: 'Pay' }).click(),
    async summary() {
      await page
        .locator('#summary:is([data-tone="good"], [data-tone="bad"], [data-tone="unclear"])')
        .waitFor({ timeout: SCENARIO_TIMEOUT_MS })
      return page.locator('#summary-text').textContent()
    },
    async attempts() {
      const rows = await page.locator('#timeline > li').all()
      return Promise.all(
        rows.map(async (row) => {
          const chips = await row.locator('.chip').all()
          return Promise.all(chips.map(async (chip) => String(await chip.getAttribute('data-outcome'))))
        }),
      )
    },
    records: () => page.locator('#records > li').allInnerTexts(),
  }
}

/** Reads the booked payments from the API and the charges from the payment provider. */
export async function readBooks(stack: LocalStack): Promise<{
  readonly booked: readonly string[]
  readonly charged: readonly string[]
}> {
  const response = await fetch(`${stack.url}/payments`)
  const { payments }: { payments: { customer: string; amount: number }[] } = JSON.parse(await response.text())
  const charges: { customer: string; amount: number }[] = stack.provider.charges.map(({ order }) =>
    Object(order),
  )
  const line = ({ customer, amount }: { customer: string; amount: number }) => `${customer} ${amount}`
  return { booked: payments.map(line), charged: charges.map(line) }
}
