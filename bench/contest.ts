import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { bundleContender, here } from './bundle.ts'
import type { Answered, Task, TaskKind } from './task.ts'

export interface Contestant extends AsyncDisposable {
  readonly name: string
  ask<K extends TaskKind>(task: Task<K>): Promise<Answered[K]>
}

/** A contender in a process of its own: what one does to heap and compiled code must not touch another. */
export async function enter(name: string): Promise<Contestant> {
  const child = fork(join(here, 'worker.ts'), [await bundleContender(name)], {
    execArgv: ['--expose-gc'],
    env: { ...process.env, AWS_LAMBDA_FUNCTION_NAME: 'payments', NODE_OPTIONS: '' },
    serialization: 'advanced',
  })
  const end = once(child, 'exit').then(([code, signal]): never => {
    throw new Error(`${name} ended with ${signal ?? code}.`)
  })
  return {
    name,
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
 * Lets all do the same in turn, A B C A B C …, and gives what each round came to, by name.
 * The first rounds, which compile the code, do not count.
 */
export async function inTurn<K extends TaskKind>(
  names: readonly string[],
  task: Task<K>,
  { rounds, warmUps }: { readonly rounds: number; readonly warmUps: number },
): Promise<ReadonlyMap<string, readonly Answered[K][]>> {
  await using stack = new AsyncDisposableStack()
  const contestants: Contestant[] = []
  for (const name of names) contestants.push(stack.use(await enter(name)))
  const results = new Map<string, Answered[K][]>(names.map((name) => [name, []]))
  for (let round = -warmUps; round < rounds; round++) {
    for (const { name, ask } of contestants) {
      const value = await ask(task)
      if (round >= 0) results.get(name)?.push(value)
    }
  }
  return results
}
