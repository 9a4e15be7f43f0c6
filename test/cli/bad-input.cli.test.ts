import { beforeAll, describe, expect, it } from 'vitest'
import { createTable, type TestTable } from '../support/tables.ts'
import { environmentOf, runCli } from './run-cli.ts'

let table: TestTable
let env: ReturnType<typeof environmentOf>
beforeAll(async () => {
  table = await createTable()
  env = environmentOf(table)
})

const show = ['show', 'order-1', '--service', 'payments']

describe('the command line', () => {
  it.each([
    {
      what: 'no table',
      without: ['IDEMPOTENCY_TABLE'],
      says: 'No table: pass --table or set IDEMPOTENCY_TABLE',
    },
    { what: 'no Region', without: ['AWS_REGION'], says: 'No AWS Region: pass --region, or set AWS_REGION' },
    {
      what: 'no credentials',
      without: ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'],
      says: 'No AWS credentials',
    },
  ])('says that there is $what, and what to do', async ({ without, says }) => {
    const less = Object.fromEntries(Object.entries(env).filter(([name]) => !without.includes(name)))
    const { exitCode, stdout, stderr } = await runCli(show, less)
    expect(exitCode).toBe(2)
    expect(stderr).toContain(`oncekey: ${says}`)
    expect(stderr).not.toContain('    at ')
    expect(stdout).toBe('')
  })

  it('takes table, Region and endpoint as options too', async () => {
    const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, PATH } = env
    const options = ['--table', table.name, '--region', 'us-east-1', '--endpoint', table.endpoint]
    const { exitCode, stderr } = await runCli([...options, ...show], {
      AWS_ACCESS_KEY_ID,
      AWS_SECRET_ACCESS_KEY,
      PATH,
    })
    expect(exitCode).toBe(3)
    expect(stderr).toContain('No such record')
  })

  it('says that a key has no record, and what may be wrong', async () => {
    const { exitCode, stderr } = await runCli(show, env)
    expect(exitCode).toBe(3)
    expect(stderr).toContain(`No such record: table "${table.name}" in us-east-1 has no record payments#`)
    expect(stderr).toContain('Check --service, --principal, --name and --kind')
  })

  it('says that the table does not exist', async () => {
    const { exitCode, stderr } = await runCli([...show, '--table', 'nowhere'], env)
    expect(exitCode).toBe(1)
    expect(stderr).toContain('ResourceNotFoundException')
    expect(stderr).toContain('create it, or correct its name, the Region or the account')
  })

  it.each([
    { command: show, at: 'http://127.0.0.1:1', cause: 'connect ECONNREFUSED 127.0.0.1:1' },
    { command: ['doctor'], at: 'http://127.0.0.1:1', cause: 'connect ECONNREFUSED 127.0.0.1:1' },
    { command: ['sweep'], at: 'http://nowhere.invalid', cause: 'nowhere.invalid' },
  ])('$command says that $at cannot be reached, and what to check', async ({ command, at, cause }) => {
    const { exitCode, stdout, stderr } = await runCli([...command, '--endpoint', at], env)
    expect(exitCode).toBe(1)
    expect(stdout + stderr).toContain(`${cause} (check --endpoint, --region and AWS_ENDPOINT_URL_DYNAMODB)`)
  })

  it.each([
    { args: [...show, '--endpoint', 'localhost:8000'], says: 'expected a URL such as http://127.0.0.1:8000' },
    { args: ['list', '--table', 'my table'], says: '--table: expected the name of a table, got "my table"' },
    { args: ['show', 'order-1'], says: '"order-1" is not a record id. To look up a key, pass --service' },
    { args: ['show'], says: "missing required argument 'key'" },
    { args: [...show, '--kind', 'queue'], says: 'Allowed choices are http, event, batch, run' },
    { args: [...show, '--bodies'], says: 'Did you mean --body?' },
    { args: ['sow', 'order-1'], says: 'Did you mean show?' },
  ])('$args is refused', async ({ args, says }) => {
    const { exitCode, stderr } = await runCli(args, env)
    expect(exitCode).toBe(2)
    expect(stderr).toContain(says)
  })

  it('explains its commands and exit codes', async () => {
    const { exitCode, stdout } = await runCli(['--help'])
    expect(exitCode).toBe(0)
    expect(stdout).toContain('Exit codes:')
    for (const command of ['show', 'list', 'release', 'forget', 'doctor'])
      expect(stdout).toContain(`  ${command} `)
  })

  it('prints its version', async () => {
    expect(await runCli(['--version'])).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    })
  })
})
