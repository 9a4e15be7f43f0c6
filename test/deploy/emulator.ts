import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { findFreePort } from '../../infra/local/ports.ts'
import { installPythonPackages } from '../support/python-packages.ts'
import { ROOT } from './root-account.ts'

const startTimeoutMs = 120_000

export interface Emulator extends AsyncDisposable {
  readonly endpoint: string
  readonly pid: number
}

/**
 * Starts MiniStack on a free loopback port, without state of earlier runs, and with IAM enforced: a function may do only
 * what its role allows. It runs functions with the first `node` of its PATH, which is the one of this process.
 *
 * @throws Error if it cannot be installed or does not start; the message says why.
 */
export async function startEmulator(): Promise<Emulator> {
  const programs = await installPythonPackages({
    name: 'the AWS emulator',
    requirements: join(import.meta.dirname, 'requirements.txt'),
    folder: join(import.meta.dirname, '../../.python/ministack'),
  })
  const python = join(programs, 'python')
  const port = await findFreePort()
  const folder = await mkdtemp(join(tmpdir(), 'oncekey-emulator-'))
  const child = spawn(python, ['-m', 'ministack'], {
    // Without this machine's AWS settings.
    env: {
      PATH: `${dirname(process.execPath)}${delimiter}${process.env.PATH}`,
      HOME: folder,
      TMPDIR: folder,
      S3_DATA_DIR: join(folder, 's3'),
      BIND_HOST: '127.0.0.1',
      GATEWAY_PORT: `${port}`,
      AUTH: 'true',
      AWS_ACCESS_KEY_ID: ROOT.credentials.accessKeyId,
      AWS_SECRET_ACCESS_KEY: ROOT.credentials.secretAccessKey,
      // These would listen on additional ports.
      IOT_MTLS_ENABLED: '0',
      SFTP_ENABLED: '0',
      LOG_LEVEL: 'WARNING',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let lastOutput = ''
  const listen = (text: string) => {
    lastOutput = (lastOutput + text).slice(-2_000)
  }
  child.stdout.setEncoding('utf8').on('data', listen)
  child.stderr.setEncoding('utf8').on('data', listen)
  const ended = once(child, 'exit').catch(() => undefined)
  const isRunning = () => child.exitCode === null && child.signalCode === null
  const killNow = () => child.kill('SIGKILL')
  process.once('exit', killNow)

  const stop = async () => {
    if (isRunning()) child.kill('SIGTERM')
    // It waits for running functions, and one that hangs would keep it running.
    const timer = setTimeout(killNow, 10_000)
    await ended
    clearTimeout(timer)
    process.off('exit', killNow)
    await rm(folder, { recursive: true, force: true })
  }

  const endpoint = `http://127.0.0.1:${port}`
  const deadlineMs = performance.now() + startTimeoutMs
  while (!(await isHealthy(endpoint))) {
    if (!isRunning() || performance.now() > deadlineMs) {
      await stop()
      throw new Error(`The AWS emulator did not start within ${startTimeoutMs} ms. ${lastOutput.trim()}`)
    }
    await sleep(100)
  }
  if (child.pid === undefined) throw new Error('The AWS emulator has no process.')
  return { endpoint, pid: child.pid, [Symbol.asyncDispose]: stop }
}

async function isHealthy(endpoint: string): Promise<boolean> {
  try {
    return (await fetch(`${endpoint}/_ministack/health`, { signal: AbortSignal.timeout(2_000) })).ok
  } catch {
    return false
  }
}
