import { idempotentBatch, idempotentHandler, type OutcomeEvent, runOnce } from 'oncekey'
import { memoryStore } from 'oncekey/memory'
import { httpApiEvent, lambdaContext } from 'oncekey/testing'
import { describe, expect, it } from 'vitest'
import { once } from '../../packages/oncekey/src/entries/once.ts'
import { asAnswer } from '../support/answer.ts'
import { failures } from '../triggers/consumer.ts'
import { sqsEvent, sqsRecord } from '../triggers/fixtures.ts'

/** Two emojis, each cut in its middle: UTF-8 would make the same text of both, and one record of two orders. */
const cut = ['order-\ud83c', 'order-\ud83e'] as const

describe.each(cut)('the text %j', (text) => {
  let runs = 0
  const charge = (): number => (runs += 1)
  const store = memoryStore()
  const options = { service: 'billing', name: 'charge', key: 'o-1' }

  it.each(['key', 'name', 'service'])('is no %s of runOnce', async (part) => {
    const running = runOnce(store, { ...options, [part]: text }, charge)
    await expect(running).rejects.toMatchObject({
      name: 'KeyInvalidError',
      message: expect.stringContaining(`Expected the ${part} to be well-formed Unicode`),
    })
    expect(runs).toBe(0)
  })

  it('is no key of a decorated method', async () => {
    class Orders {
      @once(store, { service: 'shop', key: (id: string) => id })
      async charge(_id: string): Promise<number> {
        return charge()
      }
    }
    await expect(new Orders().charge(text)).rejects.toMatchObject({ code: 'key-invalid' })
    expect(runs).toBe(0)
  })

  it('is no key of an event', async () => {
    const outcomes: OutcomeEvent[] = []
    const handler = idempotentHandler(charge, store, {
      service: 'shop',
      key: () => text,
      onOutcome: (outcome) => outcomes.push(outcome),
    })
    const running = handler({ order: text }, lambdaContext())
    await expect(running).rejects.toMatchObject({ name: 'KeyInvalidError', code: 'key-invalid' })
    expect(outcomes).toMatchObject([{ outcome: 'invalid' }])
    expect(runs).toBe(0)
  })

  it('is no key of a request', async () => {
    const handler = idempotentHandler(charge, store, { service: 'shop', key: () => text })
    expect(asAnswer(await handler(httpApiEvent(), lambdaContext())).text).toBe('400')
    expect(runs).toBe(0)
  })

  it('is no key of a record, which is delivered again', async () => {
    const errors: unknown[] = []
    const handler = idempotentBatch(charge, store, {
      service: 'shop',
      key: () => text,
      onRecordError: (error) => errors.push(error),
    })
    expect(await handler(sqsEvent(sqsRecord('m-1', 'x')), lambdaContext())).toEqual(failures('m-1'))
    expect(errors).toMatchObject([{ code: 'key-invalid' }])
    expect(runs).toBe(0)
  })

  it('is no name of a step or of a derived key', async () => {
    await runOnce(store, { ...options, key: JSON.stringify(text) }, async ({ step, derive }) => {
      await expect(step(text, charge)).rejects.toThrow('well-formed Unicode')
      expect(() => derive(text)).toThrow('well-formed Unicode')
    })
    expect(runs).toBe(0)
  })
})

it('two callers with such names are told apart', async () => {
  let caller: string = cut[0]
  const handler = idempotentHandler(() => ({ statusCode: 200, body: caller }), memoryStore(), {
    service: 'shop',
    principal: () => caller,
  })
  const ask = async () => asAnswer(await handler(httpApiEvent({ key: 'k' }), lambdaContext())).text
  expect(await ask()).toBe('200')
  caller = cut[1]
  expect(await ask()).toBe('200')
  caller = cut[0]
  expect(await ask()).toBe('200 replayed')
})
