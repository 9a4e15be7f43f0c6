import { UpdateItemCommand } from '@aws-sdk/client-dynamodb'
import type { IdempotencyOptions } from 'oncekey'
import { expect, it, onTestFinished, vi } from 'vitest'
import { withoutMiddy } from '../support/front-doors.ts'
import { itemsOf } from '../support/items.ts'
import { entrances, scenario } from './scenario.ts'

const entrance = entrances.find(({ door, shape }) => door === withoutMiddy && shape === 'http')

/** A payments API on DynamoDB whose runs end with the test. A run fails after its first step if it is told to. */
async function startPayments(options: IdempotencyOptions = {}) {
  if (entrance === undefined) throw new Error('expected an HTTP API without Middy')
  const end = Promise.withResolvers<void>()
  onTestFinished(() => end.resolve())
  let fails = false
  const { table, send, runs } = await scenario(entrance, options, async (_event, { idempotency }) => {
    await idempotency.step('charge', () => 'ch_1')
    if (fails) throw new Error('declined')
    await end.promise
    return { statusCode: 201 }
  })

  const item = async () => (await itemsOf(table))[0]
  return {
    item,
    async start() {
      const before = runs()
      void send()
      await vi.waitUntil(() => runs() > before)
    },
    async fail() {
      fails = true
      await send().catch(() => undefined)
      fails = false
    },
    /** Lets this time have passed since the instant in the record. */
    async age(attribute: 'createdAtMs' | 'takenOverAtMs' | 'leaseUntilMs', durationMs: number) {
      const { client, name: TableName } = table
      const current = await item()
      await client.send(
        new UpdateItemCommand({
          TableName,
          Key: { id: current?.id ?? { S: 'no record' } },
          UpdateExpression: 'SET #a = #a - :ms',
          ConditionExpression: 'attribute_exists(#a)',
          ExpressionAttributeNames: { '#a': attribute },
          ExpressionAttributeValues: { ':ms': { N: `${durationMs}` } },
        }),
      )
    },
    async retryAfter() {
      return Number((await send()).header('retry-after'))
    },
  }
}
type Payments = Awaited<ReturnType<typeof startPayments>>

const HOUR_MS = 3_600_000
/** DynamoDB says its time in whole seconds, rounded down, and the test itself takes time. */
const about = (seconds: number): number[] => [seconds - 1, seconds, seconds + 1].filter((value) => value > 0)

/** Leaves a run that was interrupted an hour after it began. */
async function crash(on: Payments): Promise<void> {
  await on.start()
  await on.age('createdAtMs', 2 * HOUR_MS)
  await on.age('leaseUntilMs', HOUR_MS)
}

interface Case {
  readonly run: string
  readonly expected: readonly number[]
  readonly prepare: (on: Payments) => Promise<void>
  readonly options?: IdempotencyOptions
}

const cases: readonly Case[] = [
  { run: 'has just begun', expected: about(1), prepare: (on) => on.start() },
  {
    run: 'began three seconds ago',
    expected: about(3),
    async prepare(on) {
      await on.start()
      await on.age('createdAtMs', 3_000)
    },
  },
  {
    run: 'began an hour ago',
    expected: [5],
    async prepare(on) {
      await on.start()
      await on.age('createdAtMs', HOUR_MS)
    },
  },
  {
    run: 'began an hour ago, and whose lease ends in two seconds',
    expected: about(2),
    options: { leaseMs: 4_000, renewEveryMs: 3_900 },
    async prepare(on) {
      await on.start()
      await on.age('createdAtMs', HOUR_MS)
      // Four seconds, and the margin of two.
      await on.age('leaseUntilMs', 4_000)
    },
  },
  {
    run: 'began three seconds ago, and has renewed its lease since',
    expected: about(3),
    options: { renewEveryMs: 100 },
    async prepare(on) {
      await on.start()
      const first = await on.item()
      await vi.waitUntil(async () => (await on.item())?.leaseUntilMs?.N !== first?.leaseUntilMs?.N)
      await on.age('createdAtMs', 3_000)
    },
  },
  {
    run: 'has just taken over from one that was interrupted',
    expected: about(1),
    async prepare(on) {
      await crash(on)
      await on.start()
    },
  },
  {
    run: 'took over three seconds ago',
    expected: about(3),
    async prepare(on) {
      await crash(on)
      await on.start()
      await on.age('takenOverAtMs', 3_000)
    },
  },
  {
    run: 'has just continued one that failed after a step, an hour ago',
    expected: about(1),
    async prepare(on) {
      await on.fail()
      await on.age('createdAtMs', HOUR_MS)
      await on.start()
    },
  },
]

it.each(cases)(
  'Retry-After is one of $expected for a run that $run',
  async ({ expected, prepare, options }) => {
    const on = await startPayments(options)
    await prepare(on)
    expect(await on.retryAfter()).toBeOneOf([...expected])
  },
)
