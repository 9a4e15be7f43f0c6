import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { createSandboxes, type Sandboxes } from '../../infra/local/sandboxes.ts'

// The threads and the database share this machine with all other tests.
vi.setConfig({ testTimeout: 60_000 })

let folder: string
let sandboxes: Sandboxes
let lines: string[]

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'oncekey-function-'))
  lines = []
})
afterEach(async () => {
  await sandboxes.stop()
  rmSync(folder, { recursive: true })
})

/** Invokes a function with this code. */
function run(code: string, event: unknown, timeoutMs = 5_000) {
  const file = join(folder, 'index.mjs')
  writeFileSync(file, code)
  const fn = {
    name: 'fn',
    arn: 'arn:aws:lambda:us-east-1:000000000000:function:fn',
    file,
    exportName: 'handler',
    timeoutMs,
    memoryMb: 512,
    environment: {},
  }
  sandboxes = createSandboxes(fn, { COLOUR: 'red' }, (line) => lines.push(line))
  return sandboxes.invoke(event)
}

describe('a sandbox', () => {
  test('gives the function the event, its own environment and a deadline', async () => {
    const report = await run(
      `export const handler = async (event, context) => ({
        event,
        environment: { ...process.env },
        name: context.functionName,
        memory: context.memoryLimitInMB,
        remainingMs: context.getRemainingTimeInMillis(),
      })`,
      { n: 1 },
    )
    const result = JSON.parse('payload' in report ? String(report.payload) : '{}')
    expect(result).toMatchObject({
      event: { n: 1 },
      environment: { COLOUR: 'red' },
      name: 'fn',
      memory: '512',
    })
    expect(result.environment).not.toHaveProperty('PATH')
    expect(result.remainingMs).toBeGreaterThan(0)
    expect(result.remainingMs).toBeLessThanOrEqual(5_000)
  })

  test('is reused by the next invocation, and never runs two at a time', async () => {
    const code = `let runs = 0
      let running = 0
      export const handler = async () => {
        running += 1
        await new Promise((resolve) => setImmediate(resolve))
        running -= 1
        return [running, (runs += 1)]
      }`
    await run(code, {})
    const together = await Promise.all([sandboxes.invoke({}), sandboxes.invoke({})])
    expect(together.map((report) => 'payload' in report && report.payload).sort()).toEqual(['[0,1]', '[0,2]'])
  })

  test('reports what the function throws', async () => {
    expect(await run(`export const handler = async () => { throw new Error('no luck') }`, {})).toMatchObject({
      error: expect.stringContaining('no luck'),
    })
    expect(lines.join('\n')).toContain('no luck')
  })

  test('is terminated at the deadline, and the next invocation gets a new one', async () => {
    const code = `export const handler = (event) => (event.hang ? new Promise(() => setInterval(() => {}, 1e6)) : 'new')`
    expect(await run(code, { hang: true }, 1_000)).toMatchObject({ error: 'Task timed out after 1 seconds' })
    expect(await sandboxes.invoke({})).toMatchObject({ payload: '"new"' })
  })

  test('reports a crash as an error', async () => {
    expect(await run('export const handler = () => process.exit(3)', {})).toMatchObject({
      error: 'The function exited with code 3.',
    })
  })

  test.each([
    ['throws while it is being loaded', `throw new Error('bad start')`, 'bad start'],
    ['exits while it is being loaded', 'process.exit(4)', 'exited with code 4 while it was being loaded'],
    ['exports no handler', 'export const other = 1', 'exports no handler'],
  ])('reports an error if its function %s', async (_what, code, message) => {
    expect(await run(code, {})).toMatchObject({ error: expect.stringContaining(message) })
  })

  test('does not keep invocations waiting if the function cannot be loaded', async () => {
    const first = run(`throw new Error('bad start')`, {})
    const rest = Array.from({ length: 11 }, () => sandboxes.invoke({}))
    expect(await Promise.all([first, ...rest])).toEqual(
      Array.from({ length: 12 }, () => ({ error: expect.stringContaining('bad start') })),
    )
  })

  test('reports an error to invocations that run or wait when it is stopped', async () => {
    const first = run(
      'export const handler = () => new Promise(() => setInterval(() => {}, 1e6))',
      {},
      600_000,
    )
    const rest = Array.from({ length: 11 }, () => sandboxes.invoke({}))
    await sandboxes.stop()
    expect(await Promise.all([first, ...rest])).toEqual(
      Array.from({ length: 12 }, () => ({ error: expect.any(String) })),
    )
    expect(await sandboxes.invoke({})).toMatchObject({ error: expect.stringContaining('was stopped') })
  })
})
