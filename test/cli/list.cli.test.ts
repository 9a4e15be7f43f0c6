import { randomBytes } from 'node:crypto'
import { PutItemCommand } from '@aws-sdk/client-dynamodb'
import { recordId } from 'oncekey/inspect'
import { beforeAll, describe, expect, it } from 'vitest'
import { createTable, type TestTable } from '../support/tables.ts'
import { claim, complete, completeWithoutResult, pay } from './records.ts'
import { environmentOf, runCli, runCliInTerminal } from './run-cli.ts'

const keyed = (key: string, service = 'payments', name = '') => ({ ...pay, key, service, name })

let table: TestTable
let env: ReturnType<typeof environmentOf>
beforeAll(async () => {
  table = await createTable()
  env = environmentOf(table)
  await claim(table, keyed('in-flight'))
  await claim(table, keyed('lapsed', 'payments', 'POST /charges'), { leaseUntilMs: Date.now() - 120_000 })
  await claim(table, keyed('released', 'payments2'), { leaseUntilMs: 0 })
  await complete(table, keyed('completed'), { statusCode: 201, body: 'x' })
  // Its chunks exceed the 1 MB that one page of a scan can hold.
  const body = randomBytes(1_500_000).toString('hex')
  await complete(table, keyed('large'), { statusCode: 201, body })
  const foreign = { id: { S: recordId(keyed('foreign')) }, status: { S: 'in-flight' }, v: { N: '9' } }
  await table.client.send(new PutItemCommand({ TableName: table.name, Item: foreign }))
})

async function listed(...args: readonly string[]): Promise<Record<string, string>> {
  const { exitCode, stdout } = await runCli(['list', '--json', ...args], env)
  expect(exitCode).toBe(0)
  const lines = stdout.trimEnd().split('\n')
  const entries = lines.map((line): { id: string; state: string } => JSON.parse(line))
  return Object.fromEntries(entries.map(({ id, state }) => [id, state]))
}

describe('oncekey list', () => {
  it('--in-flight lists the records that are not completed, with their states', async () => {
    expect(await listed('--in-flight')).toEqual({
      [recordId(keyed('in-flight'))]: 'in-flight',
      [recordId(keyed('lapsed', 'payments', 'POST /charges'))]: 'lapsed',
      [recordId(keyed('released', 'payments2'))]: 'released',
      [recordId(keyed('foreign'))]: 'unreadable',
    })
  })

  it('--service lists the records of one service, with and without an operation', async () => {
    expect(await listed('--service', 'payments')).toEqual({
      [recordId(keyed('in-flight'))]: 'in-flight',
      [recordId(keyed('lapsed', 'payments', 'POST /charges'))]: 'lapsed',
      [recordId(keyed('completed'))]: 'completed',
      [recordId(keyed('large'))]: 'completed',
      [recordId(keyed('foreign'))]: 'unreadable',
    })
    expect(await listed('--in-flight', '--service', 'payments2')).toEqual({
      [recordId(keyed('released', 'payments2'))]: 'released',
    })
  })

  it('prints a header and one line per record, in columns, and their number', async () => {
    const { stdout, stderr } = await runCli(['list', '--in-flight'], env)
    const [header = '', ...lines] = stdout.trimEnd().split('\n')
    expect(header).toMatch(/^STATE +ATTEMPT +CLAIMED +EXPIRES +ID$/)
    expect(lines).toHaveLength(4)
    expect(lines.map((line) => line.slice(header.indexOf('ID'))).sort()).toEqual(
      [
        keyed('in-flight'),
        keyed('lapsed', 'payments', 'POST /charges'),
        keyed('released', 'payments2'),
        keyed('foreign'),
      ]
        .map(recordId)
        .sort(),
    )
    expect(stdout).toMatch(/^in progress, lease ends in 10 min +1 +\d+ m?s ago +in 23 h +payments#/m)
    expect(stdout).toMatch(/^unreadable, see `oncekey show` +payments#/m)
    expect(stderr).toMatch(/^Found 4 uncompleted records in \d+ items\.\n$/)
  })

  it('reads page by page, and shows progress and colours in a terminal', async () => {
    const { NO_COLOR: _, ...colourful } = env
    const { stdout } = await runCliInTerminal(['list'], colourful, '')
    const pages = stdout
      .split('\r\u001b[K')
      .filter((line) => /^\d+ items scanned, \d+ records found/.test(line))
    expect(pages.length).toBeGreaterThan(1)
    // biome-ignore lint/suspicious/noControlCharactersInRegex: colours are control characters
    expect(stdout).toMatch(/\u001b\[32mcompleted +\u001b\[39m/)
    expect(stdout).toContain('Found 6 records in')
  })
})

it('oncekey list aligns every state with the header', async () => {
  const aligned = await createTable()
  await completeWithoutResult(aligned, keyed('too large'))
  const { stdout } = await runCli(['list'], environmentOf(aligned))
  const [header = '', line = ''] = stdout.split('\n')
  expect(line.slice(header.indexOf('ID'))).toBe(recordId(keyed('too large')))
})

describe('oncekey list --sort', () => {
  const minutesAgo = (minutes: number) => Date.now() - minutes * 60_000
  const ids = Object.fromEntries(
    ['completed', 'inFlight', 'lapsed', 'released', 'foreign'].map((key) => [key, recordId(keyed(key))]),
  )
  let envOfSorted: ReturnType<typeof environmentOf>
  beforeAll(async () => {
    const sorted = await createTable()
    envOfSorted = environmentOf(sorted)
    const times = (claimed: number, expires: number) => ({
      createdAtMs: minutesAgo(claimed),
      expiresAtMs: minutesAgo(-expires),
    })
    await complete(sorted, keyed('completed'), 'paid', { attempt: 4, ...times(40, 10) })
    await claim(sorted, keyed('inFlight'), { attempt: 3, ...times(30, 30) })
    await claim(sorted, keyed('lapsed'), { attempt: 9, ...times(20, 40), leaseUntilMs: minutesAgo(1) })
    await claim(sorted, keyed('released'), { attempt: 1, ...times(10, 20), leaseUntilMs: 0 })
    const foreign = { id: { S: `${ids.foreign}` }, status: { S: 'completed' }, v: { N: '9' } }
    await sorted.client.send(new PutItemCommand({ TableName: sorted.name, Item: foreign }))
  })

  // An unreadable record has only an id, and comes last.
  it.each([
    { sort: 'state', order: ['completed', 'inFlight', 'lapsed', 'released', 'foreign'] },
    { sort: 'attempt', order: ['lapsed', 'completed', 'inFlight', 'released', 'foreign'] },
    { sort: 'claimed', order: ['completed', 'inFlight', 'lapsed', 'released', 'foreign'] },
    { sort: 'expires', order: ['completed', 'released', 'inFlight', 'lapsed', 'foreign'] },
    { sort: 'id', order: Object.keys(ids).sort((a, b) => (`${ids[a]}` < `${ids[b]}` ? -1 : 1)) },
  ])('$sort', async ({ sort, order }) => {
    const asJson = await runCli(['list', '--sort', sort, '--json'], envOfSorted)
    const lines = asJson.stdout.trimEnd().split('\n')
    expect(lines.map((line): string => JSON.parse(line).id)).toEqual(order.map((name) => ids[name]))
    const asText = await runCli(['list', '--sort', sort], envOfSorted)
    expect(asText.stdout.match(/payments#\S+$/gm)).toEqual(order.map((name) => ids[name]))
  })
})
