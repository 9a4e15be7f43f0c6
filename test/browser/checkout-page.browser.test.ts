import { DeleteItemCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb'
import type { Browser, Page, Route } from 'playwright-core'
import { afterAll, beforeAll, beforeEach, describe, expect, inject, onTestFinished, test, vi } from 'vitest'
import { type LocalStack, startLocal } from '../../infra/local/start-local.ts'
import type { DemoRecord, DemoState } from '../../infra/page/demo-state.ts'
import { launchBrowser } from './browser.ts'
import { type Checkout, openCheckout, readBooks, SCENARIO_TIMEOUT_MS } from './checkout.ts'
import { readContrasts } from './contrast.ts'

vi.setConfig({ testTimeout: 2 * SCENARIO_TIMEOUT_MS })

const screenshots = 'reports/browser'

let stack: LocalStack
let browser: Browser

beforeAll(async () => {
  browser = await launchBrowser()
  stack = await startLocal({ port: 0, dynamoDbEndpoint: inject('dynamoDbEndpoint') })
}, 180_000)
afterAll(async () => {
  await browser?.close()
  await stack?.stop()
})
beforeEach(async () => {
  await fetch(`${stack.url}/page/state`, { method: 'DELETE' })
})

const RECORD: DemoRecord = {
  id: 'payments#1',
  state: 'completed',
  attempt: 1,
  leaseUntilMs: 0,
  expiresAtMs: Date.now() + 3_600_000,
  createdAtMs: Date.now(),
}
const PAYMENT: DemoState['payments'][number] = {
  id: 'p-1',
  customer: 'Ada',
  amount: 4200,
  currency: 'EUR',
  createdAt: '2030-01-01T00:00:00.000Z',
}

const PAID_ONCE_FOR_TWO =
  /^2 requests with one key: 1 executed, 1 replayed\..* Ada’s card was charged once \(€42\.00\), and the payment was booked once\.$/

async function readState(): Promise<DemoState> {
  return JSON.parse(await (await fetch(`${stack.url}/page/state`)).text())
}

/** Deletes the records, as if they had expired, but not the ledger. */
async function deleteRecords(): Promise<void> {
  const TableName = stack.environment.IDEMPOTENCY_TABLE ?? ''
  const client = new DynamoDBClient({
    endpoint: stack.dynamoDbEndpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  })
  onTestFinished(() => client.destroy())
  for (const { id } of (await readState()).records) {
    await client.send(new DeleteItemCommand({ TableName, Key: { id: { S: id } } }))
  }
}

async function open(options: Parameters<Browser['newPage']>[0] = {}): Promise<Checkout> {
  const page = await browser.newPage(options)
  onTestFinished(() => page.close())
  return openCheckout(page, stack.url)
}

describe('the checkout', () => {
  test('pays once when everything works, and replays the same request', async () => {
    const { page, pay, summary, attempts, records } = await open()
    await pay()
    expect(await summary()).toBe(
      'One request: the handler ran, and its response is stored for every repeat. Ada’s card was charged once (€42.00), and the payment was booked once.',
    )
    expect(await attempts()).toEqual([['executed']])
    expect(await page.locator('#payments tr').allInnerTexts()).toEqual([
      expect.stringMatching(/Ada\s+€42\.00/),
    ])
    expect(await page.locator('#figures').innerText()).toMatch(/Ada’s wallet\s+€42\.00/)
    expect(await records()).toEqual([expect.stringMatching(/completed[\s\S]*attempt 1 · expires in 2[34] h/)])

    await pay()
    await page.getByText(PAID_ONCE_FOR_TWO).waitFor()
    expect(await attempts()).toEqual([['executed'], ['replayed']])
    expect(await readBooks(stack)).toEqual({ booked: ['Ada 4200'], charged: ['Ada 4200'] })
  })

  test('pays the amount that was entered', async () => {
    const { page, pay, summary } = await open()
    await page.getByLabel('Amount in EUR').fill('0.29')
    await page.getByRole('button', { name: 'Pay €0.29' }).waitFor()
    await pay()
    await summary()
    expect(await readBooks(stack)).toEqual({ booked: ['Ada 29'], charged: ['Ada 29'] })
  })

  test('pays once for many clicks at once', async () => {
    const { choose, pay, summary, attempts } = await open()
    await choose('double-click', { clicks: 20 })
    await pay()
    expect(await summary()).toContain('20 requests with one key: 1 executed, 19 replayed.')
    const ends = (await attempts()).map((one) => one.at(-1))
    expect(ends.toSorted()).toEqual(['executed', ...Array.from({ length: 19 }, () => 'replayed')])
    expect(await readBooks(stack)).toEqual({ booked: ['Ada 4200'], charged: ['Ada 4200'] })
  })

  test.each([0, 60, 200, 350])('pays once for two clicks on Pay, %i ms apart', async (gapMs) => {
    const { page, attempts } = await open()
    // A warm function: it answers within some of these gaps, and not within others.
    await fetch(`${stack.url}/payments`)
    const at = await page.getByRole('button', { name: 'Pay' }).boundingBox()
    const [x, y] = [(at?.x ?? 0) + 10, (at?.y ?? 0) + 10]
    await page.mouse.click(x, y)
    await page.waitForTimeout(gapMs)
    await page.mouse.click(x, y)
    await page.getByText(PAID_ONCE_FOR_TWO).waitFor()
    expect((await attempts()).map((one) => one.at(-1)).toSorted()).toEqual(['executed', 'replayed'])
    expect(await readBooks(stack)).toEqual({ booked: ['Ada 4200'], charged: ['Ada 4200'] })
  })

  test('counts a click that comes while it reads the tables', async () => {
    const { page, pay } = await open()
    const pressWhileReading = async (route: Route) => {
      await pay()
      await route.continue()
    }
    await page.route(
      '**/payments',
      async (route) => {
        const response = await route.fetch()
        await page.route('**/page/state', pressWhileReading, { times: 1 })
        await route.fulfill({ response })
      },
      { times: 1 },
    )
    await pay()
    await page.getByText(PAID_ONCE_FOR_TWO).waitFor()
  })

  test('does not count what another customer has paid meanwhile', async () => {
    const { page, pay, summary } = await open()
    await pay()
    await summary()
    const other = await fetch(`${stack.url}/payments`, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'Idempotency-Key': crypto.randomUUID() },
      body: JSON.stringify({ amount: 100, currency: 'EUR', customer: 'Eve' }),
    })
    expect(other.status).toBe(201)
    await pay()
    await page.getByText(PAID_ONCE_FOR_TWO).waitFor()
  })

  test('opens a new order only when asked to, or when the form has changed', async () => {
    const { page, choose, pay, summary } = await open()
    const key = () => page.locator('#key').innerText()
    const first = await key()
    expect(first).toMatch(/^[0-9a-f-]{36}$/)
    await choose('double-click')
    expect(await key()).toBe(first)
    await pay()
    await summary()
    expect(await key()).toBe(first)

    await page.getByRole('button', { name: 'New order' }).click()
    const second = await key()
    expect(second).not.toBe(first)
    await page.getByText('A new order, with a new key. Press Pay.').waitFor()
    await pay()
    await summary()
    await choose('calm')
    expect(await key()).not.toBe(second)
    await pay()
    await summary()
    expect((await readBooks(stack)).booked).toEqual(['Ada 4200', 'Ada 4200', 'Ada 4200'])
  })

  test('pays once when the response is lost, and replays it to the client that retries', async () => {
    const { choose, pay, summary, attempts } = await open()
    await choose('lose-reply')
    await pay()
    expect(await summary()).toContain('got the stored response: replayed. Ada’s card was charged once')
    expect(await attempts()).toEqual([['lost', 'replayed']])
    expect(await readBooks(stack)).toEqual({ booked: ['Ada 4200'], charged: ['Ada 4200'] })
  })

  test('pays once when the run is killed midway: the next attempt takes over when the lease has lapsed', async () => {
    const { page, choose, pay, summary, attempts, records } = await open()
    await choose('crash')
    await pay()
    await page
      .locator('.lease-text')
      .getByText(/^lease lapses in \d\.\d s$/)
      .waitFor()
    expect(await readBooks(stack)).toEqual({ booked: [], charged: ['Ada 4200'] })
    const { records: held, crashLeaseMs } = await readState()
    const leaseMs = held.map(({ leaseUntilMs, createdAtMs }) => leaseUntilMs - createdAtMs)
    // The lease shown on the page, less the time from the invocation to the claim.
    expect(leaseMs).toEqual([expect.toSatisfy((ms) => ms <= crashLeaseMs && ms > crashLeaseMs - 2_000)])
    await page.getByText(`The lease lasts ${crashLeaseMs / 1_000} s here, 12 s when deployed.`).waitFor()

    expect(await summary()).toContain('the next attempt took over and finished')
    const [one = []] = await attempts()
    expect([one.at(0), one.at(1), one.at(-1)]).toEqual(['killed', 'in-flight', 'taken-over'])
    expect(await records()).toEqual([expect.stringMatching(/completed[\s\S]*attempt 2/)])
    expect(await readBooks(stack)).toEqual({ booked: ['Ada 4200'], charged: ['Ada 4200'] })
  })

  test('rejects another amount under the same key', async () => {
    const { page, choose, pay, summary, attempts } = await open()
    await choose('other-amount')
    await pay()
    expect(await summary()).toContain(
      'The key was already used for a payment of €42.00, so the request for €43.00 was rejected.',
    )
    expect(await attempts()).toEqual([['executed'], ['rejected']])
    expect(await page.locator('#timeline > li').nth(1).innerText()).toContain('422')
    expect(await readBooks(stack)).toEqual({ booked: ['Ada 4200'], charged: ['Ada 4200'] })
  })

  test('keeps two users with the same key apart', async () => {
    const { page, choose, pay, summary, attempts, records } = await open()
    await choose('other-user')
    await pay()
    expect(await summary()).toContain('Ada and Ben used the same key.')
    expect(await attempts()).toEqual([['executed'], ['executed']])
    const key = (await page.locator('#key').innerText()).slice(0, 8)
    expect((await records()).toSorted()).toEqual([
      expect.stringMatching(`^${key}…\\s+Ada\\s`),
      expect.stringMatching(`^${key}…\\s+Ben\\s`),
    ])
    expect(await readBooks(stack)).toEqual({
      booked: ['Ada 4200', 'Ben 4200'],
      charged: ['Ada 4200', 'Ben 4200'],
    })
  })

  test('distinguishes the handler’s own 409 from a run in progress, and shows no replay', async () => {
    const { page, pay, summary, attempts } = await open()
    await pay()
    await summary()
    await deleteRecords()
    await pay()
    await page
      .getByText('2 requests with one key: 1 executed, 1 rejected. Ada’s card was charged once')
      .waitFor()
    expect(await attempts()).toEqual([['executed'], ['rejected']])
    expect(await page.locator('#timeline > li').nth(1).innerText()).toContain('409')
    expect(await readBooks(stack)).toEqual({ booked: ['Ada 4200'], charged: ['Ada 4200'] })
  })

  test('distinguishes a function that failed from one that was killed', async () => {
    const { page, pay, summary, attempts } = await open()
    await page.route('**/payments', (route) => route.fulfill({ status: 500, json: {} }), { times: 1 })
    await pay()
    expect(await summary()).toContain('Ada’s card was charged once')
    expect(await attempts()).toEqual([['failed', 'executed']])
  })

  test('starts over with empty tables', async () => {
    const { page, pay, summary, records } = await open()
    await pay()
    await summary()
    await page.getByRole('button', { name: 'Start over' }).click()
    await page.getByText('The tables are empty. Press Pay.').waitFor()
    expect(await records()).toEqual([])
    expect(await readBooks(stack)).toEqual({ booked: [], charged: [] })
  })
})

describe('the checkout without protection', () => {
  test.each([
    ['many clicks', 'double-click', 'charged 3 times (€126.00), and the payment was booked 3 times', 3, 3],
    ['a lost reply', 'lose-reply', 'charged twice (€84.00), and the payment was booked twice', 2, 2],
    ['a killed run', 'crash', 'charged twice (€84.00), and the payment was booked once', 2, 1],
    ['another amount', 'other-amount', 'charged twice (€85.00), and the payment was booked twice', 2, 2],
  ] as const)(
    'charges more than once for %s, and says so',
    async (_what, scenario, words, charges, bookings) => {
      const { page, choose, pay, summary, records } = await open()
      await choose('double-click', { clicks: 3 })
      await choose(scenario, { isUnprotected: true })
      await pay()
      expect(await summary()).toContain(words)
      expect(await page.locator('#summary').getAttribute('data-tone')).toBe('bad')
      expect(await records()).toEqual([])
      const { booked, charged } = await readBooks(stack)
      expect([charged.length, booked.length]).toEqual([charges, bookings])
    },
  )
})

describe('the page', () => {
  test('shows how many items it leaves out', async () => {
    const { page, records } = await open()
    const state = await readState()
    const many = <Item>(count: number, make: (n: number) => Item): Item[] =>
      Array.from({ length: count }, (_, n) => make(n))
    const json = {
      ...state,
      records: many(33, (n) => ({ ...RECORD, id: `payments#${n}` })),
      payments: many(61, (n) => ({ ...PAYMENT, id: `p-${n}` })),
      balances: many(6, (n) => ({ customer: `Ada ${n}`, currency: 'EUR', balance: 4200 })),
    }
    await page.route('**/page/state', (route) => route.fulfill({ json }))
    await page.getByRole('region', { name: 'Records in the table' }).getByText('and 13 more').waitFor()
    expect(await records()).toHaveLength(20)
    await page.getByRole('region', { name: 'Payments in the ledger' }).getByText('and 1 more').waitFor()
    expect(await page.locator('#payments tr').count()).toBe(60)
    expect(await page.locator('#figures').innerText()).toMatch(
      /Ada 3’s wallet\s+€42.00\s+Other wallets\s+2\s/,
    )

    await page.unroute('**/page/state')
    await page.getByText('The table is empty.').waitFor()
    expect(await page.getByText(/and -?\d+ more|Other wallets/).count()).toBe(0)
  })

  test('can be used with the keyboard alone', async () => {
    const { page, summary, attempts } = await open()
    const focused = page.locator(':focus')
    await page.keyboard.press('Tab')
    expect(await focused.getAttribute('value')).toBe('calm')
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Tab')
    expect(await focused.getAttribute('id')).toBe('clicks')
    await page.keyboard.press('Home')
    await page.keyboard.press('ArrowRight')
    await page.keyboard.press('Tab')
    expect(await focused.getAttribute('id')).toBe('amount')
    await page.keyboard.press('Tab')
    await page.keyboard.press('Space')
    expect(await page.locator('#protection-state').innerText()).toBe('off')
    await page.keyboard.press('Space')
    await page.keyboard.press('Tab')
    expect(await focused.innerText()).toBe('Pay €42.00')
    expect(await page.evaluate('getComputedStyle(document.activeElement).outlineStyle')).toBe('solid')
    await page.keyboard.press('Enter')
    expect(await summary()).toContain('3 requests with one key: 1 executed, 2 replayed.')
    expect(await attempts()).toHaveLength(3)
    expect(await readBooks(stack)).toEqual({ booked: ['Ada 4200'], charged: ['Ada 4200'] })
  })

  test('announces what happened to screen readers', async () => {
    const { page } = await open()
    const words = page.locator('#summary-text')
    expect(await words.getAttribute('role')).toBe('status')
    expect(await words.getAttribute('aria-live')).toBe('polite')
    expect(await page.getByRole('group', { name: 'When I press Pay,' }).count()).toBe(1)
    const unnamed = await page.evaluate(
      `[...document.querySelectorAll('input, button')].filter((one) => (one.type === 'submit' || one.type === 'button' ? one : one.labels[0]).innerText.trim() === '').map((one) => one.outerHTML)`,
    )
    expect(unnamed).toEqual([])
  })

  test.each([
    ['a phone', 360],
    ['a small phone', 320],
  ])('does not scroll sideways on %s', async (_device, width) => {
    const { page, choose, pay, summary } = await open({ viewport: { width, height: 740 } })
    await choose('lose-reply')
    await pay()
    await summary()
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBe(width)
    const wide = `[...document.querySelectorAll('.card, .scroll > *, .chip')].filter((one) => one.getBoundingClientRect().right > innerWidth).map((one) => one.outerHTML)`
    expect(await page.evaluate(wide)).toEqual([])
    const cut = `[...document.querySelectorAll('.scroll')].filter((one) => one.scrollWidth > one.clientWidth).map((one) => one.ariaLabel)`
    expect(await page.evaluate(cut)).toEqual([])
    await page.screenshot({ path: `${screenshots}/narrow-${width}.png`, fullPage: true })
  })

  test.each(['light', 'dark'] as const)('has enough contrast in %s mode', async (colorScheme) => {
    const { page, choose, pay, summary } = await open({ colorScheme, viewport: { width: 1280, height: 900 } })
    for (const isUnprotected of [false, true]) {
      await choose('lose-reply', { isUnprotected })
      await pay()
      await summary()
      const contrasts = await readContrasts(page)
      expect(contrasts.length).toBeGreaterThan(40)
      expect(contrasts.filter(({ ratio }) => ratio < 4.5)).toEqual([])
      const protection = isUnprotected ? 'off' : 'on'
      await page.screenshot({ path: `${screenshots}/${colorScheme}-${protection}.png`, fullPage: true })
    }
    const paper: string = await page.evaluate('getComputedStyle(document.body).backgroundColor')
    expect(paper).toBe(colorScheme === 'dark' ? 'rgb(20, 23, 28)' : 'rgb(245, 246, 248)')
  })

  test('loads nothing from other origins, and logs no errors', async () => {
    const page: Page = await browser.newPage()
    onTestFinished(() => page.close())
    const origins = new Set<string>()
    const errors: string[] = []
    page.on('request', (request) => origins.add(new URL(request.url()).origin))
    page.on('pageerror', (error) => errors.push(error.message))
    page.on('console', (message) => errors.push(message.text()))
    const { pay, summary } = await openCheckout(page, stack.url)
    await pay()
    await summary()
    expect([...origins]).toEqual([stack.url])
    expect(errors).toEqual([])
  })

  test('says when the local server does not respond, and pays when it does again', async () => {
    const { page, pay, summary } = await open()
    await page.route('**/page/state', (route) => route.abort())
    await page.getByText('The local server does not respond. Start it again: npm start').first().waitFor()
    await pay()
    expect(await summary()).toBe('The local server does not respond. Start it again: npm start')
    await page.unroute('**/page/state')
    await pay()
    await page.getByText('One request: the handler ran').waitFor()
  })

  test('does not claim to know what a server did that was stopped', async () => {
    const { url, stop } = await startLocal({ port: 0, dynamoDbEndpoint: inject('dynamoDbEndpoint') })
    const page = await browser.newPage()
    onTestFinished(() => page.close())
    const { choose, pay, summary, attempts } = await openCheckout(page, url)
    await choose('crash')
    await pay()
    await page.getByText('The client retries').waitFor()
    await stop()
    await page
      .getByText(
        'No response, because the connection failed. The client cannot know whether the work is done.',
      )
      .waitFor()
    expect(await summary()).toBe('The local server does not respond. Start it again: npm start')
    expect((await attempts()).map((one) => one.at(-1))).toEqual(['no-response'])
  })

  test('does not count what came of an order whose tables were emptied meanwhile', async () => {
    const { page, choose, pay, summary } = await open()
    await choose('crash')
    await pay()
    await page.getByText('The client retries').waitFor()
    await fetch(`${stack.url}/page/state`, { method: 'DELETE' })
    expect(await summary()).toContain('Meanwhile the tables were emptied')
    expect(await page.locator('#summary').getAttribute('data-tone')).toBe('unclear')
  })
})
