import { type IdempotentContext, LeaseLostError, type OutcomeEvent } from 'oncekey'
import { describe, expect, test, vi } from 'vitest'
import { type FrontDoor, frontDoors } from '../support/front-doors.ts'
import { startTrial, type Trial } from '../support/trial.ts'

const answerOf = (who: string): object => ({ statusCode: 201, body: who })

interface Handover {
  /** Lets the run that lost its lease go on, and gives its caller's answer. */
  wakeZombie(): ReturnType<ReturnType<Trial['sandbox']>>
  finishSuccessor(): ReturnType<ReturnType<Trial['sandbox']>>
  readonly zombieOutcomes: () => readonly string[]
}

/** A run that is frozen while its lease lapses, and its successor, which runs. */
async function handOver(
  trial: Trial,
  door: FrontDoor | undefined,
  late: (context: IdempotentContext) => unknown,
): Promise<Handover> {
  const zombie = Promise.withResolvers<void>()
  const successor = Promise.withResolvers<void>()
  const started = vi.fn()
  const onOutcome = vi.fn<(event: OutcomeEvent) => void>()
  const through = door && { door }

  const zombieCall = trial.sandbox(
    async (_event, context) => {
      started()
      await zombie.promise
      return late(context)
    },
    { ...through, onOutcome },
  )()
  await vi.waitUntil(() => started.mock.calls.length === 1)
  await trial.lapseLease()
  const successorCall = trial.sandbox(async () => {
    started()
    await successor.promise
    return answerOf('successor')
  }, through)()
  await vi.waitUntil(() => started.mock.calls.length === 2)

  return {
    wakeZombie() {
      zombie.resolve()
      return zombieCall
    },
    finishSuccessor() {
      successor.resolve()
      return successorCall
    },
    zombieOutcomes: () => onOutcome.mock.calls.map(([{ outcome }]) => outcome),
  }
}

const ways = [
  { way: 'returns', late: () => answerOf('zombie') },
  {
    way: 'throws',
    late: () => {
      throw new Error('zombie')
    },
  },
]

describe.each(frontDoors)('a run that outlives its lease, through $door', (door) => {
  test.concurrent.each(ways)(
    'and $way neither frees nor overwrites a successor that runs',
    async ({ late }) => {
      await using trial = await startTrial()
      const { wakeZombie, finishSuccessor, zombieOutcomes } = await handOver(trial, door, late)
      const held = await trial.record()
      expect((await wakeZombie()).text).toBe('409')
      expect(await trial.record()).toEqual(held)
      expect(zombieOutcomes()).toEqual(['in-flight'])
      expect((await trial.sandbox(late, { door })()).text).toBe('409')
      expect(await finishSuccessor()).toMatchObject({ text: '201', body: 'successor' })
    },
  )

  test.concurrent.each(ways)(
    'and $way is answered with the result of a successor that completed',
    async ({ late }) => {
      await using trial = await startTrial()
      const { wakeZombie, finishSuccessor, zombieOutcomes } = await handOver(trial, door, late)
      await finishSuccessor()
      const completed = await trial.record()
      expect(await wakeZombie()).toMatchObject({ text: '201 replayed', body: 'successor' })
      expect(await trial.record()).toEqual(completed)
      expect(zombieOutcomes()).toEqual(['superseded'])
    },
  )
})

describe('a run that outlives its lease', () => {
  test.concurrent('cannot save a step, and stops there', async () => {
    await using trial = await startTrial()
    const afterwards = vi.fn()
    const { wakeZombie, finishSuccessor } = await handOver(trial, undefined, async ({ idempotency }) => {
      await expect(idempotency.step('charge', () => 'ch_1')).rejects.toThrow(LeaseLostError)
      await idempotency
        .step('receipt', () => 'R-1')
        .catch((error: unknown) => {
          afterwards()
          throw error
        })
    })
    const held = await trial.record()
    expect((await wakeZombie()).text).toBe('409')
    expect(afterwards).toHaveBeenCalledTimes(1)
    expect(await trial.record()).toEqual(held)
    await finishSuccessor()
  })

  test.concurrent('commits nothing', async () => {
    await using trial = await startTrial()
    const Item = { id: 'ledger' }
    const { wakeZombie, finishSuccessor } = await handOver(trial, undefined, ({ idempotency }) =>
      idempotency.commit(answerOf('zombie'), [{ Put: { TableName: trial.table.name, Item } }]),
    )
    await finishSuccessor()
    expect(await wakeZombie()).toMatchObject({ text: '201 replayed', body: 'successor' })
    expect(await trial.item('ledger')).toBeUndefined()
  })

  test.concurrent('is told so if its key names another request by now', async () => {
    await using trial = await startTrial()
    const zombie = Promise.withResolvers<void>()
    const started = vi.fn()
    const onOutcome = vi.fn<(event: OutcomeEvent) => void>()
    const late = trial.sandbox(
      async () => {
        started()
        await zombie.promise
        return answerOf('zombie')
      },
      { onOutcome },
    )()
    await vi.waitUntil(() => started.mock.calls.length === 1)
    await trial.edit({ expiresAt: 1 })
    const other = await trial.sandbox(() => answerOf('other'))({ body: '{"amount":7}' })
    expect(other.text).toBe('201')
    const stored = await trial.record()
    zombie.resolve()
    const answer = await late
    expect(answer.text).toBe('409')
    expect(JSON.parse(String(answer.body))).toMatchObject({ code: 'lease-lost', retryable: true })
    expect(onOutcome).toHaveBeenCalledExactlyOnceWith(
      expect.objectContaining({ outcome: 'completion-failed' }),
    )
    expect(await trial.record()).toEqual(stored)
  })
})
