import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { httpApiEvent } from 'oncekey/testing'
import { afterAll, expect, test } from 'vitest'
import { awsEnvironment } from '../../infra/local/lambda-environment.ts'
import { asAnswer } from '../support/answer.ts'
import { printTable } from '../support/print-table.ts'
import { startSandboxProcess } from '../support/sandbox-process.ts'
import { createTable } from '../support/tables.ts'
import { type Account, takeAccount } from './account.ts'
import { readJournal } from './journal.ts'
import { createRandom } from './random.ts'
import { type RiskyPool, startRiskyPool } from './risky-pool.ts'

const SEED = Number(process.env.ONCEKEY_SEED ?? 1)
const SANDBOXES = 6
/** Each key is sent by two clients at once. */
const CLIENTS_PER_KEY = 2
/** Short, so that the lease of a run that was killed is soon over. */
const REMAINING_MS = 2_500
const DOOMED_SHARE = 0.25

const printed: Record<string, unknown>[] = []
afterAll(() => printTable(printed))

test("onCrash: 'rerun': what happens twice was killed in between", { timeout: 300_000 }, async () => {
  const { account, answers } = await rage('rerun', 200, 60)
  expect(answers.every((bodies) => bodies.size === 1)).toBe(true)
  expect(account['runs repeated without a kill']).toBe(0)
  expect(account['effects beyond one per key']).toBe(account['killed between effect and completion'])
  expect(account['killed between effect and completion']).toBeGreaterThan(0)
})

test("onCrash: 'refuse': nothing happens twice, whatever is killed", { timeout: 300_000 }, async () => {
  const { account } = await rage('refuse', 60, 20)
  expect(account.runs).toBe(account.keys)
  expect(account['effects beyond one per key']).toBe(0)
  expect(account.kills).toBeGreaterThan(0)
})

/** Sends every key until it is answered, while sandboxes are killed at random moments of their work. */
async function rage(
  onCrash: 'rerun' | 'refuse',
  keyCount: number,
  killCount: number,
): Promise<{ readonly account: Account; readonly answers: readonly ReadonlySet<string>[] }> {
  const folder = await mkdtemp(join(tmpdir(), 'oncekey-kill-'))
  const journal = join(folder, 'journal')
  const { name, endpoint } = await createTable()
  const environment = {
    ...awsEnvironment(endpoint),
    TABLE: name,
    JOURNAL: journal,
    ON_CRASH: onCrash,
  }
  const start = () => startSandboxProcess(new URL('paying-function.ts', import.meta.url), environment)
  const random = createRandom(SEED)
  // On a busy machine everything takes longer, and the kills must still fall into the runs.
  let usualMs = 100
  const pool = await startRiskyPool(start, SANDBOXES, () => {
    const isDoomed = pool.kills.size < killCount && random() < DOOMED_SHARE
    return isDoomed ? random() * usualMs : undefined
  })
  try {
    const keys = Array.from({ length: keyCount }, (_, n) => `${onCrash}-key-${n}`)
    const answers = await Promise.all(
      keys.map(async (key) => {
        const onRun = (durationMs: number): void => {
          usualMs += (durationMs - usualMs) / 10
        }
        const clients = Array.from({ length: CLIENTS_PER_KEY }, () => sendUntilAnswered(pool, key, onRun))
        return new Set(await Promise.all(clients))
      }),
    )
    const answerOf = new Map(keys.map((key, n) => [key, [...(answers[n] ?? [])][0] ?? '']))
    const account = takeAccount(readJournal(journal), answerOf, pool.kills)
    printed.push({ onCrash, seed: SEED, ...account })
    return { account, answers }
  } finally {
    await pool.stop()
    await rm(folder, { recursive: true })
  }
}

/** As a good client does: the same request again, until the answer is final. Gives the body of a 201, else the code. */
async function sendUntilAnswered(
  pool: RiskyPool,
  key: string,
  onRun: (durationMs: number) => void,
): Promise<string> {
  for (;;) {
    const { answer, durationMs } = await pool.invoke(key, httpApiEvent({ key }), REMAINING_MS)
    const { text, body } = asAnswer(answer)
    if (text === '201') onRun(durationMs)
    if (text.startsWith('201')) return String(body)
    if (answer !== undefined && !JSON.parse(String(body)).retryable) return text
    await sleep(500)
  }
}
