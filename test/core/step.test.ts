import { describe, expect, it } from 'vitest'
import type { Attempt } from '../../packages/oncekey/src/core/attempt.ts'
import {
  answeredLate,
  createLine,
  type Fault,
  LARGE,
  type Line,
  type Run,
  refusedForGood,
  rejection,
  replyLost,
  requestLost,
} from './line.ts'

/** As JavaScript would call it. */
const stepNamed = (attempt: Attempt, name: unknown): Promise<unknown> =>
  Promise.resolve(Reflect.apply(attempt.step, undefined, [name, () => 1]))
const saved = async (on: Line) => {
  const record = await on.stored()
  return record?.status === 'in-flight' && Object.fromEntries(record.steps)
}

describe('a step', () => {
  it('is not run again by a later attempt, which gets the same JSON', async () => {
    const on = createLine()
    const first = await on.start()
    const step = { at: '1970-01-01T00:00:00.000Z' }
    expect(await first.attempt.step('charge', () => ({ at: new Date(0) }))).toEqual(step)
    await first.throws(new Error('declined'))
    const second = await on.start()
    const again = second.attempt.step('charge', () => {
      throw new Error('ran again')
    })
    expect(await again).toEqual(step)
    expect(on.called('saveStep')).toHaveLength(1)
  })

  it('is not run again after a takeover, wherever its result is', async () => {
    const on = createLine()
    const first = await on.start()
    await first.attempt.step('large', () => LARGE)
    await first.attempt.step('long', () => 'x'.repeat(5_000))
    on.clock.advance(10_000)
    const second = await on.start()
    expect(await second.attempt.step('large', () => 'ran again')).toEqual(LARGE)
    expect(await second.attempt.step('long', () => 'ran again')).toBe('x'.repeat(5_000))
  })

  it('of a run that loses its lease meanwhile fails', async () => {
    const on = createLine()
    const { attempt } = await on.start()
    const late = attempt.step('charge', async () => {
      on.clock.advance(10_000)
      await on.start()
    })
    expect(await rejection(late)).toMatchObject({ code: 'lease-lost', key: 'k1' })
    expect(attempt.signal.reason).toMatchObject({ code: 'lease-lost', key: 'k1' })
  })

  it('begins under a lease that it believes in without another call, to the millisecond', async () => {
    const on = createLine()
    const { attempt } = await on.start()
    on.clock.advance(7_999)
    expect(await attempt.step('charge', () => 1)).toBe(1)
    expect(on.called('renew')).toHaveLength(0)
    on.clock.advance(1)
    expect(await attempt.step('receipt', () => 1)).toBe(1)
    expect(on.called('renew')).toHaveLength(1)
  })

  it.each([8_000, 10_000, 60_000])(
    'of a run that was frozen until %i ms renews the lease before it begins',
    async (durationMs) => {
      const on = createLine()
      const { attempt } = await on.start()
      on.clock.advance(durationMs)
      const leaseUntilMs = await attempt.step('charge', async () => (await on.stored())?.leaseUntilMs)
      expect(leaseUntilMs).toBe(on.clock.nowMs() + 10_000)
    },
  )

  it.each<[string, (on: Line) => unknown]>([
    ['another run has the claim', (on) => on.start()],
    ['another run has completed', (on) => on.complete('second')],
  ])('does not begin once %s', async (_, event) => {
    const on = createLine()
    const { attempt } = await on.start()
    on.clock.advance(10_000)
    await event(on)
    let hasRun = false
    const late = attempt.step('receipt', () => {
      hasRun = true
    })
    expect(await rejection(late)).toMatchObject({ code: 'lease-lost', key: 'k1' })
    expect(hasRun).toBe(false)
    expect(attempt.signal.reason).toMatchObject({ code: 'lease-lost', key: 'k1' })
  })

  it('does not begin while nobody can tell whether the claim stands', async () => {
    const on = createLine()
    const { attempt } = await on.start()
    on.clock.advance(10_000)
    on.inject('renew', refusedForGood)
    let runs = 0
    const step = () => attempt.step('charge', () => (runs += 1))
    expect(await rejection(step())).toMatchObject({ code: 'store-unavailable' })
    expect(runs).toBe(0)
    expect(await step()).toBe(1)
  })

  it('does not begin under a renewed lease that is over by the time of the reply', async () => {
    const on = createLine()
    const { attempt } = await on.start()
    on.clock.advance(10_000)
    on.inject('renew', answeredLate(8_000))
    expect(await rejection(attempt.step('charge', () => 1))).toMatchObject({ code: 'lease-lost' })
    expect(attempt.signal.aborted).toBe(false)
  })

  it('is refused after the run has ended', async () => {
    const run = await createLine().start()
    await run.returns()
    expect(await rejection(run.attempt.step('charge', () => 1))).toEqual(
      new TypeError('step: "charge" was called after the run had ended. Await every step.'),
    )
  })

  it('that throws may be tried again in the same run', async () => {
    const { attempt } = await createLine().start()
    const declined = new Error('declined')
    expect(await rejection(attempt.step('charge', () => Promise.reject(declined)))).toBe(declined)
    expect(await attempt.step('charge', () => 'charged')).toBe('charged')
  })
})

describe('the name of a step', () => {
  it.each<[unknown, string]>([
    ['', '""'],
    ['x'.repeat(256), `"${'x'.repeat(256)}"`],
    [42, '42'],
    [['x'], '["x"]'],
    [undefined, 'undefined'],
    ['order-\ud83c', '"order-\\ud83c"'],
    ['\udf69-order', '"\\udf69-order"'],
  ])('is not %j', async (name, shown) => {
    const { attempt } = await createLine().start()
    expect(await rejection(stepNamed(attempt, name))).toEqual(
      new TypeError(`step: expected a name of 1 to 255 characters of well-formed Unicode, got ${shown}.`),
    )
  })

  it.each(['x', 'x'.repeat(255), 'constructor', '__proto__'])('may be %j', async (name) => {
    const { attempt } = await createLine().start()
    expect(await stepNamed(attempt, name)).toBe(1)
  })

  it('is taken from the moment its step begins', async () => {
    const { attempt } = await createLine().start()
    const first = attempt.step('charge', () => 'charged')
    expect(await rejection(attempt.step('charge', () => 'again'))).toEqual(
      new TypeError('step: "charge" was already used in this run. Use each name once.'),
    )
    expect(await first).toBe('charged')
    expect(await rejection(attempt.step('charge', () => 'again'))).toBeInstanceOf(TypeError)
  })
})

describe('the result of a step', () => {
  it('may be undefined', async () => {
    const on = createLine()
    const { attempt } = await on.start()
    expect(await attempt.step('notify', () => undefined)).toBeUndefined()
    expect(await saved(on)).toEqual({ notify: { kind: 'undefined' } })
  })

  it('that is not JSON is unavailable, in this run and the next, and the step is not run again', async () => {
    const on = createLine()
    let runs = 0
    const charge = () => {
      runs += 1
      return 1n
    }
    const first = await on.start()
    const unavailable = {
      code: 'replay-unavailable',
      message:
        'The run for idempotency key "k1" completed, but its result was not stored: it is not JSON (TypeError).',
    }
    expect(await rejection(first.attempt.step('charge', charge))).toMatchObject(unavailable)
    expect(await rejection(first.attempt.step('charge', charge))).toBeInstanceOf(TypeError)
    await first.throws(new Error('declined'))
    const second = await on.start()
    expect(await rejection(second.attempt.step('charge', charge))).toMatchObject(unavailable)
    expect(runs).toBe(1)
  })

  it('that is damaged fails, and the step is not run again', async () => {
    const on = createLine()
    const first = await on.start()
    await first.attempt.step('charge', () => LARGE)
    await first.throws(new Error('declined'))
    const { attempt } = await on.start()
    on.inject('load', async () => new Uint8Array(5))
    expect(await rejection(attempt.step('charge', () => 'ran again'))).toMatchObject({
      code: 'record-unreadable',
    })
    expect(await attempt.step('charge', () => 'ran again')).toEqual(LARGE)
  })

  it('counts what the record carries already, of this attempt and of earlier ones', async () => {
    const on = createLine()
    const first = await on.start()
    const expiresAtMs = ((await on.stored())?.expiresAtMs ?? 0) + 30 * 24 * 60 * 60 * 1000
    await first.attempt.step('one', () => '€')
    await first.attempt.step('nothing', () => undefined)
    await first.attempt.step('outside', () => LARGE)
    await first.attempt.step('two', () => 12)
    await first.attempt.step('long', () => 'x'.repeat(5_000))
    await first.throws(new Error('declined'))
    const record = await on.stored()
    const long = record?.status === 'in-flight' ? record.steps.get('long') : undefined
    const longBytes = long?.kind === 'compressed' ? long.bytes.length : Number.NaN
    const second = await on.start()
    await second.attempt.step('three', () => 1)
    await second.attempt.step('four', () => 1)
    expect(on.called('offload').map(({ args }) => args[1])).toMatchObject([
      { name: 'step:outside', inlineBytes: 5, expiresAtMs, result: { kind: 'compressed' } },
      { name: 'step:two', inlineBytes: 5, expiresAtMs, result: { kind: 'json', json: '12' } },
      { name: 'step:long', inlineBytes: 7, expiresAtMs },
      { name: 'step:three', inlineBytes: 7 + longBytes },
      { name: 'step:four', inlineBytes: 8 + longBytes },
    ])
  })

  it('is saved again if the reply is lost', async () => {
    const on = createLine()
    const { attempt } = await on.start()
    on.inject('saveStep', replyLost)
    expect(await attempt.step('charge', () => 'charged')).toBe('charged')
    expect(await saved(on)).toEqual({ charge: { kind: 'json', json: '"charged"' } })
  })

  it.each([
    ['saveStep', 1],
    ['offload', LARGE],
  ] as const)('is saved (%s) for as long as the run can still be completed', async (op, result) => {
    const on = createLine()
    const { attempt } = await on.start()
    const startedAtMs = on.clock.nowMs()
    on.inject(op, requestLost, 99)
    expect(await rejection(attempt.step('charge', () => result))).toMatchObject({ message: 'no reply' })
    expect(on.clock.nowMs() - startedAtMs).toBeGreaterThan(7_000)
    expect(on.clock.nowMs() - startedAtMs).toBeLessThanOrEqual(7_500)
  })

  it.each<[string, Fault]>([
    ['is refused', refusedForGood],
    ['gets no reply', replyLost],
  ])(
    'whose saving %s is saved when it is asked for again, and the step is not run again',
    async (_, fault) => {
      const on = createLine()
      const { attempt } = await on.start()
      let isDown = true
      on.inject('saveStep', (...args) => (isDown ? fault(...args) : args[0]()), 99)
      await rejection(attempt.step('charge', () => 1))
      isDown = false
      expect(await attempt.step('charge', () => 2)).toBe(1)
      expect(await saved(on)).toEqual({ charge: { kind: 'json', json: '1' } })
    },
  )
})

describe('the number of steps', () => {
  const tooMany = (name: string) =>
    new RangeError(
      `step: a run can save at most 250 steps, and "${name}" would be one more. Nothing was run. Save several results in one step, or give each part a key of its own with runOnce.`,
    )
  const stepOften = async ({ attempt }: Run, from: number, to: number) => {
    for (let n = from; n <= to; n += 1) await attempt.step(`row ${n}`, () => n)
  }

  it('is bounded, and no effect is begun beyond', async () => {
    const on = createLine()
    const run = await on.start()
    await stepOften(run, 1, 250)
    let runs = 0
    const step = (name: string) => run.attempt.step(name, () => (runs += 1))
    expect(await rejection(step('row 251'))).toEqual(tooMany('row 251'))
    expect(await rejection(step('row 251'))).toEqual(tooMany('row 251'))
    expect(runs).toBe(0)
    expect(await run.returns('paid')).toMatchObject({ outcome: 'executed' })
  })

  it('counts those of earlier attempts, which may be asked for again', async () => {
    const on = createLine()
    const first = await on.start()
    await stepOften(first, 1, 249)
    await first.throws(new Error('declined'))
    const second = await on.start()
    await stepOften(second, 240, 250)
    expect(await rejection(second.attempt.step('row 251', () => 1))).toEqual(tooMany('row 251'))
  })
})

it('steps at once are saved one after another, each knowing what the record holds by then', async () => {
  const on = createLine()
  const { attempt } = await on.start()
  await Promise.all(['a', 'b', 'c'].map((name) => attempt.step(name, () => name.repeat(900))))
  const sizes = on.called('offload').map(({ args }) => Object(args[1]).inlineBytes)
  // The first needs no look, as short as it is.
  expect(sizes).toEqual([902, 1_804])
})

it('a step that failed is not saved, and does not count', async () => {
  const { attempt } = await createLine().start()
  const declined = () => Promise.reject(new Error('declined'))
  for (let n = 1; n <= 250; n++) await rejection(attempt.step(`declined ${n}`, declined))
  expect(await attempt.step('charge', () => 'charged')).toBe('charged')
})

describe('the names of all steps', () => {
  const startSecond = async () => {
    const on = createLine()
    const first = await on.start()
    await first.attempt.step('charge', () => 1)
    await first.throws(new Error('declined'))
    const second = await on.start()
    // It may have been saved all the same.
    on.inject('saveStep', refusedForGood)
    await rejection(second.attempt.step('receipt', () => 1))
    return { on, second }
  }
  const steps = ['charge', 'receipt']

  it('are passed to the completion, which removes their results', async () => {
    const { on, second } = await startSecond()
    await second.returns()
    expect(on.called('complete')).toMatchObject([{ args: [{}, { steps }, {}] }])
  })

  it('are passed to a commit, too', async () => {
    const { on, second } = await startSecond()
    await second.attempt.commit(1, [])
    expect(on.called('commit')).toMatchObject([{ args: [{}, { steps }, [], {}] }])
  })
})

describe('derive', () => {
  it('returns the same UUID on every attempt, and another for every name and request', async () => {
    const on = createLine()
    const first = await on.start()
    const uuid = first.attempt.derive('charge')
    await first.throws(new Error('declined'))
    const second = await on.start()
    expect(second.attempt.derive('charge')).toBe(uuid)
    expect(second.attempt.derive('refund')).not.toBe(uuid)
    expect((await on.start({ id: 'payments#2' })).attempt.derive('charge')).not.toBe(uuid)
  })
})
