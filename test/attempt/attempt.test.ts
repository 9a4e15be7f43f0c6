import { describe, expect, it } from 'vitest'
import { begin } from '../../packages/oncekey/src/attempt/begin.ts'
import { bench, claim } from './bench.ts'

describe('a claim', () => {
  it('is the first run of a new intent', async () => {
    const { scene } = bench()
    const run = await claim(scene())
    expect(run.attempt).toMatchObject({ key: 'k1', number: 1 })
  })

  it('keeps every other caller in flight for as long as its lease lives', async () => {
    const { scene, clock } = bench()
    await claim(scene())
    clock.advance(9_999)
    expect(await begin(scene())).toEqual({ kind: 'in-flight', leaseLeftMs: 1 })
  })

  it('is refused to another fingerprint, whether in flight or completed', async () => {
    const { scene } = bench()
    const run = await claim(scene())
    expect((await begin(scene({}, undefined, 'json:b'))).kind).toBe('mismatch')
    await run.complete({ value: 1 })
    expect((await begin(scene({}, undefined, 'json:b'))).kind).toBe('mismatch')
  })

  it('passes to the next caller when its lease has lapsed', async () => {
    const { scene, clock } = bench()
    await claim(scene())
    clock.advance(10_000)
    expect((await claim(scene())).attempt.number).toBe(2)
  })

  it('answers outcome-unknown after a lapsed lease if the record says refuse', async () => {
    const { scene, clock } = bench()
    await claim(scene({ onCrash: 'refuse' }))
    clock.advance(10_000)
    expect((await begin(scene())).kind).toBe('outcome-unknown')
  })

  it('counts on after a release and starts anew after expiry', async () => {
    const { scene, clock } = bench()
    await (await claim(scene())).release()
    const second = await claim(scene())
    expect(second.attempt.number).toBe(2)
    await second.complete({ value: 1 })
    clock.advance(60_000)
    expect((await claim(scene())).attempt.number).toBe(1)
  })

  it('ends with the deadline and a margin where the service has one', async () => {
    const { scene, clock, store } = bench()
    await claim(scene({}, { kind: 'deadline', deadlineMs: clock.nowMs() + 3_000 }))
    const { record } = await store.read('payments#1', { timeoutMs: 1 })
    expect(record?.leaseUntilMs).toBe(clock.nowMs() + 5_000)
  })

  it('expires no sooner than the retention after its lease, however short that is', async () => {
    const { scene, store } = bench()
    await claim(scene({ retentionMs: 1 }))
    const { record } = await store.read('payments#1', { timeoutMs: 1 })
    expect(record?.expiresAtMs).toBe((record?.leaseUntilMs ?? 0) + 1)
  })
})

describe('a run that completes', () => {
  it('has its result replayed', async () => {
    const { scene } = bench()
    expect(await (await claim(scene())).complete({ value: { paid: true } })).toEqual({
      kind: 'stored',
      recalled: { kind: 'value', json: '{"paid":true}' },
    })
    expect(await begin(scene())).toMatchObject({
      kind: 'replay',
      recalled: { kind: 'value', json: '{"paid":true}' },
    })
  })

  it('cannot overwrite the result of the run that took over', async () => {
    const { scene, clock } = bench()
    const zombie = await claim(scene())
    clock.advance(10_000)
    await (await claim(scene())).complete({ value: 'second' })
    expect(await zombie.complete({ value: 'first' })).toMatchObject({
      kind: 'superseded',
      recalled: { json: '"second"' },
    })
    expect(await begin(scene())).toMatchObject({ recalled: { json: '"second"' } })
  })

  it('is told of the successor that still runs', async () => {
    const { scene, clock } = bench()
    const zombie = await claim(scene())
    clock.advance(10_000)
    await claim(scene())
    expect(await zombie.complete({ value: 'first' })).toEqual({ kind: 'in-flight', leaseLeftMs: 10_000 })
    expect((await begin(scene())).kind).toBe('in-flight')
  })

  it('may complete late if nobody took over', async () => {
    const { scene, clock } = bench()
    const run = await claim(scene())
    clock.advance(20_000)
    expect(await run.complete({ value: 1 })).toMatchObject({ kind: 'stored' })
  })

  it('ends once: a release after it changes nothing', async () => {
    const { scene } = bench()
    const run = await claim(scene())
    await run.complete({ value: 1 })
    expect(await run.release()).toMatchObject({ kind: 'stored' })
    expect((await begin(scene())).kind).toBe('replay')
  })
})

describe('a run that fails', () => {
  it('frees the key for any other request', async () => {
    const { scene } = bench()
    expect(await (await claim(scene())).release()).toEqual({ kind: 'released' })
    expect((await claim(scene({}, undefined, 'json:b'))).attempt.number).toBe(2)
  })

  it('does not free the key of the run that took over', async () => {
    const { scene, clock } = bench()
    const zombie = await claim(scene())
    clock.advance(10_000)
    await claim(scene())
    expect(await zombie.release()).toMatchObject({ kind: 'in-flight' })
    expect((await begin(scene())).kind).toBe('in-flight')
  })
})

describe('a caller that waits', () => {
  it('gets the result of the run that it waited for', async () => {
    const { scene, clock } = bench()
    const run = await claim(scene())
    const waiting = begin(scene({ waitMs: 5_000 }))
    await clock.sleep(100)
    await run.complete({ value: 'done' })
    expect(await waiting).toMatchObject({ kind: 'replay', recalled: { json: '"done"' } })
  })

  it('is alone in running when the run that several waited for fails', async () => {
    const { scene, clock } = bench()
    const run = await claim(scene())
    const waiting = [1, 2, 3, 4].map(() => begin(scene({ waitMs: 5_000 })))
    await clock.sleep(10)
    await run.release()
    const kinds = (await Promise.all(waiting)).map(({ kind }) => kind)
    expect(kinds.toSorted()).toEqual(['in-flight', 'in-flight', 'in-flight', 'run'])
  })

  it('gives up when its time is over', async () => {
    const { scene } = bench()
    await claim(scene())
    expect((await begin(scene({ waitMs: 2_000 }))).kind).toBe('in-flight')
  })
})

describe('a step', () => {
  it('is not run again by a later attempt', async () => {
    const { scene } = bench()
    const first = await claim(scene())
    expect(await first.attempt.step('charge', () => ({ at: new Date(0) }))).toEqual({
      at: '1970-01-01T00:00:00.000Z',
    })
    await first.release()
    const second = await claim(scene())
    const again = await second.attempt.step('charge', () => {
      throw new Error('ran again')
    })
    expect(again).toEqual({ at: '1970-01-01T00:00:00.000Z' })
  })

  it('of a run that lost its lease is refused', async () => {
    const { scene, clock } = bench()
    const zombie = await claim(scene())
    const late = zombie.attempt.step('charge', () => {
      clock.advance(10_000)
      return claim(scene()).then(() => 'charged')
    })
    await expect(late).rejects.toMatchObject({ code: 'lease-lost' })
  })

  it('does not begin once the lease is over', async () => {
    const { scene, clock } = bench()
    const run = await claim(scene())
    clock.advance(10_000)
    let hasRun = false
    const late = run.attempt.step('charge', () => {
      hasRun = true
    })
    await expect(late).rejects.toMatchObject({ code: 'lease-lost' })
    expect(hasRun).toBe(false)
  })

  it('has a name of its own within a run', async () => {
    const { scene } = bench()
    const run = await claim(scene())
    await run.attempt.step('charge', () => 1)
    await expect(run.attempt.step('charge', () => 2)).rejects.toThrow('name each step once')
  })

  it('is refused after the run has ended', async () => {
    const { scene } = bench()
    const run = await claim(scene())
    await run.complete({ value: 1 })
    await expect(run.attempt.step('charge', () => 2)).rejects.toThrow('after the run had ended')
  })

  it('may be tried again in the same run if it failed', async () => {
    const { scene } = bench()
    const run = await claim(scene())
    await expect(run.attempt.step('charge', () => Promise.reject(new Error('declined')))).rejects.toThrow(
      'declined',
    )
    expect(await run.attempt.step('charge', () => 'charged')).toBe('charged')
  })
})

describe('derive', () => {
  it('gives the same UUID on every attempt, and another for every name', async () => {
    const { scene } = bench()
    const first = await claim(scene())
    const uuid = first.attempt.derive('charge')
    await first.release()
    const second = await claim(scene())
    expect(second.attempt.derive('charge')).toBe(uuid)
    expect(second.attempt.derive('refund')).not.toBe(uuid)
    expect(uuid).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
  })
})
