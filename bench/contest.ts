import { execFile, fork } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { bundleContender, bundleFresh, here, raw } from './bundle.ts'
import type { Place } from './places.ts'
import { request } from './requests.ts'
import { CONTENDERS, type Column } from './row.ts'
import type { Answered, Task, TaskKind } from './task.ts'

export interface Contestant extends AsyncDisposable {
  ask<K extends TaskKind>(task: Task<K>): Promise<Answered[K]>
}

/** A contender in a process of its own: what one does to heap and compiled code must not touch another. */
export async function enter(name: string, place: Place = {}): Promise<Contestant> {
  const child = fork(join(here, 'worker.ts'), [await bundleContender(name)], {
    execArgv: ['--expose-gc'],
    env: { ...process.env, AWS_LAMBDA_FUNCTION_NAME: 'payments', NODE_OPTIONS: '', ...place },
    serialization: 'advanced',
  })
  const end = once(child, 'exit').then(([code, signal]): never => {
    throw new Error(`${name} ended with ${signal ?? code}.`)
  })
  return {
    async ask(task) {
      const answered = once(child, 'message')
      child.send(task)
      const [{ value, error }] = await Promise.race([answered, end])
      if (error !== undefined) throw new Error(`${name}: ${error}`)
      return value
    },
    async [Symbol.asyncDispose]() {
      child.disconnect()
      await end.catch(() => undefined)
    },
  }
}

/**
 * Lets all do the same in turn, A B C A B C …, and gives what each round came to, by column.
 * The first rounds, which compile the code, do not count.
 */
export async function inTurn<K extends TaskKind>(
  columns: readonly Column[],
  task: Task<K>,
  { rounds, warmUps, place }: { readonly rounds: number; readonly warmUps: number; readonly place?: Place },
): Promise<ReadonlyMap<Column, readonly Answered[K][]>> {
  await using stack = new AsyncDisposableStack()
  const contestants = new Map<Column, Contestant>()
  for (const column of columns) contestants.set(column, stack.use(await enter(CONTENDERS[column], place)))
  const results = new Map<Column, Answered[K][]>(columns.map((column) => [column, []]))
  for (let round = -warmUps; round < rounds; round++) {
    for (const [column, { ask }] of contestants) {
      const value = await ask(task)
      if (round >= 0) results.get(column)?.push(value)
    }
  }
  return results
}

interface Lap {
  readonly wallMs: number
  readonly cpuMs: number
}

/** The first requests of a fresh process. */
export interface Start {
  /** Loading the function, and warming it up if it does. */
  readonly init: Lap
  readonly first: Lap
  /** The ten after it. */
  readonly next: Lap
  /** All, the first included. */
  readonly all: Lap
  readonly rssMiB: number
}

export interface StartOptions {
  readonly requests: number
  readonly place: Place
  /** The cgroup that the process moves itself to after it has loaded the function. */
  readonly cgroup?: string
}

/** Starts a fresh process that loads a function, and makes requests one by one. */
export async function startFresh(file: string, { requests, place, cgroup }: StartOptions): Promise<Start> {
  const events = join(raw, 'events.json')
  await writeFile(events, JSON.stringify(Array.from({ length: requests }, () => request())))
  const args = [await bundleFresh(), file, events, ...(cgroup === undefined ? [] : [cgroup])]
  const env = { PATH: process.env.PATH, ...place }
  const { stdout } = await promisify(execFile)(process.execPath, args, { env })
  return JSON.parse(stdout)
}

/** Starts a fresh process of each function in turn, A B C A B C …: the files are in their second round in the page cache. */
export async function startInTurn(
  files: ReadonlyMap<Column, string>,
  rounds: number,
  options: StartOptions,
): Promise<ReadonlyMap<Column, readonly Start[]>> {
  const starts = new Map<Column, Start[]>([...files.keys()].map((column) => [column, []]))
  for (let round = -1; round < rounds; round++) {
    for (const [column, file] of files) {
      const start = await startFresh(file, options)
      if (round >= 0) starts.get(column)?.push(start)
    }
  }
  return starts
}
