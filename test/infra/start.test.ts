import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { fileURLToPath } from 'node:url'
import { describe, expect, inject, test, vi } from 'vitest'
import { readPort } from '../../infra/local/ports.ts'
import { startLocal } from '../../infra/local/start-local.ts'

vi.setConfig({ testTimeout: 120_000 })

const script = fileURLToPath(new URL('../../infra/local/start.ts', import.meta.url))

/** Runs the script of `npm start`. */
function start(environment: Readonly<Record<string, string>>): { child: ChildProcess; output: () => string } {
  const { DYNAMODB_ENDPOINT: _none, ...inherited } = process.env
  const child = spawn(process.execPath, ['--conditions=oncekey-source', script], {
    env: { ...inherited, ...environment },
    // A process group of its own, so that a signal can reach all of it.
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let output = ''
  child.stdout?.on('data', (text) => {
    output += text
  })
  child.stderr?.on('data', (text) => {
    output += text
  })
  return { child, output: () => output }
}

/** Returns the child processes of a process. */
async function childrenOf(parent: ChildProcess): Promise<{ pid: number; command: string }[]> {
  const list = spawn('ps', ['-A', '-o', 'pid=,ppid=,args='], { stdio: ['ignore', 'pipe', 'inherit'] })
  const lines = (await list.stdout.toArray()).join('').split('\n')
  const rows = lines.map((line) => line.trim().split(/\s+/))
  return rows
    .filter(([, ppid]) => ppid === `${parent.pid}`)
    .map(([pid, , ...command]) => ({ pid: Number(pid), command: command.join(' ') }))
}

function isAlive({ pid }: { pid: number }): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}

describe('npm start', () => {
  test.each(['SIGINT', 'SIGTERM'] as const)(
    'stops on %s, with everything that it started',
    async (signal) => {
      const { child, output } = start({ PORT: '0' })
      await expect.poll(output, { timeout: 90_000, interval: 100 }).toContain('Press Ctrl-C to stop it.')
      const children = await childrenOf(child)
      expect(children).toHaveLength(1)
      expect(output().match(/curl -i .*Idempotency-Key: (\S+)'/g)).toHaveLength(2)
      expect(new Set(output().match(/(?<=Idempotency-Key: )\S+(?=')/g)).size).toBe(1)
      const [url = ''] = /http:\/\/127\.0\.0\.1:\d+/.exec(output()) ?? []
      expect((await fetch(`${url}/payments`)).status).toBe(200)

      child.kill(signal)
      const [code] = await once(child, 'exit')
      expect(code).toBe(0)
      expect(children.filter(isAlive)).toEqual([])
    },
  )

  test.each([
    ['while it starts', 'Starting'],
    ['while it runs', 'Press Ctrl-C to stop it.'],
  ])('ends without complaint on Ctrl-C in its terminal, %s', async (_when, words) => {
    const { child, output } = start({ PORT: '0' })
    await expect.poll(output, { timeout: 90_000, interval: 20 }).toContain(words)
    const commands = async () => (await childrenOf(child)).map(({ command }) => command).join()
    await expect.poll(commands, { timeout: 30_000, interval: 20 }).toContain('DynamoDBLocal.jar')
    const children = await childrenOf(child)
    // A terminal sends the signal to everything that runs in it.
    process.kill(-(child.pid ?? 0), 'SIGINT')
    const [code] = await once(child, 'close')
    expect(code).toBe(0)
    expect(output().slice(output().indexOf('Stopping'))).toBe('Stopping …\n')
    expect(children.filter(isAlive)).toEqual([])
  })

  test('names a port that is in use, and says what to do', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const address = other.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    await expect(startLocal({ port, dynamoDbEndpoint: inject('dynamoDbEndpoint') })).rejects.toThrow(
      `Cannot listen on port ${port} (it is already in use). Choose another: PORT=${port + 1} npm start`,
    )
    other.close()
  })

  test('rejects an invalid port', async () => {
    const { child, output } = start({ PORT: 'http' })
    const [code] = await once(child, 'close')
    expect(code).toBe(1)
    expect(output()).toContain('Expected PORT to be a number from 0 (any free port) to 65535, got "http".')
  })

  test.each(['-1', '65536', '80.5', ' 80', '0x50'])('refuses the port %j', (text) => {
    expect(() => readPort(text)).toThrow(`got ${JSON.stringify(text)}`)
  })

  test.each([
    [undefined, 3000],
    ['', 3000],
    ['0', 0],
    ['65535', 65535],
  ])('reads the port %j as %i', (text, port) => {
    expect(readPort(text)).toBe(port)
  })
})
