import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { vi } from 'vitest'
import type { TestTable } from '../support/tables.ts'

// Each run of the command starts a Node.js process and loads the AWS SDK.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 })

const main = join(import.meta.dirname, '../../packages/oncekey-cli/src/main.ts')

export interface CliResult {
  readonly exitCode: unknown
  readonly stdout: string
  readonly stderr: string
}

type Env = Readonly<Record<string, string | undefined>>

/** An environment without this machine's profile and credentials, and without colours. */
const bare: Env = {
  PATH: process.env.PATH,
  HOME: '/nonexistent',
  AWS_EC2_METADATA_DISABLED: 'true',
  NO_COLOR: '1',
}

/** Returns the environment of a user who works with this table. */
export function environmentOf({ name, endpoint }: Pick<TestTable, 'name' | 'endpoint'>): Env {
  return {
    ...bare,
    IDEMPOTENCY_TABLE: name,
    AWS_ENDPOINT_URL_DYNAMODB: endpoint,
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'local',
    AWS_SECRET_ACCESS_KEY: 'local',
  }
}

/** Runs the command. Neither its input nor its output is a terminal. */
export async function runCli(args: readonly string[], env: Env = bare): Promise<CliResult> {
  const child = spawn(process.execPath, ['--conditions=oncekey-source', main, ...args], {
    env: { ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [stdout, stderr, [exitCode]] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ])
  return { exitCode, stdout, stderr }
}

/**
 * Runs the command in a pseudo-terminal. When it asks for confirmation, types `answer`, or calls it and then types yes.
 * The whole output is returned as `stdout`.
 */
export async function runCliInTerminal(
  args: readonly string[],
  env: Env,
  answer: string | (() => Promise<unknown>),
): Promise<CliResult> {
  const command = [process.execPath, '--conditions=oncekey-source', main, ...args]
  const quoted = command.map((part) => `'${part.replaceAll("'", "'\\''")}'`).join(' ')
  const child = spawn('script', ['--quiet', '--return', '--flush', '--command', quoted, '/dev/null'], {
    env: { ...env, TERM: 'xterm' },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  let stdout = ''
  const closed = once(child, 'close')
  for await (const part of child.stdout.setEncoding('utf8')) {
    const hadAsked = stdout.includes(QUESTION)
    stdout += part
    if (hadAsked || !stdout.includes(QUESTION)) continue
    if (typeof answer === 'function') await answer()
    child.stdin.write(typeof answer === 'function' ? 'y\n' : answer)
  }
  const [exitCode] = await closed
  return { exitCode, stdout, stderr: '' }
}

const QUESTION = '[y/N]'
