import { randomUUID } from 'node:crypto'
import { createInterface } from 'node:readline'
import { Worker } from 'node:worker_threads'
import type { InvocationFacts } from './lambda-context.ts'
import type { Report } from './sandbox-worker.ts'
import type { LocalFunction } from './template-functions.ts'

/** As many as a new AWS account may run at once. Further requests wait. */
const MAX_SANDBOXES = 10

export interface Sandboxes {
  /** Runs the function as Lambda does: one invocation at a time in each sandbox, cut off at the deadline. */
  invoke(event: unknown): Promise<Report>
  stop(): Promise<void>
}

/**
 * The sandboxes of one function, each a thread with its own modules and environment, made when they are needed.
 * @param onLog is told every line that the function writes.
 */
export function createSandboxes(
  fn: LocalFunction,
  environment: Readonly<Record<string, string>>,
  onLog: (line: string) => void,
): Sandboxes {
  const all = new Set<Worker>()
  const idle: Worker[] = []
  const waiting: ((sandbox: Worker) => void)[] = []
  let isStopped = false

  function create(): Worker {
    const sandbox = new Worker(new URL('./sandbox-worker.ts', import.meta.url), {
      workerData: { file: fn.file, exportName: fn.exportName },
      env: { ...environment },
      // Not the parent's: they may hold what a thread refuses.
      execArgv: [],
      stdout: true,
      stderr: true,
    })
    for (const input of [sandbox.stdout, sandbox.stderr]) createInterface({ input }).on('line', onLog)
    all.add(sandbox)
    sandbox.once('exit', () => all.delete(sandbox))
    return sandbox
  }

  async function take(): Promise<Worker> {
    const found = idle.pop()
    if (found !== undefined) return found
    if (all.size < MAX_SANDBOXES) return create()
    return new Promise((resolve) => waiting.push(resolve))
  }

  function giveBack(sandbox: Worker): void {
    const next = waiting.shift()
    if (next) next(sandbox)
    else idle.push(sandbox)
  }

  async function discard(sandbox: Worker): Promise<void> {
    await sandbox.terminate()
    const next = isStopped ? undefined : waiting.shift()
    if (next) next(create())
  }

  return {
    async invoke(event) {
      const sandbox = await take()
      const facts = {
        requestId: randomUUID(),
        functionName: fn.name,
        functionArn: fn.arn,
        memoryMb: fn.memoryMb,
        deadlineMs: Date.now() + fn.timeoutMs,
      }
      const report = await runIn(sandbox, event, facts, fn.timeoutMs)
      if ('error' in report) onLog(report.error)
      if (report.isUsable) giveBack(sandbox)
      else await discard(sandbox)
      return report
    },
    async stop() {
      isStopped = true
      await Promise.all([...all].map((sandbox) => sandbox.terminate()))
    },
  }
}

function runIn(
  sandbox: Worker,
  event: unknown,
  facts: InvocationFacts,
  timeoutMs: number,
): Promise<Report & { readonly isUsable: boolean }> {
  return new Promise((resolve) => {
    const settle = (report: Report, isUsable: boolean) => {
      clearTimeout(timer)
      sandbox.off('message', onMessage).off('error', onError).off('exit', onExit)
      resolve({ ...report, isUsable })
    }
    const onMessage = (report: Report) => settle(report, true)
    const onError = (error: Error) => settle({ error: `The function crashed: ${error.message}` }, false)
    const onExit = (code: number) =>
      settle({ error: `The function ended its process with code ${code}.` }, false)
    const onTimeout = () => settle({ error: `Task timed out after ${timeoutMs / 1_000} seconds` }, false)
    const timer = setTimeout(onTimeout, timeoutMs)
    sandbox.on('message', onMessage).on('error', onError).on('exit', onExit)
    sandbox.postMessage({ event, facts })
  })
}
