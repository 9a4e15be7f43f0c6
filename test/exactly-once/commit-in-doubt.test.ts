import { type IdempotentContext, LeaseLostError, StoreUnavailableError, type TransactionWrite } from 'oncekey'
import { describe, expect, test } from 'vitest'
import { frontDoors, withoutMiddy } from '../support/front-doors.ts'
import { startTrial, type Trial } from '../support/trial.ts'

const CREATED = { statusCode: 201, body: 'paid' }
type Run = IdempotentContext['idempotency']

const move = ({ table }: Trial, wallet: string): TransactionWrite => ({
  Update: {
    TableName: table.name,
    Key: { id: wallet },
    UpdateExpression: 'ADD moves :one',
    ExpressionAttributeValues: { ':one': 1 },
  },
})

async function moves(trial: Trial, wallet = 'wallet'): Promise<unknown> {
  return (await trial.item(wallet))?.moves
}

/** A run whose first commit gets no reply, and what it does then. */
function run(trial: Trial, afterwards: (attempt: Run, heal: () => void) => unknown, door = withoutMiddy) {
  return trial.sandbox(
    async (_event, { idempotency }) => {
      const commit = idempotency.commit(CREATED, [move(trial, 'wallet')])
      await expect(commit).rejects.toThrow(StoreUnavailableError)
      return afterwards(idempotency, () => trial.proxy.heal())
    },
    { door },
  )({ remainingMs: 4_000 })
}

const fail = (): never => {
  throw new Error('after the commit')
}
const ends = [
  { end: 'throws', afterwards: fail },
  { end: 'returns something else', afterwards: () => ({ statusCode: 402, body: 'else' }) },
]

describe.each(frontDoors)('through $door, a commit that happened without a reply', (door) => {
  test.concurrent.each(ends)('is what is answered when the handler $end', async ({ afterwards }) => {
    await using trial = await startTrial()
    trial.proxy.inject('commit', 'reply lost')
    expect(await run(trial, afterwards, door)).toMatchObject({ text: '201', body: 'paid' })
    const repeat = await trial.sandbox(fail, { door })()
    expect(repeat).toMatchObject({ text: '201 replayed', body: 'paid' })
    expect(await moves(trial)).toBe(1)
  })
})

describe('a commit that happened without a reply', () => {
  test.concurrent('is confirmed by the same commit again, and done once', async () => {
    await using trial = await startTrial()
    trial.proxy.inject('commit', 'reply lost')
    const answer = await run(trial, (attempt, heal) => {
      heal()
      return attempt.commit({ ...CREATED }, [move(trial, 'wallet')])
    })
    expect(answer).toMatchObject({ text: '201', body: 'paid' })
    expect(await moves(trial)).toBe(1)
  })

  test.concurrent('makes another commit fail, and nothing of that is written', async () => {
    await using trial = await startTrial()
    trial.proxy.inject('commit', 'reply lost')
    const answer = await run(trial, async (attempt, heal) => {
      heal()
      const other = attempt.commit({ statusCode: 202 }, [move(trial, 'other')])
      await expect(other).rejects.toThrow(LeaseLostError)
      return other
    })
    expect(answer).toMatchObject({ text: '201', body: 'paid' })
    expect([await moves(trial), await moves(trial, 'other')]).toEqual([1, undefined])
  })
})

describe('a commit that never happened', () => {
  test.concurrent('leaves the claim to what the handler returns, and comes too late afterwards', async () => {
    await using trial = await startTrial()
    trial.proxy.inject('commit', 'delayed past the time-out')
    expect((await run(trial, () => ({ statusCode: 402, body: 'else' }))).text).toBe('402')
    await trial.proxy.deliverHeld()
    expect((await trial.sandbox(fail)()).text).toBe('402 replayed')
    expect(await moves(trial)).toBeUndefined()
  })

  test.concurrent('leaves the claim to another commit, and comes too late afterwards', async () => {
    await using trial = await startTrial()
    trial.proxy.inject('commit', 'delayed past the time-out')
    const answer = await run(trial, (attempt, heal) => {
      heal()
      return attempt.commit({ statusCode: 202 }, [move(trial, 'other')])
    })
    expect(answer.text).toBe('202')
    await trial.proxy.deliverHeld()
    expect([await moves(trial), await moves(trial, 'other')]).toEqual([undefined, 1])
    expect((await trial.sandbox(fail)()).text).toBe('202 replayed')
  })

  test.concurrent('is freed by a handler that throws, and comes too late for the retry', async () => {
    await using trial = await startTrial()
    trial.proxy.inject('commit', 'delayed past the time-out')
    expect((await run(trial, fail)).text).toBe('threw Error')
    trial.proxy.heal()
    const retry = trial.sandbox(async (_event, { idempotency }) => {
      await trial.proxy.deliverHeld()
      return idempotency.commit(CREATED, [move(trial, 'wallet')])
    })
    expect((await retry()).text).toBe('201')
    expect(await moves(trial)).toBe(1)
  })
})
