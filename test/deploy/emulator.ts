import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { freePort } from '../../infra/local/free-port.ts'
import { installEmulator } from './emulator-install.ts'
import { ROOT } from './root-account.ts'

const startTimeoutMs = 120_000

export interface Emulator extends AsyncDisposable {
  readonly endpoint: string
  readonly pid: number
}

/**
 * Starts MiniStack on a free port of loopback, with nothing of any earlier run, and with IAM in force: a function may
 * do what its role allows, and nothing else. It runs functions on the first `node` of its PATH: this process's own.
 *
 * @throws if it cannot be installed, or does not start; the message says why.
 */
export async function startEmulator(): Promise<Emulator> {
  const python = await installEmulator()
  const port = await freePort()
  const folder = await mkdtemp(join(tmpdir(), 'oncekey-emulator-'))
  const child = spawn(python, ['-m', 'ministack'], {
    // Nothing of this machine's AWS settings.
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
      // Further listeners, on ports of their own.
      IOT_MTLS_ENABLED: '0',
      SFTP_ENABLED: '0',
      LOG_LEVEL: 'WARNING',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let lastWords = ''
  const listen = (text: string) => {
    lastWords = (lastWords + text).slice(-2_000)
  }
  child.stdout.setEncoding('utf8').on('data', listen)
  child.stderr.setEncoding('utf8').on('data', listen)
  const ended = once(child, 'exit').catch(() => undefined)
  const isRunning = () => child.exitCode === null && child.signalCode === null
  const killNow = () => child.kill('SIGKILL')
  process.once('exit', killNow)

  const stop = async () => {
    if (isRunning()) child.kill('SIGTERM')
    // It waits for what is under way, and a function that hangs is.
    const patience = setTimeout(killNow, 10_000)
    await ended
    clearTimeout(patience)
    process.off('exit', killNow)
    await rm(folder, { recursive: true, force: true })
  }

  const endpoint = `http://127.0.0.1:${port}`
  const deadlineMs = performance.now() + startTimeoutMs
  while (!(await isHealthy(endpoint))) {
    if (!isRunning() || performance.now() > deadlineMs) {
      await stop()
      throw new Error(`The AWS emulator did not start within ${startTimeoutMs} ms. ${lastWords.trim()}`)
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
