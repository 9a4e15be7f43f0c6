import { fork } from 'node:child_process'
import { once } from 'node:events'
import type { Reply } from './serve-invocations.ts'

/** A function in a process of its own, as Lambda keeps one: it can be killed at any moment. */
export interface SandboxProcess {
  readonly pid: number
  /** Rejects if the process ends before it has answered. One at a time. */
  invoke(event: unknown, remainingMs: number): Promise<unknown>
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

  return {
    pid,
    async invoke(event, remainingMs) {
      const answered = once(child, 'message')
      child.send({ event, deadlineMs: Date.now() + remainingMs })
      const [reply] = (await Promise.race([answered, gone])) as [Reply]
      if ('threw' in reply) throw new Error(reply.threw)
      return reply.response
    },
    async kill() {
      child.kill('SIGKILL')
      await gone.catch(() => undefined)
    },
  }
}
