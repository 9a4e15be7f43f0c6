import type { IdempotentContext, TransactionWrite } from 'oncekey'
import { describe, expect, test, vi } from 'vitest'
import { startTrial, type Trial } from '../support/trial.ts'

const CREATED = { statusCode: 201, body: 'paid' }
type Run = IdempotentContext['idempotency']

/** Takes from the wallet, if there is enough in it. */
const pay = ({ table }: Trial, amount: number): TransactionWrite => ({
  Update: {
    TableName: table.name,
    Key: { id: 'wallet' },
    UpdateExpression: 'ADD spent :amount',
    ConditionExpression: 'attribute_not_exists(spent) OR spent < :limit',
    ExpressionAttributeValues: { ':amount': amount, ':limit': 100 },
  },
})

const put = ({ table }: Trial, id: string): TransactionWrite => ({
  Put: { TableName: table.name, Item: { id } },
})

/** A sandbox whose handler is this run. */
const sandbox = (trial: Trial, run: (attempt: Run) => unknown) =>
  trial.sandbox((_event, { idempotency }) => run(idempotency))

async function spent(trial: Trial): Promise<unknown> {
  return (await trial.item('wallet'))?.spent
}

describe('a commit', () => {
  test('does the writes and stores the result that every repeat gets', async () => {
    await using trial = await startTrial()
    const call = sandbox(trial, async (attempt) => {
      await attempt.commit(CREATED, [pay(trial, 100), put(trial, 'ledger')])
      return { statusCode: 500, body: 'not this' }
    })
    expect(await call()).toMatchObject({ text: '201', body: 'paid' })
    expect(await call()).toMatchObject({ text: '201 replayed', body: 'paid' })
    expect(await spent(trial)).toBe(100)
    expect(await trial.item('ledger')).toBeDefined()
  })

  test('whose own condition fails says why in the order of its writes, and leaves the claim held', async () => {
    await using trial = await startTrial()
    const attempts = vi.fn()
    const call = sandbox(trial, async (attempt) => {
      attempts()
      await attempt.commit({ statusCode: 200 }, [pay(trial, 100)]).catch(() => undefined)
      return CREATED
    })
    await call({ key: 'the-one-that-spends' })
    const poor = sandbox(trial, async (attempt) => {
      attempts()
      try {
        return await attempt.commit(CREATED, [put(trial, 'ledger'), pay(trial, 1)])
      } catch (error) {
        expect(error).toMatchObject({
          name: 'TransactionCanceledException',
          CancellationReasons: [{ Code: 'None' }, { Code: 'ConditionalCheckFailed' }],
        })
        return { statusCode: 402, body: 'no money left' }
      }
    })
    expect(await poor()).toMatchObject({ text: '402', body: 'no money left' })
    expect(await poor()).toMatchObject({ text: '402 replayed', body: 'no money left' })
    expect(attempts).toHaveBeenCalledTimes(2)
    expect(await spent(trial)).toBe(100)
    expect(await trial.item('ledger')).toBeUndefined()
  })

  test('may follow one whose own condition failed', async () => {
    await using trial = await startTrial()
    const call = sandbox(trial, async (attempt) => {
      const check = {
        ConditionCheck: {
          TableName: trial.table.name,
          Key: { id: 'x' },
          ConditionExpression: 'attribute_exists(id)',
        },
      }
      await attempt.commit(CREATED, [check]).catch(() => undefined)
      return attempt.commit({ statusCode: 202 }, [pay(trial, 100)])
    })
    expect((await call()).text).toBe('202')
    expect((await call()).text).toBe('202 replayed')
    expect(await spent(trial)).toBe(100)
  })

  test('of a result too long for the record brings its chunks along', async () => {
    await using trial = await startTrial()
    const body = Array.from({ length: 20_000 }, () => String.fromCharCode(33 + Math.random() * 90)).join('')
    const call = sandbox(trial, (attempt) => attempt.commit({ statusCode: 201, body }, [pay(trial, 100)]))
    expect((await call()).text).toBe('201')
    expect(await call()).toMatchObject({ text: '201 replayed', body })
  })

  test.each([
    {
      what: 'more than 99 writes',
      writes: (trial: Trial) => Array.from({ length: 100 }, (_, n) => put(trial, `${n}`)),
      name: 'RangeError',
    },
    {
      what: 'more than 4 MB',
      writes: ({ table }: Trial) =>
        Array.from({ length: 12 }, (_, n) => ({
          Put: { TableName: table.name, Item: { id: `${n}`, data: 'x'.repeat(380_000) } },
        })),
      name: 'RangeError',
    },
    { what: 'a write of no kind', writes: () => [{}], name: 'TypeError' },
  ])('of $what is refused before anything is sent', async ({ writes, name }) => {
    await using trial = await startTrial()
    const call = sandbox(trial, async (attempt) => {
      await expect(attempt.commit(CREATED, writes(trial))).rejects.toMatchObject({ name })
      return { statusCode: 413, body: 'too much' }
    })
    expect((await call()).text).toBe('413')
    expect(trial.proxy.phases).toEqual(['insert', 'complete'])
    expect((await call()).text).toBe('413 replayed')
  })

  test('of a result that is not to be stored is refused before anything is sent', async () => {
    await using trial = await startTrial()
    const call = sandbox(trial, (attempt) => attempt.commit({ statusCode: 500 }, [pay(trial, 100)]))
    expect((await call()).text).toBe('threw TypeError')
    expect(trial.proxy.phases).toEqual(['insert', 'release'])
  })

  test('ends the run: a second one and a step after it are refused', async () => {
    await using trial = await startTrial()
    const call = sandbox(trial, async (attempt) => {
      await attempt.commit(CREATED, [pay(trial, 60)])
      await expect(attempt.commit(CREATED, [pay(trial, 60)])).rejects.toThrow(TypeError)
      await expect(attempt.step('late', () => 1)).rejects.toThrow(TypeError)
      return CREATED
    })
    expect((await call()).text).toBe('201')
    expect(await spent(trial)).toBe(60)
  })

  test.each(['cancelled by a conflict', 'transaction in progress', 'throttled'] as const)(
    'waits out: %s',
    async (fault) => {
      await using trial = await startTrial()
      trial.proxy.inject('commit', fault, 3)
      const call = sandbox(trial, (attempt) => attempt.commit(CREATED, [pay(trial, 100)]))
      expect((await call()).text).toBe('201')
      expect(await spent(trial)).toBe(100)
      expect((await call()).text).toBe('201 replayed')
    },
  )
})

describe('a transaction that holds the record', () => {
  test('makes a claim answer that a run is in flight', async () => {
    await using trial = await startTrial()
    trial.proxy.inject('insert', 'transaction conflict')
    const work = vi.fn(() => CREATED)
    expect((await sandbox(trial, work)()).text).toBe('409')
    expect(work).not.toHaveBeenCalled()
  })

  test('makes a completion wait', async () => {
    await using trial = await startTrial()
    trial.proxy.inject('complete', 'transaction conflict', 3)
    const call = sandbox(trial, () => CREATED)
    expect((await call()).text).toBe('201')
    expect((await call()).text).toBe('201 replayed')
  })
})
