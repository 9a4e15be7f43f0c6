import { type IdempotentContext, LeaseLostError, StoreUnavailableError, type TransactionWrite } from 'oncekey'
import { describe, expect, test, vi } from 'vitest'
import { type FrontDoor, frontDoors, withoutMiddy } from '../support/front-doors.ts'
import { startTrial, type Trial } from '../support/trial.ts'

const CREATED = { statusCode: 201, body: 'paid' }
type Attempt = IdempotentContext['idempotency']

/** A payment from a wallet, if there is enough in it. */
const pay = ({ table }: Trial, amount: number, wallet = 'wallet'): TransactionWrite => ({
  Update: {
    TableName: table.name,
    Key: { id: wallet },
    UpdateExpression: 'ADD spent :amount',
    ConditionExpression: 'attribute_not_exists(spent) OR spent < :limit',
    ExpressionAttributeValues: { ':amount': amount, ':limit': 100 },
  },
})
const put = ({ table }: Trial, id: string): TransactionWrite => ({
  Put: { TableName: table.name, Item: { id } },
})
const spent = async (trial: Trial, wallet = 'wallet') => (await trial.item(wallet))?.spent

const sandbox = (trial: Trial, run: (attempt: Attempt) => unknown, door?: FrontDoor) =>
  trial.sandbox((_event, { idempotency }) => run(idempotency), door && { door })

const fail = (): never => {
  throw new Error('after the commit')
}

// What the transaction is: test/stores. What a run makes of it: test/core. Here: both together.
describe('a commit', () => {
  test('does the writes and stores the result that every repeat gets, however long', async () => {
    await using trial = await startTrial()
    const body = Array.from({ length: 20_000 }, () => String.fromCharCode(33 + Math.random() * 90)).join('')
    const call = sandbox(trial, async (attempt) => {
      await attempt.commit({ statusCode: 201, body }, [pay(trial, 100), put(trial, 'ledger')])
      return { statusCode: 500, body: 'not this' }
    })
    expect(await call()).toMatchObject({ text: '201', body })
    expect(await call()).toMatchObject({ text: '201 replayed', body })
    expect(await spent(trial)).toBe(100)
    expect(await trial.item('ledger')).toBeDefined()
  })

  test('whose own condition fails says why, writes nothing, and leaves the claim to another one', async () => {
    await using trial = await startTrial()
    await sandbox(trial, (attempt) => attempt.commit(CREATED, [pay(trial, 100)]))({
      key: 'the-first-payment',
    })
    const poor = sandbox(trial, async (attempt) => {
      await expect(attempt.commit(CREATED, [put(trial, 'ledger'), pay(trial, 1)])).rejects.toMatchObject({
        name: 'TransactionCanceledException',
        CancellationReasons: [{ Code: 'None' }, { Code: 'ConditionalCheckFailed' }],
      })
      return attempt.commit({ statusCode: 402, body: 'no money left' }, [put(trial, 'refusal')])
    })
    expect(await poor()).toMatchObject({ text: '402', body: 'no money left' })
    expect(await poor()).toMatchObject({ text: '402 replayed', body: 'no money left' })
    expect(await spent(trial)).toBe(100)
    expect(await trial.item('ledger')).toBeUndefined()
  })

  test.each(['cancelled by a conflict', 'transaction in progress'] as const)(
    'is tried again: %s',
    async (fault) => {
      await using trial = await startTrial()
      trial.proxy.inject('commit', fault, 3)
      const call = sandbox(trial, (attempt) => attempt.commit(CREATED, [pay(trial, 100)]))
      expect((await call()).text).toBe('201')
      expect((await call()).text).toBe('201 replayed')
      expect(await spent(trial)).toBe(100)
    },
  )

  test('that holds the record makes a claim answer that a run is in progress', async () => {
    await using trial = await startTrial()
    trial.proxy.inject('insert', 'transaction conflict')
    const work = vi.fn(() => CREATED)
    expect((await sandbox(trial, work)()).text).toBe('409')
    expect(work).not.toHaveBeenCalled()
  })
})

/** A run whose first commit gets no reply, and what its handler does then. */
const runInDoubt = (
  trial: Trial,
  goOn: (attempt: Attempt, heal: () => void) => unknown,
  door: FrontDoor = withoutMiddy,
) => {
  const run = async (attempt: Attempt) => {
    await expect(attempt.commit(CREATED, [pay(trial, 60)])).rejects.toThrow(StoreUnavailableError)
    return goOn(attempt, () => trial.proxy.heal())
  }
  return sandbox(trial, run, door)({ remainingMs: 4_000 })
}

describe.each(frontDoors)('through $door, a commit that happened without a reply', (door) => {
  test.concurrent.each([
    { end: 'throws', goOn: fail },
    { end: 'returns something else', goOn: () => ({ statusCode: 402, body: 'else' }) },
  ])('is what is answered when the handler $end', async ({ goOn }) => {
    await using trial = await startTrial()
    trial.proxy.inject('commit', 'reply lost')
    expect(await runInDoubt(trial, goOn, door)).toMatchObject({ text: '201', body: 'paid' })
    expect(await sandbox(trial, fail, door)()).toMatchObject({ text: '201 replayed', body: 'paid' })
    expect(await spent(trial)).toBe(60)
  })
})

describe('a commit that happened without a reply', () => {
  test.concurrent('is confirmed by the same commit again, and done once', async () => {
    await using trial = await startTrial()
    trial.proxy.inject('commit', 'reply lost')
    const answer = await runInDoubt(trial, (attempt, heal) => {
      heal()
      return attempt.commit({ ...CREATED }, [pay(trial, 60)])
    })
    expect(answer).toMatchObject({ text: '201', body: 'paid' })
    expect(await spent(trial)).toBe(60)
  })

  test.concurrent('makes another commit fail, and nothing of that is written', async () => {
    await using trial = await startTrial()
    trial.proxy.inject('commit', 'reply lost')
    const answer = await runInDoubt(trial, async (attempt, heal) => {
      heal()
      const other = attempt.commit({ statusCode: 202 }, [pay(trial, 60, 'other')])
      await expect(other).rejects.toThrow(LeaseLostError)
      return other
    })
    expect(answer).toMatchObject({ text: '201', body: 'paid' })
    expect([await spent(trial), await spent(trial, 'other')]).toEqual([60, undefined])
  })
})

describe('a commit that arrives late', () => {
  test.concurrent('does nothing after its handler has returned', async () => {
    await using trial = await startTrial()
    trial.proxy.inject('commit', 'delayed past the time-out')
    expect((await runInDoubt(trial, () => ({ statusCode: 402 }))).text).toBe('402')
    await trial.proxy.deliverHeld()
    expect((await sandbox(trial, fail)()).text).toBe('402 replayed')
    expect(await spent(trial)).toBeUndefined()
  })

  test.concurrent('does nothing after another commit of its run', async () => {
    await using trial = await startTrial()
    trial.proxy.inject('commit', 'delayed past the time-out')
    const answer = await runInDoubt(trial, (attempt, heal) => {
      heal()
      return attempt.commit({ statusCode: 202 }, [pay(trial, 60, 'other')])
    })
    expect(answer.text).toBe('202')
    await trial.proxy.deliverHeld()
    expect([await spent(trial), await spent(trial, 'other')]).toEqual([undefined, 60])
    expect((await sandbox(trial, fail)()).text).toBe('202 replayed')
  })

  test.concurrent('does nothing once its handler has thrown and the retry runs', async () => {
    await using trial = await startTrial()
    trial.proxy.inject('commit', 'delayed past the time-out')
    expect((await runInDoubt(trial, fail)).text).toBe('threw Error')
    trial.proxy.heal()
    const retry = sandbox(trial, async (attempt) => {
      await trial.proxy.deliverHeld()
      return attempt.commit(CREATED, [pay(trial, 60)])
    })
    expect((await retry()).text).toBe('201')
    expect(await spent(trial)).toBe(60)
  })
})
