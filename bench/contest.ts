import { fork } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { bundleContender, here } from './bundle.ts'
import type { Task } from './worker.ts'

export interface Contestant extends AsyncDisposable {
  readonly name: string
  ask<T>(task: Task): Promise<T>
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
    async ask<T>(task: Task): Promise<T> {
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
export async function inTurn<T>(
  names: readonly string[],
  task: Task,
  { rounds, warmUps }: { readonly rounds: number; readonly warmUps: number },
): Promise<ReadonlyMap<string, readonly T[]>> {
  await using stack = new AsyncDisposableStack()
  const contestants: Contestant[] = []
  for (const name of names) contestants.push(stack.use(await enter(name)))
  const results = new Map<string, T[]>(names.map((name) => [name, []]))
  for (let round = -warmUps; round < rounds; round++) {
    for (const { name, ask } of contestants) {
      const value = await ask<T>(task)
      if (round >= 0) results.get(name)?.push(value)
    }
  }
  return results
}
