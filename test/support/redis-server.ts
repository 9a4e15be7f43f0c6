import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { createClient } from '@redis/client'

const program = 'redis-server'
const startTimeoutMs = 20_000
const mend = 'Install it (Debian: apt-get install redis-server); only `npm run test:triggers` needs it.'

export interface RedisServer {
  readonly port: number
  readonly url: string
  stop(): Promise<void>
}

/**
 * Redis on a free port of this machine, in memory only, as a child of this process.
 * @throws when there is no redis-server; the message says how to mend it.
 */
export async function startRedisServer(): Promise<RedisServer> {
  const port = await freePort()
  const flags = ['--port', `${port}`, '--bind', '127.0.0.1', '--save', '', '--appendonly', 'no']
  const child = spawn(program, flags, { stdio: 'ignore' })
  let failure: string | undefined
  child.once('error', (error) => {
    failure = error.message
  })
  child.once('exit', (code, signal) => {
    failure ??= `it ended with ${signal ?? `code ${code}`}`
  })
  const killNow = (): void => {
    child.kill('SIGKILL')
  }
  process.once('exit', killNow)

  const stop = async (): Promise<void> => {
    process.off('exit', killNow)
    if (child.pid === undefined || child.exitCode !== null || child.signalCode !== null) return
    const exited = once(child, 'exit')
    child.kill('SIGTERM')
    await exited
  }

  const url = `redis://127.0.0.1:${port}`
  const deadlineMs = performance.now() + startTimeoutMs
  while (!(await answers(url))) {
    if (failure !== undefined) throw new Error(`redis-server did not start: ${failure}\n${mend}`)
    if (performance.now() > deadlineMs) {
      await stop()
      throw new Error(`redis-server did not answer within ${startTimeoutMs} ms.`)
    }
    await sleep(20)
  }
  return { port, url, stop }
}

async function answers(url: string): Promise<boolean> {
  const client = createClient({ url, socket: { reconnectStrategy: false } })
  client.on('error', () => undefined)
  try {
    await client.connect()
    await client.ping()
    return true
  } catch {
    return false
  } finally {
    if (client.isOpen) client.destroy()
  }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string')
    throw new Error(`expected a port, got ${String(address)}`)
  return address.port
}
