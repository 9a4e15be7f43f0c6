import { lambdaContext } from 'oncekey/testing'
import type { Handler, Protect, ProtectStubbed } from './contenders/contender.ts'
import { work } from './contenders/work.ts'
import { count as countPromises } from './count.ts'
import { request } from './requests.ts'
import { quantile } from './stats.ts'
import type { Answered, Task, TaskKind } from './task.ts'

const [, , file = ''] = process.argv
const { protect, protectStubbed }: { protect: Protect; protectStubbed: ProtectStubbed } = await import(file)

/** The client and the handler live as long as the process, as in a Lambda function. */
const handlers = new Map<boolean, Handler>()
function handlerFor(isStubbed: boolean): Handler {
  const handler =
    handlers.get(isStubbed) ?? (isStubbed ? protectStubbed(work) : protect(work, process.env.TABLE ?? ''))
  handlers.set(isStubbed, handler)
  return handler
}
const context = lambdaContext({ remainingMs: 6_000_000 })

async function requests(task: Task<'requests'>): Promise<Answered['requests']> {
  const { what, count, atOnce = 1, isStubbed = false } = task
  const handler = handlerFor(isStubbed)
  const events = Array.from({ length: count }, () => request())
  const repeats = what === 'replay' ? events.map((event) => structuredClone(event)) : []
  for (const event of repeats) await handler(event, context)
  const lapsMs: number[] = []
  const began = process.cpuUsage()
  await inTurns(events, atOnce, async (event) => {
    const beganMs = performance.now()
    await handler(event, context)
    lapsMs.push(performance.now() - beganMs)
  })
  const { user, system } = process.cpuUsage(began)
  return { cpuUs: (user + system) / count, p50Ms: quantile(lapsMs, 0.5) }
}

async function inTurns<T>(
  items: readonly T[],
  atOnce: number,
  run: (item: T) => Promise<unknown>,
): Promise<void> {
  const left = items.values()
  const lane = async (): Promise<void> => {
    for (const item of left) await run(item)
  }
  await Promise.all(Array.from({ length: atOnce }, lane))
}

async function memory({ count }: Task<'memory'>): Promise<number> {
  const handler = handlerFor(true)
  for (let n = 0; n < count; n++) {
    const event = request()
    await handler(structuredClone(event), context)
    await handler(event, context)
  }
  await new Promise((resolve) => setTimeout(resolve, 20))
  global.gc?.()
  return process.memoryUsage().heapUsed
}

async function counts({ what }: Task<'counts'>): Promise<Answered['counts']> {
  const handler = handlerFor(true)
  const event = request()
  // The first requests make promises that no later one does.
  for (let n = 0; n < 2; n++) await handler(structuredClone(event), context)
  const measured = what === 'new' ? request() : event
  return countPromises(() => handler(measured, context))
}

/** Loaded on use, because its meter needs the SDK, which the direct transport's process does without. */
async function units(task: Task<'units'>): Promise<Answered['units']> {
  const { measureCosts } = await import('./costs.ts')
  return measureCosts(protect, task)
}

const works: { readonly [K in TaskKind]: (task: Task<K>) => Promise<Answered[K]> } = {
  requests,
  memory,
  counts,
  units,
}
const run = <K extends TaskKind>(task: Task<K>): Promise<Answered[K]> => works[task.kind](task)

const answer = async (task: Task): Promise<void> => {
  try {
    process.send?.({ value: await run(task) })
  } catch (error) {
    process.send?.({ error: error instanceof Error ? error.stack : String(error) })
  }
}

process.on('message', (task: Task) => void answer(task))
process.on('disconnect', () => process.exit())
