import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { httpApiEvent } from 'oncekey/testing'
import { afterAll, expect, test } from 'vitest'
import { awsEnvironment } from '../../infra/local/lambda-environment.ts'
import { asAnswer } from '../support/answer.ts'
import { itemsOf } from '../support/items.ts'
import { printTable } from '../support/print-table.ts'
import { startSandboxProcess } from '../support/sandbox-process.ts'
import { createTable } from '../support/tables.ts'
import { type Harm, type Host, type HostPool, startHostPool } from './host-pool.ts'
import { type Entry, readJournal } from './journal.ts'
import { createRandom } from './random.ts'

const SEED = Number(process.env.ONCEKEY_SEED ?? 1)
const KEYS = 300
const CLIENTS_PER_KEY = 2
const KILLS = 25
const FREEZES = 25
/** Of a host that enforces no deadline; with the margin for clocks, a lease is stored for two seconds more. */
const LEASE_MS = 1_200

const lambda: Host = { concurrency: 1, isDeadlineEnforced: true, remainingMs: 2_500 }
const managed: Host = { concurrency: 4, isDeadlineEnforced: false, remainingMs: 900_000 }
const aName = { AWS_LAMBDA_FUNCTION_NAME: 'payments' }

const printed: Record<string, unknown>[] = []
afterAll(() => printTable(printed))

test.each([
  { name: 'Lambda', host: lambda, sandboxes: 6, environment: aName },
  {
    name: 'Lambda Managed Instances',
    host: managed,
    sandboxes: 3,
    environment: { ...aName, AWS_LAMBDA_MAX_CONCURRENCY: '4', LEASE_MS: `${LEASE_MS}` },
  },
])(
  'on $name, what is charged twice was killed or frozen past its lease in between',
  { timeout: 300_000 },
  async ({ name, host, sandboxes, environment }) => {
    const folder = await mkdtemp(join(tmpdir(), 'oncekey-hosts-'))
    const journal = join(folder, 'journal')
    const table = await createTable()
    const variables = {
      ...awsEnvironment(table.endpoint),
      ...environment,
      TABLE: table.name,
      JOURNAL: journal,
    }
    const module = new URL('host-function.ts', import.meta.url)
    const pool = await startHostPool(host, () => startSandboxProcess(module, variables), sandboxes)
    try {
      const keys = Array.from({ length: KEYS }, (_, n) => `${n % 2 === 0 ? 'step' : 'commit'}-key-${n}`)
      const sending = Promise.all(
        keys.map(async (key) => {
          const clients = Array.from({ length: CLIENTS_PER_KEY }, () => sendUntilAnswered(pool, key))
          return new Set(await Promise.all(clients))
        }),
      )
      await doHarm(pool, createRandom(SEED))
      const answers = await sending

      const items = await itemsOf(table)
      const moves = items.map(({ moves: count }) => Number(count?.N ?? 1))
      const account = takeAccount(readJournal(journal), pool.harms)
      printed.push({
        host: name,
        seed: SEED,
        keys: KEYS,
        ...account,
        'commits beyond one': moves.filter((count) => count > 1).length,
        'keys with two answers': answers.filter((bodies) => bodies.size > 1).length,
      })
      expect(answers.every((bodies) => bodies.size === 1)).toBe(true)
      expect(moves.every((count) => count === 1)).toBe(true)
      expect(account).toMatchObject({ 'charged twice, unexplained': 0, 'charged after a takeover': 0 })
      expect(account.killed).toBe(KILLS)
      expect(account.frozen).toBe(FREEZES)
    } finally {
      await pool.stop()
      await rm(folder, { recursive: true })
    }
  },
)

/** Kills and freezes processes at random moments, some of them for longer than any lease. */
async function doHarm(pool: HostPool, random: () => number): Promise<void> {
  const count = (kind: Harm['kind']): number => pool.harms.filter((harm) => harm.kind === kind).length
  while (count('killed') < KILLS || count('frozen') < FREEZES) {
    await sleep(20 + random() * 200)
    const isKill = count('frozen') >= FREEZES || (count('killed') < KILLS && random() < 0.5)
    pool.harm(random, isKill ? undefined : random() * 2 * (LEASE_MS + 2_000))
  }
}

/** Returns the body of the 201, as a good client gets it in the end. */
async function sendUntilAnswered(pool: HostPool, key: string): Promise<string> {
  for (;;) {
    const { text, body } = asAnswer(await pool.invoke(key, httpApiEvent({ key })))
    if (text.startsWith('201')) return String(body)
    await sleep(300)
  }
}

function takeAccount(journal: readonly Entry[], harms: readonly Harm[]) {
  const began = journal.filter(({ moment }) => moment === 'began')
  const effects = journal.filter(({ moment }) => moment === 'effect')
  const isHarmed = ({ key, pid }: Entry, kinds: readonly Harm['kind'][]): boolean =>
    harms.some(
      (harm) =>
        kinds.includes(harm.kind) && harm.pid === pid && harm.keys.some((name) => name.startsWith(`${key} `)),
    )
  const repeated = effects.filter((effect) => effects.findLast(({ key }) => key === effect.key) !== effect)
  const byKill = repeated.filter((effect) => isHarmed(effect, ['killed', 'killed at its deadline']))
  const byFreeze = repeated.filter((effect) => !byKill.includes(effect) && isHarmed(effect, ['frozen']))
  const afterTakeover = effects.filter((effect) => {
    const ownStart = began.findIndex(({ run }) => run === effect.run)
    return began.some(
      ({ key, atMs = 0 }, n) => key === effect.key && n > ownStart && atMs < (effect.atMs ?? 0),
    )
  })
  const countOf = (kind: Harm['kind']): number => harms.filter((harm) => harm.kind === kind).length
  return {
    runs: began.length,
    killed: countOf('killed'),
    'killed at its deadline': countOf('killed at its deadline'),
    frozen: countOf('frozen'),
    'charged twice after a kill': byKill.length,
    'charged twice after a freeze': byFreeze.length,
    'charged twice, unexplained': repeated.length - byKill.length - byFreeze.length,
    'charged after a takeover': afterTakeover.length,
  }
}
