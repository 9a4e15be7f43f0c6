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
      says: 'no table: give --table, or set IDEMPOTENCY_TABLE',
    },
    { what: 'no Region', without: ['AWS_REGION'], says: 'no AWS Region: give --region, or set AWS_REGION' },
    {
      what: 'no credentials',
      without: ['AWS_ACCESS_KEY_ID', 'AWS_SECRET_ACCESS_KEY'],
      says: 'no AWS credentials',
    },
  ])('with $what says so, and what to do', async ({ without, says }) => {
    const less = Object.fromEntries(Object.entries(env).filter(([name]) => !without.includes(name)))
    const { exitCode, stdout, stderr } = await runCli(show, less)
    expect(exitCode).toBe(2)
    expect(stderr).toContain(`oncekey: ${says}`)
    expect(stderr).not.toContain('    at ')
    expect(stdout).toBe('')
  })

  it('gives table, Region and endpoint as options too', async () => {
    const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, PATH } = env
    const options = ['--table', table.name, '--region', 'us-east-1', '--endpoint', table.endpoint]
    const { exitCode, stderr } = await runCli([...options, ...show], {
      AWS_ACCESS_KEY_ID,
      AWS_SECRET_ACCESS_KEY,
      PATH,
    })
    expect(exitCode).toBe(3)
    expect(stderr).toContain('no such key')
  })

  it('with a key that never came says so, and what may be wrong', async () => {
    const { exitCode, stderr } = await runCli(show, env)
    expect(exitCode).toBe(3)
    expect(stderr).toContain(`no such key: table "${table.name}" in us-east-1 holds no record payments#`)
    expect(stderr).toContain('check --service, --principal, --name and --kind')
  })

  it('with a table that is not there says so', async () => {
    const { exitCode, stderr } = await runCli([...show, '--table', 'nowhere'], env)
    expect(exitCode).toBe(1)
    expect(stderr).toContain('ResourceNotFoundException')
    expect(stderr).toContain('make the table there, or correct its name, the Region or the account')
  })

  it('with an endpoint that does not answer says so', async () => {
    const { exitCode, stderr } = await runCli([...show, '--endpoint', 'http://127.0.0.1:1'], env)
    expect(exitCode).toBe(1)
    expect(stderr).toContain('ECONNREFUSED')
  })

  it.each([
    { args: [...show, '--endpoint', 'localhost:8000'], says: 'expected a URL such as http://127.0.0.1:8000' },
    { args: ['show', 'order-1'], says: 'keys belong to a service: give --service' },
    { args: ['show'], says: "missing required argument 'key'" },
    { args: [...show, '--kind', 'queue'], says: 'Allowed choices are http, event, batch, run' },
    { args: [...show, '--bodies'], says: 'Did you mean --body?' },
    { args: ['sow', 'order-1'], says: 'Did you mean show?' },
  ])('$args is refused', async ({ args, says }) => {
    const { exitCode, stderr } = await runCli(args, env)
    expect(exitCode).toBe(2)
    expect(stderr).toContain(says)
  })

  it('explains itself and its exit codes', async () => {
    const { exitCode, stdout } = await runCli(['--help'])
    expect(exitCode).toBe(0)
    expect(stdout).toContain('Exit codes:')
    for (const command of ['show', 'list', 'release', 'forget', 'doctor'])
      expect(stdout).toContain(`  ${command} `)
  })

  it('knows its version', async () => {
    expect(await runCli(['--version'])).toMatchObject({
      exitCode: 0,
      stdout: expect.stringMatching(/^\d+\.\d+\.\d+\n$/),
    })
  })
})
