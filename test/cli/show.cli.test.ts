import { randomBytes } from 'node:crypto'
import { DeleteItemCommand, PutItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb'
import { recordId } from 'oncekey/inspect'
import { beforeAll, describe, expect, it } from 'vitest'
import { createTable, type TestTable } from '../support/tables.ts'
import { claim, complete, completeWithoutResult, pay } from './records.ts'
import { environmentOf, runCli } from './run-cli.ts'

const answer = { statusCode: 201, headers: { location: '/payments/7' }, body: 'card of Ada' }
const big = { statusCode: 200, body: randomBytes(30_000).toString('hex') }
const identities = {
  ...{ big: { ...pay, key: 'big' }, steps: { ...pay, key: 'steps' }, refuse: { ...pay, key: 'refuse' } },
  ada: { ...pay, principal: '["custom","ada"]' },
  event: { ...pay, kind: 'event', principal: '["custom","ada"]' },
  run: { ...pay, kind: 'run', name: 'charge', principal: '' },
} as const

let table: TestTable
let env: ReturnType<typeof environmentOf>
beforeAll(async () => {
  table = await createTable()
  env = environmentOf(table)
  await complete(table, pay, answer)
  await complete(table, identities.big, big)
  await complete(table, identities.ada, { statusCode: 202 })
  await complete(table, identities.event, { mail: 7 })
  await complete(table, identities.run, { receipt: 7 })
  const saved = { kind: 'undefined' } as const
  await claim(table, identities.steps, { attempt: 3, steps: new Map([['charge', saved]]) })
  await claim(table, identities.refuse, { onCrash: 'refuse', leaseUntilMs: Date.now() - 200_000 })
})

describe('oncekey show', () => {
  it('shows owner, times and attempt, and hides the stored result', async () => {
    const { exitCode, stdout, stderr } = await runCli(['show', 'order-1', '--service', 'payments'], env)
    expect(stderr).toBe('')
    expect(exitCode).toBe(0)
    expect(stdout).toContain(recordId(pay))
    expect(stdout).toMatch(/state +completed/)
    expect(stdout).toMatch(/next request +gets the stored result/)
    expect(stdout).toMatch(/attempt +1\n/)
    expect(stdout).toMatch(/owner +owner-1\n/)
    expect(stdout).toMatch(/first claim +\d{4}-\d\d-\d\dT.*Z \((now|\d+ s ago)\)/)
    expect(stdout).toMatch(/expires +\d{4}-\d\d-\d\dT.*Z \(in 23 h\)/)
    expect(stdout).toMatch(/result +status 201, \d+ B of JSON \(in the record\)/)
    expect(stdout).toContain('Pass --body to show it')
    expect(stdout).not.toContain('card of Ada')
    expect(stdout).not.toContain('/payments/7')
  })

  it('shows a time that is none, of a damaged record, as it is', async () => {
    const identity = { ...pay, key: 'never' }
    await claim(table, identity, { createdAtMs: Number.MAX_SAFE_INTEGER })
    const { exitCode, stdout } = await runCli(['show', recordId(identity)], env)
    expect(exitCode).toBe(0)
    expect(stdout).toMatch(/first claim +9007199254740991 ms \(in \d+ d\)/)
  })

  it('shows the result with --body', async () => {
    const { stdout } = await runCli(['show', recordId(pay), '--body'], env)
    expect(stdout).toContain('"body": "card of Ada"')
  })

  it('reads a large result from its chunks', async () => {
    const args = ['show', 'big', '--service', 'payments', '--json', '--body']
    const { stdout } = await runCli(args, env)
    const { answer } = JSON.parse(stdout)
    expect(answer).toMatchObject({ storedIn: 'chunks', encoding: 'br', httpStatus: 200 })
    expect(answer.body).toEqual(big)
  })

  it('prints one line of JSON, without the result unless asked', async () => {
    const { stdout } = await runCli(['show', recordId(pay), '--json'], env)
    expect(stdout.trimEnd()).not.toContain('\n')
    const shown: unknown = JSON.parse(stdout)
    expect(shown).toMatchObject({
      state: 'completed',
      attempt: 1,
      owner: 'owner-1',
      answer: { httpStatus: 201 },
    })
    expect(stdout).not.toContain('card of Ada')
  })

  it('finds the key of a caller, and of another kind of request', async () => {
    const ofAda = ['show', 'order-1', '--service', 'payments', '--principal', 'ada', '--json']
    const ofAdaInFull = [
      'show',
      'order-1',
      '--service',
      'payments',
      '--principal',
      '["custom","ada"]',
      '--json',
    ]
    const ofEvent = [
      'show',
      'order-1',
      '--service',
      'payments',
      '--kind',
      'event',
      '--principal',
      'ada',
      '--json',
    ]
    const ofRun = ['show', 'order-1', '--service', 'payments', '--kind', 'run', '--name', 'charge', '--json']
    const shown = await Promise.all([ofAda, ofAdaInFull, ofEvent, ofRun].map((args) => runCli(args, env)))
    const ids: unknown[] = shown.map(({ stdout }) => JSON.parse(stdout).id)
    const { ada, event, run } = identities
    expect(ids).toEqual([ada, ada, event, run].map(recordId))
  })

  it('shows the remaining lease of a run in progress, and the names of its steps', async () => {
    const { stdout } = await runCli(['show', 'steps', '--service', 'payments'], env)
    expect(stdout).toMatch(/state +in progress, lease ends in 10 min/)
    expect(stdout).toMatch(/next request +is told to retry later/)
    expect(stdout).toMatch(/attempt +3\n/)
    expect(stdout).toMatch(/step +charge, undefined/)
  })

  it('says that the outcome of an interrupted run is unknown', async () => {
    const { stdout } = await runCli(['show', 'refuse', '--service', 'payments'], env)
    expect(stdout).toMatch(/state +interrupted, lease lapsed 3 min ago/)
    expect(stdout).toMatch(/next request +is refused: the interrupted run may or may not have taken effect/)
  })

  it('reports a record that cannot be read', async () => {
    const id = recordId({ ...pay, key: 'foreign' })
    await table.client.send(
      new PutItemCommand({ TableName: table.name, Item: { id: { S: id }, v: { N: '9' } } }),
    )
    const { exitCode, stdout, stderr } = await runCli(['show', id, '--json'], env)
    expect(exitCode).toBe(4)
    expect(stderr).toContain('format version 9')
    expect(stderr).toContain('Requests with its key are refused')
    expect(JSON.parse(stdout)).toMatchObject({ id, state: 'unreadable' })
  })

  const saved = new Map([['charge', { kind: 'undefined' }]] as const)
  const released = 'released, no run in progress'
  const expiresAtMs = Date.now() - 600_000
  it.each([
    {
      name: 'released',
      changes: { leaseUntilMs: 0 },
      state: released,
      next: 'runs the handler as attempt 2, even if its content differs from the earlier request',
    },
    {
      name: 'released with steps',
      changes: { leaseUntilMs: 0, steps: saved },
      state: released,
      next: 'runs the handler as attempt 2, with the saved steps',
    },
    {
      name: 'interrupted',
      changes: { leaseUntilMs: Date.now() - 200_000 },
      state: 'interrupted, lease lapsed 3 min ago',
      next: 'runs the handler as attempt 2',
    },
    {
      name: 'expired',
      changes: { leaseUntilMs: expiresAtMs, expiresAtMs },
      state: 'expired 10 min ago',
      next: 'runs the handler as attempt 1, even if its content differs from the earlier request',
    },
  ])('says what the next request gets: $name', async ({ name, changes, state, next }) => {
    // DynamoDB Local's TTL would delete the expired one.
    const withoutTtl = await createTable({ hasTtl: false })
    await claim(withoutTtl, { ...pay, key: name }, changes)
    const { stdout } = await runCli(['show', name, '--service', 'payments'], environmentOf(withoutTtl))
    expect(stdout).toContain(`  state         ${state}\n`)
    expect(stdout).toContain(`  next request  ${next}\n`)
  })

  it('says that a result was not stored', async () => {
    await completeWithoutResult(table, { ...pay, key: 'stream' })
    const { stdout } = await runCli(['show', 'stream', '--service', 'payments'], env)
    expect(stdout).toMatch(/state +completed, but its result was not stored\n/)
    expect(stdout).toMatch(/next request +is refused \(over HTTP with 410\): the work is done/)
    expect(stdout).toMatch(/result +status 201, not stored: it is a stream\n/)
    const listed = await runCli(['list'], env)
    expect(listed.stdout).toMatch(/^completed, but its result was not stored +1 /m)
  })

  it('says that a stored result cannot be read', async () => {
    const { id, owner } = await complete(table, { ...pay, key: 'damaged' }, big)
    const { Items = [] } = await table.client.send(new ScanCommand({ TableName: table.name }))
    const chunks = Items.map((item) => item.id?.S ?? '').filter((chunk) =>
      chunk.startsWith(`${id}#${owner}#`),
    )
    expect(chunks).toHaveLength(1)
    const Key = { id: { S: `${chunks[0]}` } }
    await table.client.send(new DeleteItemCommand({ TableName: table.name, Key }))
    const { stdout } = await runCli(['show', 'damaged', '--service', 'payments'], env)
    expect(stdout).toMatch(/next request +is refused: the work is done, but its result cannot be read\n/)
    expect(stdout).toMatch(/result +cannot be read: .*chunk 1 of 1 of its result is missing or damaged/)
  })
})
