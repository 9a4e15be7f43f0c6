import { describe, expect, it } from 'vitest'
import type { Run } from '../../packages/oncekey/src/attempt/run.ts'
import {
  type Bench,
  bench,
  claim,
  type Fault,
  refusedForGood,
  rejection,
  replyLost,
  requestLost,
} from './bench.ts'

/** As JavaScript would call it. */
const stepNamed = (run: Run, name: unknown): Promise<unknown> =>
  Promise.resolve(Reflect.apply(run.attempt.step, undefined, [name, () => 1]))
const rooms = (on: Bench) => on.called('spill').map(({ args }) => args[2])

describe('the name of a step', () => {
  it.each<[unknown, string]>([
    ['', '""'],
    ['x'.repeat(256), `"${'x'.repeat(256)}"`],
    [42, '42'],
    [['x'], '["x"]'],
    [undefined, 'undefined'],
  ])('is not %j', async (name, shown) => {
    const run = await claim(bench().scene())
    expect(await rejection(stepNamed(run, name))).toEqual(
      new TypeError(`step: expected a name of 1 to 255 characters, got ${shown}`),
    )
  })

  it.each(['x', 'x'.repeat(255), 'constructor', 'toString'])('may be %j', async (name) => {
    const run = await claim(bench().scene())
    expect(await stepNamed(run, name)).toBe(1)
  })

  it('is not __proto__, which an object read from the table would lose, so that the step ran again', async () => {
    const on = bench()
    const run = await claim(on.scene())
    expect(await rejection(stepNamed(run, '__proto__'))).toEqual(
      new TypeError('step: expected a name that an object can hold, got "__proto__"'),
    )
    expect(on.called('saveStep')).toHaveLength(0)
  })

  it('is one step’s own, from its beginning', async () => {
    const run = await claim(bench().scene())
    const first = run.attempt.step('charge', () => 'charged')
    expect(await rejection(run.attempt.step('charge', () => 'again'))).toEqual(
      new TypeError('step: "charge" was already used in this run; name each step once'),
    )
    expect(await first).toBe('charged')
  })

  it('is told of a step that comes too late', async () => {
    const run = await claim(bench().scene())
    await run.release()
    expect(await rejection(run.attempt.step('charge', () => 1))).toEqual(
      new TypeError('step: "charge" came after the run had ended; await every step'),
    )
  })
})

describe('the result of a step', () => {
  it('may be undefined', async () => {
    const on = bench()
    const run = await claim(on.scene())
    expect(await run.attempt.step('notify', () => undefined)).toBeUndefined()
    expect(await on.stored()).toMatchObject({ steps: new Map([['notify', { kind: 'undefined' }]]) })
  })

  it('that is not JSON is told as unavailable, and the step is not run again all the same', async () => {
    const on = bench()
    const first = await claim(on.scene())
    const told = {
      code: 'replay-unavailable',
      message:
        'The run for idempotency key "k1" completed, but its result could not be kept: it is not JSON (TypeError).',
    }
    expect(await rejection(first.attempt.step('charge', () => 1n))).toMatchObject(told)
    await first.release()
    const second = await claim(on.scene())
    let runs = 0
    const again = second.attempt.step('charge', () => {
      runs += 1
    })
    expect(await rejection(again)).toMatchObject(told)
    expect(runs).toBe(0)
  })

  it('finds room beside those before it, of this attempt and of earlier ones', async () => {
    const on = bench()
    const first = await claim(on.scene())
    const expiresAtMs = ((await on.stored())?.expiresAtMs ?? 0) + 30 * 24 * 60 * 60 * 1000
    await first.attempt.step('one', () => 'abc')
    await first.attempt.step('nothing', () => undefined)
    await first.attempt.step('beside', () => Array.from({ length: 4_000 }, () => Math.random()))
    await first.attempt.step('two', () => 12)
    await first.release()
    const second = await claim(on.scene())
    await second.attempt.step('three', () => 1)
    expect(rooms(on)).toEqual([
      { name: 'step:one', inlineBytes: 0, expiresAtMs },
      { name: 'step:beside', inlineBytes: 5, expiresAtMs },
      { name: 'step:two', inlineBytes: 5, expiresAtMs },
      { name: 'step:three', inlineBytes: 7, expiresAtMs },
    ])
  })

  it('is saved again if the reply is lost', async () => {
    const on = bench()
    const run = await claim(on.scene())
    on.inject('saveStep', replyLost)
    expect(await run.attempt.step('charge', () => 'charged')).toBe('charged')
    expect(await on.stored()).toMatchObject({ steps: new Map([['charge', { kind: 'json' }]]) })
  })

  it('is tried until the run must be ended', async () => {
    const on = bench()
    const run = await claim(on.scene())
    const beganAtMs = on.clock.nowMs()
    on.inject('saveStep', requestLost, 99)
    expect(await rejection(run.attempt.step('charge', () => 1))).toMatchObject({ message: 'away' })
    expect(on.clock.nowMs() - beganAtMs).toBeGreaterThan(9_000)
    expect(on.clock.nowMs() - beganAtMs).toBeLessThanOrEqual(9_500)
  })

  it.each<[string, Fault]>([
    ['was refused', refusedForGood],
    ['never had a reply', replyLost],
  ])('whose saving %s is saved when it is asked for again, and not done again', async (_, fault) => {
    const on = bench()
    const run = await claim(on.scene())
    let isDown = true
    on.inject('saveStep', (...met) => (isDown ? fault(...met) : met[0]()), 99)
    await rejection(run.attempt.step('charge', () => 1))
    isDown = false
    expect(await run.attempt.step('charge', () => 2)).toBe(1)
    expect(await on.stored()).toMatchObject({ steps: new Map([['charge', { kind: 'json' }]]) })
  })

  it('that is no JSON is not made again in the same run either', async () => {
    const run = await claim(bench().scene())
    expect(await rejection(run.attempt.step('charge', () => 1n))).toMatchObject({
      code: 'replay-unavailable',
    })
    expect(await rejection(run.attempt.step('charge', () => 2))).toBeInstanceOf(TypeError)
  })

  it('that failed may be tried again', async () => {
    const run = await claim(bench().scene())
    const failed = new Error('declined')
    expect(await rejection(run.attempt.step('charge', () => Promise.reject(failed)))).toBe(failed)
    expect(await run.attempt.step('charge', () => 2)).toBe(2)
  })
})
