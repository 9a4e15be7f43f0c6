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
  it('ends the lease, so that the next request runs again and the first run can store nothing', async () => {
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

  it('says what it will allow', async () => {
    const { id } = await claim(table, fresh(), { onCrash: 'refuse' })
    const { exitCode, stdout, stderr } = await runCli(['release', id, '--yes'], env)
    expect(exitCode).toBe(0)
    expect(stdout).toBe('Released.\n')
    expect(stderr).toContain('in flight, lease 10 min left, attempt 1')
    expect(stderr).toContain('The next request with this key will run the handler again.')
    expect(stderr).toContain('the result of the first will not be stored')
    expect(stderr).toContain('Whether the first run took effect is not known')
  })

  it('asks first, and does nothing where nobody can answer', async () => {
    const identity = fresh()
    const { id, leaseUntilMs } = await claim(table, identity)
    const { exitCode, stderr } = await runCli(['release', id], env)
    expect(exitCode).toBe(2)
    expect(stderr).toContain('give --yes')
    expect(await find(table, identity)).toMatchObject({ leaseUntilMs })
  })

  it.each([
    { answer: 'y\n', exitCode: 0, says: 'Released.', isFree: true },
    { answer: 'n\n', exitCode: 4, says: 'nothing was changed', isFree: false },
    { answer: '\n', exitCode: 4, says: 'nothing was changed', isFree: false },
    { answer: '\u0004', exitCode: 4, says: 'nothing was changed', isFree: false },
  ])('takes $answer for an answer', async ({ answer, exitCode, says, isFree }) => {
    const identity = fresh()
    const { id, leaseUntilMs } = await claim(table, identity)
    const ended = await runCliInTerminal(['release', id], env, answer)
    expect(ended.stdout).toContain('Release it? [y/N]')
    expect(ended.stdout).toContain(says)
    expect(ended.exitCode).toBe(exitCode)
    expect(await find(table, identity)).toMatchObject({ leaseUntilMs: isFree ? 0 : leaseUntilMs })
  })

  it('does nothing to a run that took over while it asked', async () => {
    const identity = fresh()
    const seen = await claim(table, identity)
    const successor = { ...seen, owner: 'owner-2', attempt: 2, leaseUntilMs: seen.leaseUntilMs + 1 }
    const store = dynamoDbStore(table.name, { client: table.client })
    const takeOver = () => store.takeover(successor, seen, { timeoutMs: 10_000 })
    const { exitCode, stdout } = await runCliInTerminal(['release', seen.id], env, takeOver)
    expect(exitCode).toBe(4)
    expect(stdout).toContain('changed since')
    expect(await find(table, identity)).toMatchObject({
      owner: 'owner-2',
      leaseUntilMs: successor.leaseUntilMs,
    })
  })

  it('does nothing to a run that renewed its lease while it asked, for that run is alive', async () => {
    const identity = fresh()
    const seen = await claim(table, identity)
    const leaseUntilMs = seen.leaseUntilMs + 60_000
    const lease = { fromLeaseUntilMs: seen.leaseUntilMs, leaseUntilMs, expiresAtMs: seen.expiresAtMs }
    const store = dynamoDbStore(table.name, { client: table.client })
    const renew = () => store.renew(seen, lease, { timeoutMs: 10_000 })
    const { exitCode, stdout } = await runCliInTerminal(['release', seen.id], env, renew)
    expect(exitCode).toBe(4)
    expect(stdout).toContain('changed since: it is in flight, lease 11 min left')
    expect(await find(table, identity)).toMatchObject({ owner: seen.owner, leaseUntilMs })
  })

  it('has nothing to do for a record that is free', async () => {
    const { id } = await claim(table, fresh(), { leaseUntilMs: 0 })
    const { exitCode, stdout } = await runCli(['release', id, '--json'], env)
    expect(exitCode).toBe(0)
    expect(JSON.parse(stdout)).toEqual({ id, released: false })
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
  it('deletes the record, and says that the work will be done twice', async () => {
    const identity = fresh()
    await complete(table, identity, 'paid')
    const args = ['forget', identity.key, '--service', 'payments', '--yes', '--json']
    const { exitCode, stdout, stderr } = await runCli(args, env)
    expect(exitCode).toBe(0)
    expect(JSON.parse(stdout)).toEqual({ id: recordId(identity), forgotten: true })
    expect(stderr).toContain('attempts count from 1')
    expect(stderr).toContain('done twice')
    expect(await find(table, identity)).toBeUndefined()
  })

  it.each([
    { state: 'in flight', leaseLeftMs: 60_000, says: 'A run is in flight' },
    { state: 'cut off', leaseLeftMs: -60_000, says: 'A run was cut off' },
  ])('warns of a run that is $state', async ({ leaseLeftMs, says }) => {
    const { id } = await claim(table, fresh(), { leaseUntilMs: Date.now() + leaseLeftMs })
    expect((await runCli(['forget', id, '--yes'], env)).stderr).toContain(says)
  })

  it('asks first, and does nothing where nobody can answer', async () => {
    const identity = fresh()
    const { id } = await complete(table, identity, 'paid')
    expect((await runCli(['forget', id], env)).exitCode).toBe(2)
    expect(await find(table, identity)).toMatchObject({ status: 'completed' })
  })

  it('leaves a record alone that was completed while it asked', async () => {
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
    expect(stdout).toContain('it is completed')
    expect(await find(table, identity)).toMatchObject({ status: 'completed' })
  })
})
