import type { Page } from 'playwright-core'
import type { LocalStack } from '../../infra/local/start-local.ts'

type Scenario = 'calm' | 'double-click' | 'lose-reply' | 'crash' | 'other-amount' | 'other-user'

/** What a story may take on a busy machine: a lease that runs out, and sandboxes that load. */
export const STORY_TIMEOUT_MS = 90_000

/** What anything else may take. */
const LOOK_TIMEOUT_MS = 30_000

/** The page, and the hands and eyes to use it. */
export interface Checkout {
  readonly page: Page
  choose(
    scenario: Scenario,
    options?: { readonly clicks?: number; readonly isUnprotected?: boolean },
  ): Promise<void>
  pay(): Promise<void>
  /** Waits until the page says what happened. */
  told(): Promise<string | null>
  /** Each request on the time line, as its attempts: `['killed', 'in-flight', 'taken-over']`. */
  attempts(): Promise<string[][]>
  /** Each record's text. */
  records(): Promise<string[]>
}

export async function openCheckout(page: Page, url: string): Promise<Checkout> {
  page.setDefaultTimeout(LOOK_TIMEOUT_MS)
  await page.goto(url)
  return {
    page,
    async choose(scenario, { clicks, isUnprotected = false } = {}) {
      await page.locator(`input[name="scenario"][value="${scenario}"]`).check()
      if (clicks !== undefined) await page.getByRole('slider', { name: 'Clicks' }).fill(`${clicks}`)
      await page.getByRole('checkbox', { name: 'Protection' }).setChecked(!isUnprotected)
    },
    pay: () => page.getByRole('button', { name: 'Pay' }).click(),
    async told() {
      await page
        .locator('#happened:is([data-tone="good"], [data-tone="bad"], [data-tone="unclear"])')
        .waitFor({ timeout: STORY_TIMEOUT_MS })
      return page.locator('#words').textContent()
    },
    async attempts() {
      const rows = await page.locator('#time-line > li').all()
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

/** What was charged and booked, from the API and the card company themselves. */
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
