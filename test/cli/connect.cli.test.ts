import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { DescribeTableCommand } from '@aws-sdk/client-dynamodb'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTable, type TestTable } from '../support/tables.ts'
import { startAlteringProxy } from './altering-proxy.ts'
import { environmentOf, runCli } from './run-cli.ts'

const CONFIG = `
[profile works]
region = us-east-1
aws_access_key_id = local
aws_secret_access_key = local
[profile no-region]
aws_access_key_id = local
aws_secret_access_key = local
[profile signed-out]
region = us-east-1
sso_session = corp
sso_account_id = 111111111111
sso_role_name = Operator
[sso-session corp]
sso_region = us-east-1
sso_start_url = https://corp.example/start
[profile expired]
region = us-east-1
sso_session = old
sso_account_id = 111111111111
sso_role_name = Operator
[sso-session old]
sso_region = us-east-1
sso_start_url = https://old.example/start
[profile failing-process]
region = us-east-1
credential_process = /bin/false
`

let table: TestTable
let home: string
/** The environment of a user who has profiles, and nothing else. */
let env: Readonly<Record<string, string | undefined>>
beforeAll(async () => {
  table = await createTable()
  home = await mkdtemp(join(tmpdir(), 'oncekey-home-'))
  await mkdir(join(home, '.aws/sso/cache'), { recursive: true })
  await writeFile(join(home, '.aws/config'), CONFIG)
  const token = { accessToken: 'x', expiresAt: '2020-01-01T00:00:00Z', region: 'us-east-1' }
  const name = createHash('sha1').update('old').digest('hex')
  await writeFile(join(home, `.aws/sso/cache/${name}.json`), JSON.stringify(token))
  const { AWS_REGION: _1, AWS_ACCESS_KEY_ID: _2, AWS_SECRET_ACCESS_KEY: _3, ...others } = environmentOf(table)
  env = { ...others, HOME: home }
})
afterAll(() => rm(home, { recursive: true }))

const show = ['show', 'order-1', '--service', 'payments']

describe('a profile', () => {
  it.each(['--profile', 'AWS_PROFILE'])('is taken from %s', async (source) => {
    const [args, variables] =
      source === 'AWS_PROFILE' ? [[], { AWS_PROFILE: 'works' }] : [['--profile', 'works'], {}]
    const { exitCode, stderr } = await runCli([...args, ...show], { ...env, ...variables })
    expect(exitCode).toBe(3)
    expect(stderr).toContain('in us-east-1 has no record')
  })

  it('of --profile wins over the credentials in the environment', async () => {
    const { exitCode, stderr } = await runCli(['--profile', 'nope', ...show], environmentOf(table))
    expect(exitCode).toBe(2)
    expect(stderr).toContain('No AWS profile "nope"')
  })

  it.each([
    {
      profile: 'nope',
      says: 'No AWS profile "nope": correct --profile or AWS_PROFILE. The profiles of ~/.aws/config and ~/.aws/credentials are: works, no-region, signed-out, expired, failing-process.',
    },
    { profile: 'no-region', says: 'No AWS Region: pass --region, or set AWS_REGION' },
    {
      profile: 'signed-out',
      says: 'No AWS credentials from profile "signed-out": sign in with `aws sso login --profile signed-out`.',
    },
    {
      profile: 'expired',
      says: 'No AWS credentials from profile "expired": sign in with `aws sso login --profile expired`.',
    },
    {
      profile: 'failing-process',
      says: 'No AWS credentials from profile "failing-process": sign in again, or correct the profile. (Command failed: /bin/false',
    },
  ])('$profile: the cause is told', async ({ profile, says }) => {
    const { exitCode, stderr } = await runCli(show, { ...env, AWS_PROFILE: profile })
    expect(stderr).toContain(`oncekey: ${says}`)
    expect(exitCode).toBe(2)
  })
})

describe('a table of another account', () => {
  const arn = 'arn:aws:dynamodb:eu-west-1:222222222222:table/keys'

  it('is found by its ARN, in the Region of the ARN', async () => {
    const { Table } = await table.client.send(new DescribeTableCommand({ TableName: table.name }))
    // DynamoDB Local ignores the Region.
    const args = ['--table', `${Table?.TableArn}`.replace('ddblocal', 'eu-west-1')]
    const { stderr } = await runCli([...args, ...show], { ...env, AWS_PROFILE: 'no-region' })
    expect(stderr).toContain('in eu-west-1')
  })

  it('is not looked for in another Region', async () => {
    const { exitCode, stderr } = await runCli(
      ['--table', arn, '--region', 'us-east-1', ...show],
      environmentOf(table),
    )
    expect(exitCode).toBe(2)
    expect(stderr).toContain(`--region: table ${arn} is in eu-west-1, got "us-east-1"`)
  })
})

it('names the permission that the operator lacks', async () => {
  const endpoint = await startAlteringProxy(table.endpoint, { denied: ['Scan'] })
  const { exitCode, stderr } = await runCli(['list'], environmentOf({ ...table, endpoint }))
  expect(exitCode).toBe(1)
  expect(stderr).toContain('grant your role dynamodb:Scan on this table')
})
