import { byId } from './dom.ts'
import { formatMoney } from './format.ts'
import type { Outcome } from './outcome.ts'
import { isScenario, type Payment, runScenario, sendPayment } from './scenarios.ts'
import { describeWait, type FinishedRun, summarise } from './summary.ts'
import { watchTables } from './tables.ts'
import { createTimeline } from './timeline.ts'

const USER = 'Ada'

const form = byId('checkout', HTMLFormElement)
const amount = byId('amount', HTMLInputElement)
const clicks = byId('clicks', HTMLInputElement)
const protection = byId('protection', HTMLInputElement)
const pay = byId('pay', HTMLButtonElement)
const again = byId('again', HTMLButtonElement)
const clear = byId('clear', HTMLButtonElement)
const summary = byId('summary', HTMLElement)
const summaryText = byId('summary-text', HTMLElement)

const timeline = createTimeline()
/** The payment of the last press of Pay. It is being sent while `isRunning`. */
let payment: Payment | undefined
let isRunning = false
/** The requests of further presses of Pay while the first was running. */
const extraRequests: Promise<readonly Outcome[]>[] = []
const tables = watchTables(() => isRunning)

form.addEventListener('submit', (event) => {
  event.preventDefault()
  // Like a form that does not disable its button: a second press sends the same payment again.
  if (isRunning) void sendAgain()
  else void start()
})
again.addEventListener('click', () => void sendAgain())
clear.addEventListener('click', () => void startOver())
amount.addEventListener('input', showSettings)
protection.addEventListener('change', showSettings)
clicks.addEventListener('input', () => {
  const choice = form.querySelector<HTMLInputElement>('input[value="double-click"]')
  if (choice) choice.checked = true
  showSettings()
})
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

async function start(): Promise<void> {
  const chosen = new FormData(form).get('scenario')
  const scenario = typeof chosen === 'string' && isScenario(chosen) ? chosen : 'calm'
  const started: Payment = {
    // The key is created with the payment, not with each request, because every repeat must have the same one.
    key: crypto.randomUUID(),
    user: USER,
    amount: minorUnits(),
    isProtected: protection.checked,
  }
  payment = started
  byId('key', HTMLElement).textContent = started.key
  timeline.clear()
  await run(scenario, started, () => runScenario(scenario, started, clicks.valueAsNumber, timeline, showWait))
}

async function sendAgain(): Promise<void> {
  if (payment === undefined) return
  // The switch may have changed since: the same request, now with or without protection.
  const repeat = { ...payment, isProtected: isRunning ? payment.isProtected : protection.checked }
  if (isRunning) extraRequests.push(sendPayment(timeline, repeat, showWait))
  else await run('again', repeat, async () => [await sendPayment(timeline, repeat, showWait)])
}

/** Sends requests and shows a summary of what happened. */
async function run(
  scenario: FinishedRun['scenario'],
  sent: Payment,
  send: () => Promise<FinishedRun['outcomes']>,
): Promise<void> {
  showSummary('Paying…', 'pending')
  // On a phone the summary may be out of view.
  summary.scrollIntoView({ block: 'nearest' })
  isRunning = true
  again.disabled = false
  clear.disabled = true
  try {
    const before = await tables.refresh()
    tables.markNewSince(before)
    const startedAtMs = performance.now()
    const outcomes = [...(await send())]
    for (let extra = extraRequests.shift(); extra !== undefined; extra = extraRequests.shift()) {
      outcomes.push(await extra)
    }
    const tookMs = performance.now() - startedAtMs
    const after = await tables.refresh()
    const { text, tone } = summarise({ scenario, payment: sent, outcomes, before, after, tookMs })
    showSummary(text, tone)
  } catch {
    showSummary('The local server does not respond. Start it again: npm start', 'unclear')
  } finally {
    isRunning = false
    clear.disabled = false
  }
}

async function startOver(): Promise<void> {
  try {
    await tables.clear()
  } catch {
    return showSummary('The local server does not respond. Start it again: npm start', 'unclear')
  }
  timeline.clear()
  payment = undefined
  again.disabled = true
  byId('key', HTMLElement).textContent = 'created when you pay'
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
