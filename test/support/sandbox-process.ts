import { fork } from 'node:child_process'
import { once } from 'node:events'
import type { Invocation, Reply } from './serve-invocations.ts'

/** A function in a process of its own, as Lambda keeps one: it can be killed at any moment. */
export interface SandboxProcess {
  readonly pid: number
  /** Rejects if the process ends before it has answered. */
  invoke(event: unknown, remainingMs: number): Promise<unknown>
  /** Stops the process where it is, until `thaw`: it neither runs nor notices. */
  freeze(): void
  thaw(): void
  /** Ends the process as a power cut would. */
  kill(): Promise<void>
}

/** Starts a module that calls `serveInvocations`, and waits until it is ready. */
export async function startSandboxProcess(
  module: URL,
  environment: Readonly<Record<string, string>>,
): Promise<SandboxProcess> {
  const child = fork(module, {
    execArgv: ['--conditions=oncekey-source'],
    env: { PATH: process.env.PATH, ...environment },
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  })
  const gone = once(child, 'exit').then(() => {
    throw new Error(`the process of ${module.pathname} has ended`)
  })
  gone.catch(() => undefined)
  await Promise.race([once(child, 'message'), gone])
  const { pid } = child
  if (pid === undefined) throw new Error(`${module.pathname} did not start`)

  const waiting = new Map<number, (reply: Reply) => void>()
  let lastId = 0
  child.on('message', (reply: Reply) => {
    waiting.get(reply.id)?.(reply)
    waiting.delete(reply.id)
  })

  return {
    pid,
    async invoke(event, remainingMs) {
      const id = ++lastId
      const answered = new Promise<Reply>((resolve) => waiting.set(id, resolve))
      child.send({ id, event, deadlineMs: Date.now() + remainingMs } satisfies Invocation)
      const reply = await Promise.race([answered, gone])
      if ('threw' in reply) throw new Error(reply.threw)
      return reply.response
    },
    freeze: () => void child.kill('SIGSTOP'),
    thaw: () => void child.kill('SIGCONT'),
    async kill() {
      child.kill('SIGKILL')
      await gone.catch(() => undefined)
    },
  }
}
