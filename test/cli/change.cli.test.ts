import { randomBytes } from 'node:crypto'
import { dynamoDbStore, runOnce } from 'oncekey'
import { recordId } from 'oncekey/inspect'
import { beforeAll, describe, expect, it } from 'vitest'
import { createTable, type TestTable } from '../support/tables.ts'
import { claim, complete, find, pay } from './records.ts'
import { environmentOf, runCli, runCliInTerminal } from './run-cli.ts'

let table: TestTable
let env: ReturnType<typeof environmentOf>
let keys = 0
beforeAll(async () => {
  table = await createTable()
  env = environmentOf(table)
})
const fresh = () => ({ ...pay, key: `order-${++keys}` })

describe('oncekey release', () => {
  it('ends the lease: the next request runs, and the released run stores nothing', async () => {
    const identity = { ...fresh(), kind: 'run', name: 'charge', principal: '' } as const
    const options = { service: 'payments', name: 'charge', key: identity.key, client: table.client }
    let released: unknown
    const first = runOnce(table.name, options, async () => {
      released = (await runCli(['release', recordId(identity), '--yes'], env)).exitCode
      return await runOnce(table.name, options, async ({ number }) => `run ${number}`)
    })
    expect(await first).toBe('run 2')
    expect(released).toBe(0)
    const record = await find(table, identity)
    expect(record).toMatchObject({ status: 'completed', attempt: 2 })
  })

  it('says what will happen', async () => {
    const { id } = await claim(table, fresh(), { onCrash: 'refuse' })
    const { exitCode, stdout, stderr } = await runCli(['release', id, '--yes'], env)
    expect(exitCode).toBe(0)
    expect(stdout).toBe('Lease released.\n')
    expect(stderr).toContain('in progress, lease ends in 10 min, attempt 1')
    expect(stderr).toContain('The next request with this key will run the handler again.')
    expect(stderr).toContain('both runs may take effect, and its result will not be stored')
    expect(stderr).toContain('may or may not have taken effect')
  })

  it('requires --yes if it cannot ask for confirmation', async () => {
    const identity = fresh()
    const { id, leaseUntilMs } = await claim(table, identity)
    const { exitCode, stderr } = await runCli(['release', id], env)
    expect(exitCode).toBe(2)
    expect(stderr).toContain('Confirmation required, but stdin or stderr is not a terminal. Pass --yes.')
    expect(await find(table, identity)).toMatchObject({ leaseUntilMs })
  })

  it.each([
    { answer: 'y\n', exitCode: 0, says: 'Lease released.', isFree: true },
    { answer: 'n\n', exitCode: 4, says: 'Nothing was changed', isFree: false },
    { answer: '\n', exitCode: 4, says: 'Nothing was changed', isFree: false },
    { answer: '\u0004', exitCode: 4, says: 'Nothing was changed', isFree: false },
  ])('given the answer $answer, exits with $exitCode', async ({ answer, exitCode, says, isFree }) => {
    const identity = fresh()
    const { id, leaseUntilMs } = await claim(table, identity)
    const ended = await runCliInTerminal(['release', id], env, answer)
    expect(ended.stdout).toContain('Release the lease? [y/N]')
    expect(ended.stdout).toContain(says)
    expect(ended.exitCode).toBe(exitCode)
    expect(await find(table, identity)).toMatchObject({ leaseUntilMs: isFree ? 0 : leaseUntilMs })
  })

  it('changes nothing if another run took over in the meantime', async () => {
    const identity = fresh()
    const seen = await claim(table, identity)
    const successor = { ...seen, owner: 'owner-2', attempt: 2, leaseUntilMs: seen.leaseUntilMs + 1 }
    const store = dynamoDbStore(table.name, { client: table.client })
    const takeOver = () => store.takeover(successor, seen, { timeoutMs: 10_000 })
    const { exitCode, stdout } = await runCliInTerminal(['release', seen.id], env, takeOver)
    expect(exitCode).toBe(4)
    expect(stdout).toContain('has changed since it was read')
    expect(await find(table, identity)).toMatchObject({
      owner: 'owner-2',
      leaseUntilMs: successor.leaseUntilMs,
    })
  })

  it('changes nothing if the run renewed its lease in the meantime, because that run is alive', async () => {
    const identity = fresh()
    const seen = await claim(table, identity)
    const leaseUntilMs = seen.leaseUntilMs + 60_000
    const lease = { fromLeaseUntilMs: seen.leaseUntilMs, leaseUntilMs, expiresAtMs: seen.expiresAtMs }
    const store = dynamoDbStore(table.name, { client: table.client })
    const renew = () => store.renew(seen, lease, { timeoutMs: 10_000 })
    const { exitCode, stdout } = await runCliInTerminal(['release', seen.id], env, renew)
    expect(exitCode).toBe(4)
    expect(stdout).toContain('It is now in progress, lease ends in 11 min')
    expect(await find(table, identity)).toMatchObject({ owner: seen.owner, leaseUntilMs })
  })

  it('changes nothing if the record is already released', async () => {
    const { id } = await claim(table, fresh(), { leaseUntilMs: 0 })
    const { exitCode, stdout } = await runCli(['release', id, '--json'], env)
    expect(exitCode).toBe(0)
    expect(JSON.parse(stdout)).toEqual({ id, released: false })
  })

  it('changes nothing if the record has expired', async () => {
    const withoutTtl = await createTable({ hasTtl: false })
    const expiresAtMs = Date.now() - 60_000
    const { id } = await claim(withoutTtl, fresh(), { expiresAtMs })
    const { exitCode, stdout } = await runCli(['release', id], environmentOf(withoutTtl))
    expect(exitCode).toBe(0)
    expect(stdout).toBe('The record has expired, so the next request runs anyway. Nothing was changed.\n')
  })

  it('refuses a completed record', async () => {
    const identity = fresh()
    const { id } = await complete(table, identity, 'paid')
    const { exitCode, stderr } = await runCli(['release', id, '--yes'], env)
    expect(exitCode).toBe(4)
    expect(stderr).toContain('oncekey forget')
    expect(await find(table, identity)).toMatchObject({ status: 'completed' })
  })
})

describe('oncekey forget', () => {
  it('deletes the record, and says that the work will be done again', async () => {
    const identity = fresh()
    await complete(table, identity, 'paid')
    const args = ['forget', identity.key, '--service', 'payments', '--yes', '--json']
    const { exitCode, stdout, stderr } = await runCli(args, env)
    expect(exitCode).toBe(0)
    expect(JSON.parse(stdout)).toEqual({ id: recordId(identity), forgotten: true })
    expect(stderr).toContain('attempts start again at 1')
    expect(stderr).toContain('will be done again')
    expect(await find(table, identity)).toBeUndefined()
  })

  it.each([
    { state: 'in progress', leaseLeftMs: 60_000, says: 'A run is in progress' },
    { state: 'interrupted', leaseLeftMs: -60_000, says: 'A run was interrupted' },
  ])('warns of a run that is $state', async ({ leaseLeftMs, says }) => {
    const { id } = await claim(table, fresh(), { leaseUntilMs: Date.now() + leaseLeftMs })
    expect((await runCli(['forget', id, '--yes'], env)).stderr).toContain(says)
  })

  it('warns that saved steps will be lost', async () => {
    const steps = new Map([['charge', { kind: 'undefined' }]] as const)
    const { id } = await claim(table, fresh(), { leaseUntilMs: 0, steps })
    expect((await runCli(['forget', id, '--yes'], env)).stderr).toContain('Its saved steps will be lost')
  })

  it('says what is left of a large result', async () => {
    const { id } = await complete(table, fresh(), randomBytes(20_000).toString('hex'))
    expect((await runCli(['forget', id, '--yes'], env)).stderr).toContain('`oncekey sweep` deletes them')
  })

  it('requires --yes if it cannot ask for confirmation', async () => {
    const identity = fresh()
    const { id } = await complete(table, identity, 'paid')
    expect((await runCli(['forget', id], env)).exitCode).toBe(2)
    expect(await find(table, identity)).toMatchObject({ status: 'completed' })
  })

  it('changes nothing if the record was completed in the meantime', async () => {
    const identity = fresh()
    const seen = await claim(table, identity)
    const store = dynamoDbStore(table.name, { client: table.client })
    const completion = {
      result: { kind: 'undefined' },
      completedAtMs: Date.now(),
      expiresAtMs: seen.expiresAtMs,
    } as const
    const completeNow = () => store.complete(seen, completion, { timeoutMs: 10_000 })
    const { exitCode, stdout } = await runCliInTerminal(['forget', seen.id], env, completeNow)
    expect(exitCode).toBe(4)
    expect(stdout).toContain('It is now completed')
    expect(await find(table, identity)).toMatchObject({ status: 'completed' })
  })
})
