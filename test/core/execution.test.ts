import { randomUUID } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { KeyInvalidError } from '../../packages/oncekey/src/core/errors.ts'
import { createLine, heldByTransaction, type Line, requestLost } from './line.ts'

/** A request of an execution that may take a day. */
const execution = (name: string) => ({
  execution: {
    newOwner: () => `${name}/${randomUUID()}`,
    failToEnd: () => undefined,
    owns: (owner: string) => owner.startsWith(`${name}/`),
  },
  leaseMs: 86_400_000,
  renewEveryMs: Number.POSITIVE_INFINITY,
})
const operations = (on: Line): string[] => on.calls.map(({ op }) => op)

describe('an execution that is invoked again', () => {
  it('finds its own claim and goes on with it, for a whole lease more', async () => {
    const on = createLine()
    await on.start(execution('a'))
    on.clock.advance(3_600_000)
    expect(await on.complete('done', execution('a'))).toMatchObject({ outcome: 'executed', attempt: 1 })
    expect(operations(on)).toEqual(['insert', 'insert', 'renew', 'complete'])
    expect(on.called('renew')[0]?.args[1]).toMatchObject({
      leaseUntilMs: on.clock.nowMs() + 86_400_000 + 2_000,
    })
  })

  it('finds its claim of a later attempt too', async () => {
    const on = createLine()
    await on.fail(execution('a'))
    await on.start(execution('b'))
    expect(await on.ask(execution('a'))).toMatchObject({ outcome: 'in-flight' })
    expect(await on.ask(execution('b'))).toMatchObject({ outcome: 'executed', attempt: 2 })
  })

  it('finds it though its key has become too old meanwhile', async () => {
    const on = createLine()
    const expiredKey = new KeyInvalidError('too old', { code: 'key-expired' })
    await on.start(execution('a'))
    expect(await on.ask({ ...execution('b'), expiredKey })).toMatchObject({ outcome: 'in-flight' })
    expect(await on.ask({ ...execution('a'), expiredKey })).toMatchObject({ outcome: 'executed' })
    expect(await on.ask({ ...execution('b'), id: 'payments#2', expiredKey })).toMatchObject({
      outcome: 'invalid',
    })
  })

  it('never has its claim released by an invocation that could not see it', async () => {
    const on = createLine()
    await on.start(execution('a'))
    on.inject('insert', requestLost, 3)
    expect(await on.ask(execution('a'))).toMatchObject({ outcome: 'store-unavailable' })
    on.inject('insert', heldByTransaction)
    await on.ask(execution('a'))
    expect(on.called('release')).toEqual([])
    expect(await on.ask(execution('b'))).toMatchObject({ outcome: 'in-flight' })
  })

  it('finds its claim though it may run without one', async () => {
    const on = createLine()
    await on.start(execution('a'))
    on.inject('insert', requestLost, 9)
    const run = await on.start({ ...execution('a'), onStoreError: 'run' })
    expect(run.claim).toMatchObject({ isInDoubt: false, record: { owner: expect.stringMatching(/^a\//) } })
  })
})

describe('the lease of an execution', () => {
  it('is not renewed while it runs: a timer would outlive the invocation', async () => {
    const on = createLine()
    await on.start(execution('a'))
    expect(on.clock.timers()).toEqual([])
  })

  it('can be taken over once it has lapsed, and its execution then stands back', async () => {
    const on = createLine()
    await on.start(execution('a'))
    on.clock.advance(86_402_000)
    const successor = await on.start(execution('b'))
    expect(successor.attempt.number).toBe(2)
    expect(await on.ask(execution('a'))).toMatchObject({ outcome: 'in-flight' })
    expect(await successor.returns('done')).toMatchObject({ outcome: 'executed', isTakeover: true })
  })
})
