import { describe, expect, it } from 'vitest'
import { begin } from '../../packages/oncekey/src/attempt/begin.ts'
import {
  after,
  type Bench,
  bench,
  claim,
  refusedForGood,
  rejection,
  replyLost,
  requestLost,
} from './bench.ts'

const another = { id: 'payments#2', key: 'k2', fingerprint: 'json:a' }
const lost = {
  kind: 'failed',
  error: {
    code: 'lease-lost',
    message:
      'The run for idempotency key "k1" lost its lease, and its result was not stored: ask again with the same key.',
  },
}

/** Too long for the record itself. */
const large = Array.from({ length: 4_000 }, () => Math.random())

describe('a completion', () => {
  it('says when it was and how long it is kept', async () => {
    const on = bench()
    const run = await claim(on.scene())
    on.clock.advance(1_000)
    const nowMs = on.clock.nowMs()
    await run.complete({ value: 1 })
    expect(await on.stored()).toMatchObject({ completedAtMs: nowMs, expiresAtMs: nowMs + 60_000 })
  })

  it('is kept as long as it says itself', async () => {
    const on = bench()
    const run = await claim(on.scene())
    await run.complete({ value: 1, retentionMs: 5 })
    expect(await on.stored()).toMatchObject({ expiresAtMs: on.clock.nowMs() + 5 })
  })

  it('finds room for its bytes beside nothing else, for they replace the steps', async () => {
    const on = bench()
    const run = await claim(on.scene())
    await run.attempt.step('charge', () => 'x'.repeat(100))
    await run.complete({ value: 1 })
    expect(on.called('spill').at(-1)?.args[2]).toEqual({
      name: 'result',
      inlineBytes: 0,
      expiresAtMs: on.clock.nowMs() + 60_000,
    })
  })

  it('whose reply is lost is recognised when it is sent again', async () => {
    const on = bench()
    const run = await claim(on.scene())
    on.inject('complete', replyLost)
    expect(await run.complete({ value: 1 })).toMatchObject({ kind: 'stored' })
    expect(on.called('complete')).toHaveLength(2)
  })

  it('is tried for as long as there is time, and then told as failed; nothing is deleted', async () => {
    const on = bench()
    const run = await claim(on.scene())
    const beganAtMs = on.clock.nowMs()
    on.inject('complete', requestLost, 99)
    expect(await run.complete({ value: 1 })).toMatchObject({ kind: 'failed', error: { message: 'away' } })
    expect(on.clock.nowMs() - beganAtMs).toBeGreaterThan(9_700)
    expect(on.clock.nowMs() - beganAtMs).toBeLessThanOrEqual(10_000)
    expect(await on.stored()).toMatchObject({ status: 'in-flight' })
  })

  it('that was refused for good is told as failed, once', async () => {
    const on = bench()
    const run = await claim(on.scene())
    on.inject('complete', refusedForGood)
    const ended = await run.complete({ value: 1 })
    expect(ended).toMatchObject({ kind: 'failed', error: { message: 'no such table' } })
    expect(await run.complete({ value: 2 })).toBe(ended)
    expect(await run.release()).toBe(ended)
    expect(on.called('complete')).toHaveLength(1)
    expect(on.called('release')).toHaveLength(0)
  })

  it('gives the claim up before it is tried', async () => {
    const on = bench()
    const run = await claim(on.scene())
    const completing = run.complete({ value: 1 })
    expect(await rejection(run.attempt.step('late', () => 1))).toBeInstanceOf(TypeError)
    expect(await completing).toMatchObject({ kind: 'stored' })
  })
})

describe('a run that lost its lease', () => {
  it('is told the result of its successor even if it came to the same', async () => {
    const on = bench()
    const zombie = await claim(on.scene())
    on.clock.advance(10_000)
    await (await claim(on.scene())).complete({ value: 'same' })
    expect(await zombie.complete({ value: 'same' })).toEqual({
      kind: 'superseded',
      recalled: { kind: 'value', json: '"same"' },
    })
  })

  it('answers nothing of its own where the result of its successor cannot be loaded for the moment', async () => {
    const on = bench()
    const zombie = await claim(on.scene())
    on.clock.advance(10_000)
    await (await claim(on.scene())).complete({ value: large })
    on.inject('load', refusedForGood)
    expect(await zombie.complete({ value: 'first' })).toEqual({ kind: 'in-flight', leaseLeftMs: 0 })
  })

  it('is told that the result of its successor is damaged', async () => {
    const on = bench()
    const zombie = await claim(on.scene())
    on.clock.advance(10_000)
    await (await claim(on.scene())).complete({ value: large })
    on.inject('load', async () => Buffer.from('another'))
    expect(await zombie.complete({ value: 'first' })).toMatchObject({
      kind: 'failed',
      error: { code: 'record-unreadable' },
    })
  })

  it('is told the result of its successor when it fails, too', async () => {
    const on = bench()
    const zombie = await claim(on.scene())
    on.clock.advance(10_000)
    await (await claim(on.scene())).complete({ value: 'second' })
    expect(await zombie.release()).toMatchObject({ kind: 'superseded', recalled: { json: '"second"' } })
  })

  it.each(['complete', 'release'] as const)('cannot %s after its successor was released', async (how) => {
    const on = bench()
    const zombie = await claim(on.scene())
    on.clock.advance(10_000)
    await (await claim(on.scene())).release()
    const ended = how === 'complete' ? await zombie.complete({ value: 1 }) : await zombie.release()
    expect(ended).toMatchObject(lost)
  })

  it.each(['complete', 'release'] as const)('cannot %s once its record is gone', async (how) => {
    const on = bench()
    const zombie = await claim(on.scene())
    on.clock.advance(70_000)
    await claim(on.scene({ intent: another }))
    expect(await on.stored()).toBeUndefined()
    const ended = how === 'complete' ? await zombie.complete({ value: 1 }) : await zombie.release()
    expect(ended).toMatchObject(lost)
  })

  it('is not told of a record that is of another request by now', async () => {
    const on = bench()
    const zombie = await claim(on.scene())
    on.clock.advance(70_000)
    await (await claim(on.scene({}, undefined, 'json:b'))).complete({ value: 'of another' })
    expect(await zombie.complete({ value: 1 })).toMatchObject(lost)
  })
})

describe('a release', () => {
  it('whose reply is lost is recognised when it is sent again', async () => {
    const on = bench()
    const run = await claim(on.scene())
    on.inject('release', replyLost)
    expect(await run.release()).toEqual({ kind: 'released' })
    expect(on.called('release')).toHaveLength(2)
  })

  it('ends the run: a completion after it changes nothing', async () => {
    const on = bench()
    const run = await claim(on.scene())
    expect(await run.release()).toEqual({ kind: 'released' })
    expect(await run.complete({ value: 1 })).toEqual({ kind: 'released' })
    expect(await on.stored()).toMatchObject({ status: 'in-flight', leaseUntilMs: 0 })
  })
})

describe('a renewal', () => {
  it('gives a whole lease from now on, and an expiry that counts from its end', async () => {
    const on = bench()
    const run = await claim(on.scene())
    on.clock.advance(4_000)
    expect(await run.renew()).toBe(true)
    const nowMs = on.clock.nowMs()
    expect(await on.stored()).toMatchObject({ leaseUntilMs: nowMs + 10_000, expiresAtMs: nowMs + 70_000 })
    on.clock.advance(9_999)
    expect(await begin(on.scene())).toEqual({ kind: 'in-flight', leaseLeftMs: 1 })
  })

  it('lets the run begin steps for longer', async () => {
    const on = bench()
    const run = await claim(on.scene())
    on.clock.advance(4_000)
    await run.renew()
    on.clock.advance(9_999)
    expect(await run.attempt.step('charge', () => 'charged')).toBe('charged')
  })

  it('may be repeated', async () => {
    const on = bench()
    const run = await claim(on.scene())
    for (let n = 1; n <= 3; n++) {
      on.clock.advance(5_000)
      expect(await run.renew()).toBe(true)
    }
    expect(await on.stored()).toMatchObject({ leaseUntilMs: on.clock.nowMs() + 10_000 })
  })

  it('whose reply is lost is recognised when it is sent again', async () => {
    const on = bench()
    const run = await claim(on.scene())
    on.clock.advance(1_000)
    on.inject('renew', replyLost)
    expect(await run.renew()).toBe(true)
  })

  it('is refused once a successor has the claim', async () => {
    const on = bench()
    const zombie = await claim(on.scene())
    on.clock.advance(10_000)
    await claim(on.scene())
    // The successor's lease ends when this one's would.
    expect(await zombie.renew()).toBe(false)
  })

  it('is refused once an operator has released the claim', async () => {
    const on = bench()
    const run = await claim(on.scene())
    const { id = '', owner = '' } = (await on.stored()) ?? {}
    await on.store.release({ id, owner }, { timeoutMs: 1 })
    expect(await run.renew()).toBe(false)
  })

  it('is refused once the record is gone', async () => {
    const on = bench()
    const zombie = await claim(on.scene())
    on.clock.advance(70_000)
    await claim(on.scene({ intent: another }))
    expect(await zombie.renew()).toBe(false)
  })

  it('of a run that has ended asks nobody', async () => {
    const on = bench()
    const run = await claim(on.scene())
    await run.release()
    expect(await run.renew()).toBe(false)
    expect(on.called('renew')).toHaveLength(0)
  })
})

describe('a recalled result', () => {
  const repeat = async (on: Bench, kept: Parameters<Awaited<ReturnType<typeof claim>>['complete']>[0]) => {
    await (await claim(on.scene())).complete(kept)
    return await begin(on.scene())
  }

  it('of undefined has no JSON', async () => {
    expect(await repeat(bench(), { value: undefined })).toMatchObject({
      kind: 'replay',
      recalled: { kind: 'value', json: undefined },
    })
  })

  it('that could not be kept says why, and with which status', async () => {
    expect(await repeat(bench(), { unavailable: 'a stream', status: 201 })).toMatchObject({
      recalled: { kind: 'unavailable', reason: 'a stream', status: 201 },
    })
  })

  it('beside the record is read back, and again if the reply is lost', async () => {
    const on = bench()
    on.inject('load', replyLost)
    expect(await repeat(on, { value: large })).toMatchObject({
      recalled: { kind: 'value', json: JSON.stringify(large) },
    })
    expect(on.called('load').map(({ args }) => args[0])).toEqual(['payments#1', 'payments#1'])
  })

  it('within the record is not asked for', async () => {
    const on = bench()
    await repeat(on, { value: 1 })
    expect(on.called('load')).toHaveLength(0)
  })

  it('that is damaged is told as an unreadable record', async () => {
    const on = bench()
    on.inject('load', async () => new Uint8Array(5))
    expect(await rejection(repeat(on, { value: large }))).toMatchObject({
      code: 'record-unreadable',
      id: 'payments#1',
      message: expect.stringContaining('its result does not'),
    })
  })

  it.each([
    ['that is refused', refusedForGood],
    ['that does not come through', replyLost],
  ])('of a completion whose bytes found no room %s is none, and the work is still done', async (_, fault) => {
    const on = bench()
    const run = await claim(on.scene())
    on.inject('spill', fault, Number.POSITIVE_INFINITY)
    const reason = 'it could not be written'
    expect(await run.complete({ value: large, status: 201 })).toEqual({
      kind: 'stored',
      recalled: { kind: 'unavailable', reason, status: 201 },
      error: expect.objectContaining({ code: 'store-unavailable' }),
    })
    expect(await on.stored()).toMatchObject({ status: 'completed', result: { kind: 'unavailable', reason } })
  })

  it('of no status has none when it found no room either', async () => {
    const on = bench()
    const run = await claim(on.scene())
    on.inject('spill', refusedForGood)
    await run.complete({ value: large })
    const record = await on.stored()
    expect(record?.status === 'completed' && record.result).toStrictEqual({
      kind: 'unavailable',
      reason: 'it could not be written',
    })
  })

  it('is written beside the record again if the reply is lost', async () => {
    const on = bench()
    const run = await claim(on.scene())
    on.inject('spill', replyLost)
    expect(await run.complete({ value: large })).toMatchObject({ kind: 'stored' })
    expect(await begin(on.scene())).toMatchObject({ recalled: { json: JSON.stringify(large) } })
  })
})

it('what comes between two writes of a race is seen by the later one', async () => {
  const on = bench()
  const run = await claim(on.scene())
  on.inject(
    'complete',
    after(async () => {
      on.clock.advance(10_000)
      await (await claim(on.scene())).complete({ value: 'second' })
    }),
  )
  expect(await run.complete({ value: 'first' })).toMatchObject({ kind: 'superseded' })
})
