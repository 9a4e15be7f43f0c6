import { DynamoDBClient } from '@aws-sdk/client-dynamodb'
import { type Billed, createMeter } from '../test/budgets/meter.ts'
import { lambdaContext } from '../test/support/lambda-context.ts'
import type { Handler, Protect, Work } from './contenders/contender.ts'
import { listAnswer, request, SMALL_ANSWER } from './requests.ts'
import { stubSend, stubTransport } from './stub-client.ts'
import type { Answered, Costs, Lap, Task, TaskKind } from './task.ts'

const [, , file = ''] = process.argv
const { protect }: { protect: Protect } = await import(file)

const local = (endpoint: string): DynamoDBClient =>
  new DynamoDBClient({
    endpoint,
    region: 'us-east-1',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  })

/** The client and the handler live as long as the process, as in a Lambda function. */
const handlers = new Map<string, Handler>()
const handlerOf = (name: string, make: () => Handler): Handler => {
  const handler = handlers.get(name) ?? make()
  handlers.set(name, handler)
  return handler
}
const small: Work = async () => SMALL_ANSWER

async function cpu({ what, stub, count }: Task<'cpu'>): Promise<number> {
  const handler = handlerOf(stub, () =>
    protect(small, stub === 'send' ? stubSend() : stubTransport(), 'bench'),
  )
  const events = Array.from({ length: count }, () => request())
  const context = lambdaContext({ remainingMs: 600_000 })
  if (what === 'replay') for (const event of events) await handler(structuredClone(event), context)
  global.gc?.()
  const began = process.cpuUsage()
  for (const event of events) await handler(event, context)
  const { user, system } = process.cpuUsage(began)
  return (user + system) / count
}

/** Milliseconds so far in which a call of the SDK was under way, of requests that come one by one. */
let inCallsMs = 0

/** A client that keeps the time of its calls. */
function timed(client: DynamoDBClient): DynamoDBClient {
  const send = client.send.bind(client) as (...args: unknown[]) => Promise<unknown>
  return Object.assign(client, {
    async send(...args: unknown[]) {
      const beganMs = performance.now()
      try {
        return await send(...args)
      } finally {
        inCallsMs += performance.now() - beganMs
      }
    },
  })
}

async function latency(task: Task<'latency'>): Promise<Lap[]> {
  const { what, count, atOnce, endpoint, table } = task
  const handler = handlerOf(endpoint, () => protect(small, timed(local(endpoint)), table))
  const events = Array.from({ length: count }, () => request())
  const context = lambdaContext({ remainingMs: 600_000 })
  if (what === 'replay') await inTurns(events, atOnce, (event) => handler(structuredClone(event), context))
  const laps: Lap[] = []
  await inTurns(events, atOnce, async (event) => {
    const beganMs = performance.now()
    const beforeMs = inCallsMs
    await handler(event, context)
    const totalMs = performance.now() - beganMs
    laps.push({ totalMs, ownMs: totalMs - (inCallsMs - beforeMs) })
  })
  return laps
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
  const handler = handlerOf('forgetful', () => protect(small, forgetful(), 'bench'))
  const context = lambdaContext({ remainingMs: 600_000 })
  for (let n = 0; n < count; n++) {
    const event = request()
    await handler(structuredClone(event), context)
    await handler(event, context)
  }
  await new Promise((resolve) => setTimeout(resolve, 20))
  global.gc?.()
  return process.memoryUsage().heapUsed
}

/** A stub that holds one item at most: what else the heap keeps is the library's. */
function forgetful(): DynamoDBClient {
  let stub = stubSend()
  let calls = 0
  return new Proxy(stub, {
    get(target, name) {
      if (name !== 'send') return Reflect.get(target, name)
      return (command: never) => {
        // New requests and their replays come in turn, three calls each.
        if (calls++ % 3 === 0) stub = stubSend()
        return stub.send(command)
      }
    },
  })
}

async function units({ answerBytes, answerKind, endpoint, table }: Task<'units'>): Promise<Costs> {
  const client = local(endpoint)
  const meter = createMeter(client)
  const answer = answerBytes === 0 ? SMALL_ANSWER : listAnswer(answerBytes, answerKind)
  let runs = 0
  const work: Work = async () => {
    runs++
    return answer
  }
  const handler = protect(work, client, table)
  const event = request()
  /** The body is `undefined` if the call failed: a result that is too large is one that cannot be stored. */
  const take = async (): Promise<{ readonly billed: readonly Billed[]; readonly body: unknown }> => {
    const response = await handler(structuredClone(event), lambdaContext()).catch(() => undefined)
    return { billed: meter.take(), body: Object(response).body }
  }
  const fresh = await take()
  const replay = await take()
  const isReplayed = runs === 1 && replay.body === answer.body
  return { fresh: fresh.billed, replay: replay.billed, isReplayed }
}

async function burst({ count }: Task<'burst'>): Promise<number> {
  const REQUESTS = 2_000
  const handler = protect(small, stubSend(), 'bench')
  const events = Array.from({ length: REQUESTS }, () => request())
  const context = lambdaContext({ remainingMs: 600_000 })
  global.gc?.()
  const began = process.cpuUsage()
  await inTurns(events, count, (event) => handler(event, context))
  const { user, system } = process.cpuUsage(began)
  return (user + system) / REQUESTS
}

const works: { readonly [K in TaskKind]: (task: Task<K>) => Promise<Answered[K]> } = {
  cpu,
  latency,
  memory,
  burst,
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
