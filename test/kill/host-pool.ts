import { randomUUID } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import type { SandboxProcess } from '../support/sandbox-process.ts'

export interface Host {
  /** How many invocations one process gets at once. */
  readonly concurrency: number
  /** Whether a process is killed when an invocation outlasts its deadline. */
  readonly isDeadlineEnforced: boolean
  readonly remainingMs: number
}

/** A process that was killed or frozen, and the keys that it was at work on. */
export interface Harm {
  readonly kind: 'killed' | 'killed at its deadline' | 'frozen'
  readonly pid: number
  readonly keys: readonly string[]
  readonly atMs: number
}

export interface HostPool {
  readonly harms: readonly Harm[]
  /** Resolves to undefined if the process was killed. */
  invoke(key: string, event: unknown): Promise<unknown>
  /** Kills one process at random, or freezes it for that long. */
  harm(random: () => number, frozenMs?: number): void
  stop(): Promise<void>
}

interface Sandbox {
  readonly process: SandboxProcess
  readonly keys: Set<string>
  isUsable: boolean
}

/** Starts processes that serve invocations as this host would, and that come to harm as it is told. */
export async function startHostPool(
  { concurrency, isDeadlineEnforced, remainingMs }: Host,
  start: () => Promise<SandboxProcess>,
  size: number,
): Promise<HostPool> {
  const harms: Harm[] = []
  const sandboxes = new Set<Sandbox>()
  const waiting = new Set<() => void>()
  let isStopped = false

  const wake = (): void => {
    for (const resolve of waiting) resolve()
    waiting.clear()
  }
  const add = async (): Promise<void> => {
    const sandbox = { process: await start(), keys: new Set<string>(), isUsable: true }
    sandboxes.add(sandbox)
    if (isStopped) await sandbox.process.kill()
    wake()
  }
  const take = async (name: string): Promise<Sandbox> => {
    for (;;) {
      const usable = [...sandboxes].filter(({ isUsable, keys }) => isUsable && keys.size < concurrency)
      const [first] = usable.sort((one, other) => other.keys.size - one.keys.size)
      if (first !== undefined) {
        first.keys.add(name)
        return first
      }
      await new Promise<void>((resolve) => waiting.add(resolve))
    }
  }
  const note = (kind: Harm['kind'], { process: { pid }, keys }: Sandbox): void =>
    void harms.push({ kind, pid, keys: [...keys], atMs: Date.now() })
  const kill = async (kind: Harm['kind'], sandbox: Sandbox): Promise<void> => {
    if (!sandboxes.delete(sandbox)) return
    note(kind, sandbox)
    await sandbox.process.kill()
    if (!isStopped) await add()
  }
  const freeze = async (sandbox: Sandbox, frozenMs: number): Promise<void> => {
    note('frozen', sandbox)
    sandbox.isUsable = false
    sandbox.process.freeze()
    await sleep(frozenMs)
    sandbox.process.thaw()
    sandbox.isUsable = true
    wake()
  }
  await Promise.all(Array.from({ length: size }, add))

  return {
    harms,
    async invoke(key, event) {
      // Two callers of one key may be served by the same process.
      const name = `${key} ${randomUUID()}`
      const sandbox = await take(name)
      const timer = isDeadlineEnforced
        ? setTimeout(() => void kill('killed at its deadline', sandbox), remainingMs)
        : undefined
      try {
        return await sandbox.process.invoke(event, remainingMs).catch(() => undefined)
      } finally {
        clearTimeout(timer)
        sandbox.keys.delete(name)
        wake()
      }
    },
    harm(random, frozenMs) {
      const busy = [...sandboxes].filter(({ isUsable, keys }) => isUsable && keys.size > 0)
      const sandbox = busy[Math.floor(random() * busy.length)]
      if (sandbox === undefined) return
      void (frozenMs === undefined ? kill('killed', sandbox) : freeze(sandbox, frozenMs))
    },
    async stop() {
      isStopped = true
      await Promise.all([...sandboxes].map(({ process }) => process.kill()))
    },
  }
}
