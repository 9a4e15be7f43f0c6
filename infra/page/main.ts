import type { DemoState } from './demo-state.ts'
import { byId } from './dom.ts'
import { formatMoney } from './format.ts'
import type { Outcome } from './outcome.ts'
import { isScenario, type Payment, runScenario, type Scenario, sendPayment } from './scenarios.ts'
import { describeWait, type Summary, summarise } from './summary.ts'
import { watchTables } from './tables.ts'
import { createTimeline } from './timeline.ts'

const USER = 'Ada'
const SERVER_GONE = 'The local server does not respond. Start it again: npm start'

const form = byId('checkout', HTMLFormElement)
const amount = byId('amount', HTMLInputElement)
const clicks = byId('clicks', HTMLInputElement)
const protection = byId('protection', HTMLInputElement)
const pay = byId('pay', HTMLButtonElement)
const newOrder = byId('new-order', HTMLButtonElement)
const clear = byId('clear', HTMLButtonElement)
const summary = byId('summary', HTMLElement)
const summaryText = byId('summary-text', HTMLElement)

/** The order in the form. Its key is created with it: whenever and however often Pay is pressed, the key is the same. */
interface Order {
  readonly key: string
  /** Set by the first press of Pay. */
  sent: SentOrder | undefined
}

interface SentOrder {
  readonly scenario: Scenario
  readonly payment: Payment
  readonly before: Promise<DemoState>
  /** Resolves to the outcomes of the scenario's requests, and how long they took. */
  readonly first: Promise<{ readonly outcomes: readonly (readonly Outcome[])[]; readonly tookMs: number }>
  /** The requests of further presses of Pay. */
  readonly repeats: Promise<readonly Outcome[]>[]
}

const timeline = createTimeline()
let order = openOrder()
let isRunning = false
/** Whether the form was changed while its order was being paid. */
let isChanged = false
const tables = watchTables(() => isRunning)

form.addEventListener('submit', (event) => {
  event.preventDefault()
  // Like a form that does not disable its button: each press sends the order.
  void press()
})
// A changed order is another one.
form.addEventListener('input', (event) => {
  if (event.target === clicks) {
    const choice = form.querySelector<HTMLInputElement>('input[value="double-click"]')
    if (choice) choice.checked = true
  }
  showSettings()
  isChanged = true
  openNext()
})
newOrder.addEventListener('click', () => {
  order = openOrder()
  timeline.clear()
  showSummary('A new order, with a new key. Press Pay.', 'ready')
})
clear.addEventListener('click', () => void startOver())
// Not every browser makes scrollable elements reachable by keyboard.
for (const scroll of document.querySelectorAll<HTMLElement>('.scroll')) scroll.tabIndex = 0
showSettings()

function showSettings(): void {
  byId('clicks-shown', HTMLOutputElement).value = clicks.value
  byId('protection-state', HTMLElement).textContent = protection.checked ? 'on' : 'off'
  byId('protection-detail', HTMLElement).textContent = protection.checked
    ? 'The handler runs behind idempotent(), as deployed.'
    : 'The same handler runs without idempotent(), on this machine only. It ignores keys.'
  pay.textContent = amount.validity.valid ? `Pay ${formatMoney(minorUnits())}` : 'Pay'
}

function minorUnits(): number {
  return Math.round(amount.valueAsNumber * 100)
}

function openOrder(): Order {
  const key = crypto.randomUUID()
  byId('key', HTMLElement).textContent = key
  newOrder.disabled = true
  return { key, sent: undefined }
}

/** Opens another order if the form was changed since the order was sent. */
function openNext(): void {
  if (isRunning || !isChanged) return
  isChanged = false
  if (order.sent !== undefined) order = openOrder()
}

/** Sends the order: in the chosen scenario at first, and the same request again after that. Shows what happened. */
async function press(): Promise<void> {
  const pressed = order
  if (pressed.sent === undefined) pressed.sent = sendFirst(pressed.key)
  else pressed.sent.repeats.push(sendAgain(pressed.sent))
  if (isRunning) return

  const { sent } = pressed
  isRunning = true
  newOrder.disabled = true
  clear.disabled = true
  showSummary('Paying…', 'pending')
  // On a phone the summary may be out of view.
  summary.scrollIntoView({ block: 'nearest' })
  try {
    const { text, tone } = await settle(sent)
    showSummary(text, tone)
  } catch {
    showSummary(SERVER_GONE, 'unclear')
    // Without the tables' state nothing was sent.
    await sent.before.catch(() => {
      pressed.sent = undefined
    })
  } finally {
    isRunning = false
    newOrder.disabled = false
    clear.disabled = false
    openNext()
  }
}

function sendFirst(key: string): SentOrder {
  const chosen = new FormData(form).get('scenario')
  const scenario = typeof chosen === 'string' && isScenario(chosen) ? chosen : 'calm'
  const payment = { key, user: USER, amount: minorUnits(), isProtected: protection.checked }
  timeline.clear()
  const before = tables.refresh()
  const first = before.then(async (state) => {
    tables.markNewSince(state)
    const startedAtMs = performance.now()
    const outcomes = await runScenario(scenario, payment, clicks.valueAsNumber, timeline, showWait)
    return { outcomes, tookMs: performance.now() - startedAtMs }
  })
  return { scenario, payment, before, first, repeats: [] }
}

async function sendAgain({ before, payment }: SentOrder): Promise<readonly Outcome[]> {
  await before
  return sendPayment(timeline, payment, showWait)
}

/** Waits for all requests of the order, including those that are sent meanwhile. @throws Error if the server is gone. */
async function settle(sent: SentOrder): Promise<Summary> {
  for (;;) {
    const count = sent.repeats.length
    const [before, { outcomes, tookMs }, repeats] = await Promise.all([
      sent.before,
      sent.first,
      Promise.all(sent.repeats),
    ])
    const after = await tables.refresh()
    if (sent.repeats.length === count) return summarise({ ...sent, outcomes, repeats, before, after, tookMs })
  }
}

async function startOver(): Promise<void> {
  try {
    await tables.clear()
  } catch {
    return showSummary(SERVER_GONE, 'unclear')
  }
  timeline.clear()
  order = openOrder()
  showSummary('The tables are empty. Press Pay.', 'ready')
}

function showWait(outcome: Outcome, waitMs: number): void {
  showSummary(describeWait(outcome, waitMs), 'pending')
}

function showSummary(text: string, tone: string): void {
  // A screen reader would read the same text again.
  if (summaryText.textContent !== text) summaryText.textContent = text
  summary.dataset.tone = tone
}
