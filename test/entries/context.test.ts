import { describe, expect, it } from 'vitest'
import type { Attempt } from '../../packages/oncekey/src/core/attempt.ts'
import { withAttempt } from '../../packages/oncekey/src/entries/context.ts'

const attempt = { key: 'order-1', number: 1 } as Attempt

describe('a context with the attempt', () => {
  it('has all that the original has, and leaves that alone', () => {
    const hidden = Symbol('trace')
    const prototype = { getRemainingTimeInMillis: () => 30_000 }
    const original = Object.assign(Object.create(prototype), { awsRequestId: 'r-1', [hidden]: 7 })
    Object.defineProperty(original, 'clientContext', { get: () => 'app', configurable: true })

    const context = withAttempt(original, attempt)
    expect(context).toMatchObject({
      awsRequestId: 'r-1',
      [hidden]: 7,
      clientContext: 'app',
      idempotency: attempt,
    })
    expect(context.getRemainingTimeInMillis()).toBe(30_000)
    expect(original).not.toHaveProperty('idempotency')
  })

  it.each([
    ['frozen', Object.freeze],
    ['sealed', Object.seal],
    ['as it is', (context: object) => context],
  ])('takes the place of an attempt that the original has of its own, %s', (_how, made) => {
    const original = made({ awsRequestId: 'r-1', idempotency: 'another' })
    const context = withAttempt(original, attempt)
    expect(context).toEqual({ awsRequestId: 'r-1', idempotency: attempt })
    expect(original).toHaveProperty('idempotency', 'another')
  })

  it('can carry the next one in its turn, as where one protected handler calls another', () => {
    const next = { key: 'order-2', number: 1 } as Attempt
    const context = withAttempt(withAttempt({ awsRequestId: 'r-1' }, attempt), next)
    expect(context.idempotency).toBe(next)
  })

  it.each([undefined, null])('is made of no context (%s) too', (none) => {
    expect(withAttempt(none, attempt)).toEqual({ idempotency: attempt })
  })

  it('is a view of a durable context, whose steps are counted in one place', () => {
    class Durable {
      #steps = 0
      readonly lambdaContext = {}
      readonly executionContext = {}
      step(): number {
        this.#steps += 1
        return this.#steps
      }
    }
    const original = new Durable()
    const [one, other] = [withAttempt(original, attempt), withAttempt(original, attempt)]
    expect([one.step(), other.step(), original.step()]).toEqual([1, 2, 3])
    expect(one.idempotency).toBe(attempt)
    expect('idempotency' in one && 'step' in one).toBe(true)
    expect('idempotency' in original).toBe(false)
  })
})
