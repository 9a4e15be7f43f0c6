import { setTimeout as sleep } from 'node:timers/promises'
import type { SandboxProcess, startSandboxProcess } from '../support/sandbox-process.ts'

/** Sandboxes of one function, each of which serves one invocation at a time and may be killed while it does. */
export interface RiskyPool {
  /** The processes that were killed, and the key that each then worked for. */
  readonly kills: ReadonlyMap<number, string>
  /** `answer` is undefined if the sandbox was killed. The duration is the sandbox's own, without the wait for one. */
  invoke(
    key: string,
    event: unknown,
    remainingMs: number,
  ): Promise<{ readonly answer: unknown; readonly durationMs: number }>
  stop(): Promise<void>
}

/** After how long to kill the sandbox of an invocation, unless it has answered; `undefined`: not at all. */
export type Doom = () => number | undefined

export async function startRiskyPool(
  start: () => ReturnType<typeof startSandboxProcess>,
  size: number,
  doom: Doom,
): Promise<RiskyPool> {
  const kills = new Map<number, string>()
  const started: Promise<SandboxProcess>[] = []
  const idle: SandboxProcess[] = []
  const waiting: ((sandbox: SandboxProcess) => void)[] = []

  const take = (): Promise<SandboxProcess> => {
    const sandbox = idle.pop()
    return sandbox ? Promise.resolve(sandbox) : new Promise((resolve) => waiting.push(resolve))
  }
  const giveBack = (sandbox: SandboxProcess): void => {
    const next = waiting.shift()
    if (next) next(sandbox)
    else idle.push(sandbox)
  }
  const startOne = async (): Promise<void> => {
    const starting = start()
    started.push(starting)
    giveBack(await starting)
  }
  await Promise.all(Array.from({ length: size }, startOne))

  return {
    kills,
    async invoke(key, event, remainingMs) {
      const sandbox = await take()
      const beganAtMs = performance.now()
      const answered = sandbox.invoke(event, remainingMs)
      const afterMs = doom()
      const isDone = await Promise.race([
        answered.then(() => true),
        ...(afterMs === undefined ? [] : [sleep(afterMs, false)]),
      ])
      if (isDone) {
        giveBack(sandbox)
        return { answer: await answered, durationMs: performance.now() - beganAtMs }
      }
      answered.catch(() => undefined)
      kills.set(sandbox.pid, key)
      await sandbox.kill()
      startOne().catch((error: unknown) => process.emitWarning(String(error)))
      return { answer: undefined, durationMs: afterMs ?? 0 }
    },
    async stop() {
      const sandboxes = await Promise.allSettled(started)
      await Promise.all(sandboxes.map(async (one) => one.status === 'fulfilled' && (await one.value.kill())))
    },
  }
}
