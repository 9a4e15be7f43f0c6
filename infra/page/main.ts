import { byId } from './element.ts'
import type { Outcome } from './outcome.ts'
import { type Intent, isScenario, play, sendOn } from './scenarios.ts'
import { type Story, tell, tellWait } from './story.ts'
import { createTimeLine } from './time-line.ts'
import { watchTables } from './watch.ts'
import { money } from './words.ts'

const USER = 'Ada'

const form = byId('checkout', HTMLFormElement)
const amount = byId('amount', HTMLInputElement)
const clicks = byId('clicks', HTMLInputElement)
const protection = byId('protection', HTMLInputElement)
const pay = byId('pay', HTMLButtonElement)
const again = byId('again', HTMLButtonElement)
const clear = byId('clear', HTMLButtonElement)
const happened = byId('happened', HTMLElement)
const words = byId('words', HTMLElement)

const timeLine = createTimeLine()
/** Of the last press of Pay; it is under way while `isRunning`. */
let intent: Intent | undefined
let isRunning = false
/** Presses that came while it was under way. */
const extras: Promise<readonly Outcome[]>[] = []
const watch = watchTables(() => isRunning)

form.addEventListener('submit', (event) => {
  event.preventDefault()
  // A second press while the first is under way is what a form without care does: the same intent, sent again.
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
// Not every browser lets the keyboard into what scrolls.
for (const scroll of document.querySelectorAll<HTMLElement>('.scroll')) scroll.tabIndex = 0
showSettings()

function showSettings(): void {
  byId('clicks-shown', HTMLOutputElement).value = clicks.value
  byId('protection-state', HTMLElement).textContent = protection.checked ? 'on' : 'off'
  byId('protection-words', HTMLElement).textContent = protection.checked
    ? 'The handler runs behind idempotent(), as deployed.'
    : 'The same handler runs bare, on this machine only. Keys mean nothing to it.'
  pay.textContent = amount.validity.valid ? `Pay ${money(minorUnits())}` : 'Pay'
}

function minorUnits(): number {
  return Math.round(amount.valueAsNumber * 100)
}

async function start(): Promise<void> {
  const chosen = new FormData(form).get('scenario')
  const scenario = typeof chosen === 'string' && isScenario(chosen) ? chosen : 'calm'
  const made: Intent = {
    // Made with the intent, and not with the request: every repeat has to have the same.
    key: crypto.randomUUID(),
    user: USER,
    amount: minorUnits(),
    isProtected: protection.checked,
  }
  intent = made
  byId('key', HTMLElement).textContent = made.key
  timeLine.clear()
  await tellOf(scenario, made, () => play(scenario, made, clicks.valueAsNumber, timeLine, sayWait))
}

async function sendAgain(): Promise<void> {
  if (intent === undefined) return
  // What was switched meanwhile counts: the same request, protected or not.
  const same = { ...intent, isProtected: isRunning ? intent.isProtected : protection.checked }
  if (isRunning) extras.push(sendOn(timeLine, same, sayWait))
  else await tellOf('again', same, async () => [await sendOn(timeLine, same, sayWait)])
}

async function tellOf(
  scenario: Story['scenario'],
  told: Intent,
  run: () => Promise<Story['outcomes']>,
): Promise<void> {
  say('Paying…', 'under-way')
  // On a phone it may be out of sight.
  happened.scrollIntoView({ block: 'nearest' })
  isRunning = true
  again.disabled = false
  clear.disabled = true
  try {
    const before = await watch.refresh()
    watch.mark(before)
    const beganAtMs = performance.now()
    const outcomes = [...(await run())]
    for (let extra = extras.shift(); extra !== undefined; extra = extras.shift()) outcomes.push(await extra)
    const tookMs = performance.now() - beganAtMs
    const after = await watch.refresh()
    const telling = tell({ scenario, intent: told, outcomes, before, after, tookMs })
    say(telling.words, telling.tone)
  } catch {
    say('The local server does not answer. Start it again: npm start', 'unclear')
  } finally {
    isRunning = false
    clear.disabled = false
  }
}

async function startOver(): Promise<void> {
  try {
    await watch.clear()
  } catch {
    return say('The local server does not answer. Start it again: npm start', 'unclear')
  }
  timeLine.clear()
  intent = undefined
  again.disabled = true
  byId('key', HTMLElement).textContent = 'made when you pay'
  say('The tables are empty. Press Pay.', 'ready')
}

/** While the story goes on. */
function sayWait(outcome: Outcome, waitMs: number): void {
  say(tellWait(outcome, waitMs), 'under-way')
}

function say(text: string, tone: string): void {
  // The same words again would be read out again.
  if (words.textContent !== text) words.textContent = text
  happened.dataset.tone = tone
}
