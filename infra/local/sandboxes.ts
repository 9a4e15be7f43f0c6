import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { inspect } from 'node:util'
import { Worker } from 'node:worker_threads'
import type { LocalFunction } from './functions.ts'
import type { InvocationFacts, Report } from './sandbox-worker.ts'

/** The concurrency limit of a new AWS account. Further invocations wait. */
const MAX_SANDBOXES = 10

export interface Sandboxes {
  /**
   * Runs the function as Lambda does: one invocation at a time per sandbox, terminated at its deadline. The time that
   * a new sandbox takes to load the function does not count.
   */
  invoke(event: unknown): Promise<Report>
  stop(): Promise<void>
}

/**
 * Creates the sandboxes of one function: threads with modules and an environment of their own, started on demand.
 *
 * @param onLog called with every line that the function writes.
 */
export function createSandboxes(
  fn: LocalFunction,
  environment: Readonly<Record<string, string>>,
  onLog: (line: string) => void,
): Sandboxes {
  const all = new Set<Worker>()
  const idle: Worker[] = []
  const waiting: ((sandbox: Worker | Promise<Worker>) => void)[] = []
  let isStopped = false

  async function create(): Promise<Worker> {
    const sandbox = new Worker(new URL('./sandbox-worker.ts', import.meta.url), {
      workerData: { file: fn.file, exportName: fn.exportName },
      env: { ...environment },
      // The parent's arguments may contain options that a thread does not accept.
      execArgv: [],
      stdout: true,
      stderr: true,
    })
    all.add(sandbox)
    sandbox.once('exit', () => remove(sandbox))
    for (const input of [sandbox.stdout, sandbox.stderr]) createInterface({ input }).on('line', onLog)
    const ended = once(sandbox, 'exit').then(([code]) => {
      throw new Error(`The function exited with code ${code} while it was being loaded.`)
    })
    await Promise.race([once(sandbox, 'message'), ended])
    return sandbox
  }

  async function take(): Promise<Worker> {
    const found = idle.pop()
    if (found !== undefined) return found
    if (isStopped) throw new Error('The stack was stopped.')
    return all.size < MAX_SANDBOXES ? create() : new Promise((resolve) => waiting.push(resolve))
  }

  function free(sandbox: Worker): void {
    const next = waiting.shift()
    if (next) next(sandbox)
    else idle.push(sandbox)
  }

  /** Removes a sandbox that has exited, and starts another one if an invocation is waiting. */
  function remove(sandbox: Worker): void {
    all.delete(sandbox)
    if (idle.includes(sandbox)) idle.splice(idle.indexOf(sandbox), 1)
    waiting.shift()?.(create())
  }

  async function run(event: unknown): Promise<Report> {
    const sandbox = await take()
    const report = await runIn(sandbox, event, fn)
    if (report.isUsable) free(sandbox)
    else await sandbox.terminate()
    return report
  }

  return {
    async invoke(event) {
      const report = await run(event).catch((error: unknown) => ({ error: inspect(error) }))
      if ('error' in report) onLog(report.error)
      return report
    },
    async stop() {
      isStopped = true
      for (const refuse of waiting.splice(0)) refuse(Promise.reject(new Error('The stack was stopped.')))
      await Promise.all([...all].map((sandbox) => sandbox.terminate()))
    },
  }
}

function runIn(
  sandbox: Worker,
  event: unknown,
  { name, arn, memoryMb, timeoutMs }: LocalFunction,
): Promise<Report & { readonly isUsable: boolean }> {
  return new Promise((resolve) => {
    const settle = (report: Report, isUsable: boolean) => {
      clearTimeout(timer)
      sandbox.off('message', onMessage).off('error', onError).off('exit', onExit)
      resolve({ ...report, isUsable })
    }
    const onMessage = (report: Report) => settle(report, true)
    const onError = (error: Error) => settle({ error: `The function crashed: ${error.message}` }, false)
    const onExit = (code: number) => settle({ error: `The function exited with code ${code}.` }, false)
    const onTimeout = () => settle({ error: `Task timed out after ${timeoutMs / 1_000} seconds` }, false)
    const timer = setTimeout(onTimeout, timeoutMs)
    sandbox.on('message', onMessage).on('error', onError).on('exit', onExit)
    const facts: InvocationFacts = {
      requestId: randomUUID(),
      functionName: name,
      functionArn: arn,
      memoryMb,
      deadlineMs: Date.now() + timeoutMs,
    }
    sandbox.postMessage({ event, facts })
  })
}
