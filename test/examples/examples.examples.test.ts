import { execFile } from 'node:child_process'
import { cpSync, globSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { installPythonPackages } from '../support/python-packages.ts'
import { type RedisServer, startRedisServer } from '../support/redis-server.ts'
import { createTable } from '../support/tables.ts'

const run = promisify(execFile)
const root = join(import.meta.dirname, '../..')
const examples = globSync('examples/*/package.json', { cwd: root }).map(dirname).sort()

/** Outside the project, so that nothing is found in its node_modules. */
const folder = mkdtempSync(join(tmpdir(), 'oncekey-examples-'))
let redis: RedisServer | undefined
let samPrograms: string

beforeAll(async () => {
  cpSync(join(root, 'examples'), join(folder, 'examples'), {
    recursive: true,
    filter: (path) => !/node_modules|cdk\.out|\.aws-sam/.test(path),
  })
  const packed = join(folder, 'examples/packed')
  mkdirSync(packed, { recursive: true })
  await run('npm', ['pack', '--workspaces', '--pack-destination', packed], { cwd: root })
  redis = await startRedisServer()
  samPrograms = await installPythonPackages({
    name: 'AWS SAM',
    requirements: join(import.meta.dirname, 'requirements.txt'),
    folder: join(root, '.python/sam'),
  })
}, 300_000)

afterAll(async () => {
  await redis?.stop()
  rmSync(folder, { recursive: true })
})

describe('the examples', () => {
  it('are all found', () => {
    expect(examples.length).toBeGreaterThanOrEqual(7)
  })

  it.each(examples)(
    '%s is installed from the packages, is built, and replays',
    async (example) => {
      const { name: table, endpoint } = await createTable()
      const { name: paymentsTable } = await createTable()
      const env = {
        ...process.env,
        PATH: [process.env.PATH, samPrograms].join(delimiter),
        NODE_OPTIONS: '',
        AWS_ENDPOINT_URL_DYNAMODB: endpoint,
        AWS_REGION: 'us-east-1',
        AWS_ACCESS_KEY_ID: 'local',
        AWS_SECRET_ACCESS_KEY: 'local',
        IDEMPOTENCY_TABLE: table,
        PAYMENTS_TABLE: paymentsTable,
        REDIS_URL: redis?.url,
        SAM_CLI_TELEMETRY: '0',
      }
      const npm = async (...args: string[]): Promise<string> => {
        const { stdout } = await run('npm', args, { cwd: join(folder, example), env }).catch((error) => {
          throw new Error(`npm ${args.join(' ')} failed:\n${error.stdout}${error.stderr}`)
        })
        return stdout
      }

      await npm('install', '--no-audit', '--no-fund', '--prefer-offline')
      await npm('run', 'build')
      const stdout = await npm('test')
      expect(stdout).toMatch(/# fail 0|ℹ fail 0/)
      expect(stdout).not.toMatch(/(#|ℹ) pass 0/)
    },
    300_000,
  )
})
