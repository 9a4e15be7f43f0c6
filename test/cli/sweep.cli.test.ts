import { randomBytes } from 'node:crypto'
import { ScanCommand } from '@aws-sdk/client-dynamodb'
import { inspectTable, recordId } from 'oncekey/inspect'
import { beforeEach, describe, expect, it } from 'vitest'
import { createTable, type TestTable } from '../support/tables.ts'
import { startAlteringProxy } from './altering-proxy.ts'
import { claim, complete, pay } from './records.ts'
import { environmentOf, runCli, runCliInTerminal } from './run-cli.ts'

const live = { ...pay, key: 'live' }
const expired = { ...pay, key: 'expired' }
const forgotten = { ...pay, key: 'forgotten' }

let table: TestTable
let env: ReturnType<typeof environmentOf>
beforeEach(async () => {
  table = await createTable({ hasTtl: false })
  env = environmentOf(table)
  const large = randomBytes(20_000).toString('hex')
  await complete(table, live, large)
  await claim(table, expired, { expiresAtMs: Date.now() - 600_000 })
  const { id } = await complete(table, forgotten, large)
  const records = inspectTable(table.name, table.client)
  const { record } = await records.find(id)
  if (record === undefined) throw new Error('expected a record to forget')
  await records.forget(record)
})

/** Returns the ids of the records, and the number of chunks. */
async function left() {
  const { Items = [] } = await table.client.send(new ScanCommand({ TableName: table.name }))
  const ids = Items.map(({ id }) => id?.S ?? '')
  return { records: ids.filter((id) => id.split('#').length === 2).sort(), items: ids.length }
}

const everything = { records: [recordId(expired), recordId(live)].sort(), items: 4 }
const needed = { records: [recordId(live)], items: 2 }

describe('oncekey sweep', () => {
  it('only counts, unless --yes is passed', async () => {
    const { exitCode, stdout, stderr } = await runCli(['sweep'], env)
    expect(exitCode).toBe(0)
    expect(stdout).toBe('4 items scanned, 1 expired record and 1 orphaned chunk found.\n')
    expect(stderr).toContain('Nothing was deleted. Pass --yes to delete them.')
    expect(await left()).toEqual(everything)
  })

  it('--yes deletes what nothing needs any more, and nothing else', async () => {
    const { exitCode, stdout, stderr } = await runCli(['sweep', '--yes'], env)
    expect(exitCode).toBe(0)
    expect(stdout).toBe('4 items scanned, 1 expired record and 1 orphaned chunk deleted.\n')
    expect(stderr).toBe('')
    expect(await left()).toEqual(needed)
    const shown = await runCli(['show', 'live', '--service', 'payments', '--json', '--body'], env)
    expect(JSON.parse(shown.stdout).answer.body).toHaveLength(40_000)
  })

  it.each([
    { args: [], deleted: false, rest: everything },
    { args: ['--yes'], deleted: true, rest: needed },
  ])('prints JSON, deleted $deleted', async ({ args, deleted, rest }) => {
    const { stdout } = await runCli(['sweep', '--json', ...args], env)
    const counts = { scanned: 4, expiredRecords: 1, orphanedChunks: 1, changed: 0 }
    expect(JSON.parse(stdout)).toEqual({ ...counts, deleted })
    expect(await left()).toEqual(rest)
  })

  it.each([
    { answer: 'y\n', exitCode: 0, rest: needed },
    { answer: 'n\n', exitCode: 4, rest: everything },
  ])('asks in a terminal, shows its progress, and given $answer exits with $exitCode', async (given) => {
    const { exitCode, stdout } = await runCliInTerminal(['sweep'], env, given.answer)
    expect(exitCode).toBe(given.exitCode)
    expect(stdout).toContain('Delete them? [y/N]')
    expect(stdout).toMatch(/\[#+\.*\] \d+ % {2}4 items scanned/)
    expect(await left()).toEqual(given.rest)
  })

  it('keeps a record that was claimed again after the question', async () => {
    const claimAgain = async () => {
      const { record } = await inspectTable(table.name, table.client).find(recordId(expired))
      if (record === undefined) throw new Error('expected the expired record')
      await inspectTable(table.name, table.client).forget(record)
      await claim(table, expired)
    }
    const { stdout } = await runCliInTerminal(['sweep'], env, claimAgain)
    expect(stdout).toContain('0 expired records and 1 orphaned chunk deleted.')
    expect((await left()).records).toEqual(everything.records)
  })

  it('asks nothing if there is nothing to delete', async () => {
    await runCli(['sweep', '--yes'], env)
    const { exitCode, stdout } = await runCliInTerminal(['sweep'], env, '')
    expect(exitCode).toBe(0)
    expect(stdout).not.toContain('Delete them?')
  })

  it('needs no permission to describe the table', async () => {
    const endpoint = await startAlteringProxy(table.endpoint, { denied: ['DescribeTable'] })
    const { exitCode } = await runCli(['sweep', '--yes'], environmentOf({ ...table, endpoint }))
    expect(exitCode).toBe(0)
    expect(await left()).toEqual(needed)
  })

  it('says which permission is missing', async () => {
    const endpoint = await startAlteringProxy(table.endpoint, { denied: ['DeleteItem'] })
    const { exitCode, stderr } = await runCli(['sweep', '--yes'], environmentOf({ ...table, endpoint }))
    expect(exitCode).toBe(1)
    expect(stderr).toContain('grant your role dynamodb:DeleteItem on this table')
  })

  it('says what it has deleted when it cannot go on', async () => {
    const endpoint = await startAlteringProxy(table.endpoint, { denied: ['GetItem'] })
    const { exitCode, stderr } = await runCli(['sweep', '--yes'], environmentOf({ ...table, endpoint }))
    expect(exitCode).toBe(1)
    expect(stderr).toContain('Stopped after 4 items scanned, 1 expired record and 0 orphaned chunks deleted.')
    expect(stderr).toContain('grant your role dynamodb:GetItem on this table')
  })

  it.each(['0', '-1', 'fast'])('refuses --max-units %s', async (value) => {
    const { exitCode, stderr } = await runCli(['sweep', '--max-units', value], env)
    expect(exitCode).toBe(2)
    expect(stderr).toContain('Expected a number above 0')
  })
})
