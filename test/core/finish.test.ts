import { describe, expect, it } from 'vitest'
import {
  after,
  createLine,
  type Fault,
  LARGE,
  type Line,
  type Run,
  refusedForGood,
  rejection,
  replyLost,
  requestLost,
  resetAfter,
} from './line.ts'

const declined = new Error('declined')
/** Both ways in which a handler ends. */
const ends = [
  {
    how: 'returns',
    end: (run: Run) => run.returns('first'),
    error: undefined,
    lost: { thrown: { code: 'lease-lost', key: 'k1' } },
  },
  {
    how: 'throws',
    end: (run: Run) => run.throws(declined),
    error: declined,
    lost: { thrown: declined },
  },
]

describe('a run that returns', () => {
  it('stores its result, when it was, and until when it is kept', async () => {
    const on = createLine()
    const run = await on.start()
    on.clock.advance(1_000)
    const nowMs = on.clock.nowMs()
    expect(await run.returns({ paid: true })).toMatchObject({
      outcome: 'executed',
      answer: { paid: true },
      attempt: 1,
      error: undefined,
    })
    expect(await on.stored()).toMatchObject({
      status: 'completed',
      result: { kind: 'json', json: '{"paid":true}' },
      completedAtMs: nowMs,
      expiresAtMs: nowMs + 60_000,
    })
    expect(await on.ask()).toMatchObject({ outcome: 'replayed', answer: { paid: true } })
  })

  it('is kept for as long as its result says, in whole seconds', async () => {
    const on = createLine()
    const responder = { toStore: (value: unknown) => ({ value, retentionMs: 1_001 }) }
    await on.complete('paid', { responder })
    expect(await on.stored()).toMatchObject({ expiresAtMs: on.clock.nowMs() + 2_000 })
  })

  it('stores a short result inline, for it replaces the steps', async () => {
    const on = createLine()
    const run = await on.start()
    await run.attempt.step('charge', () => 'x'.repeat(100))
    await run.returns('paid')
    expect(on.called('offload')).toHaveLength(0)
  })

  it('may do so late if nobody has taken over', async () => {
    const on = createLine()
    const run = await on.start()
    on.clock.advance(20_000)
    expect(await run.returns()).toMatchObject({ outcome: 'executed' })
  })

  it('recognises its completion when that is sent again', async () => {
    const on = createLine()
    const responder = { toStore: (value: unknown) => ({ value: { stored: value } }) }
    on.inject('complete', replyLost)
    expect(await on.complete('paid', { responder })).toMatchObject({ outcome: 'executed', answer: 'paid' })
    expect(on.called('complete')).toHaveLength(2)
  })

  it('tries to store its result for as long as there is time, and deletes nothing', async () => {
    const on = createLine()
    const startedAtMs = on.clock.nowMs()
    on.inject('complete', requestLost, 99)
    expect(await on.complete('paid')).toMatchObject({
      outcome: 'completion-failed',
      answer: 'paid',
      attempt: 1,
      error: { message: 'no reply' },
    })
    expect(on.clock.nowMs() - startedAtMs).toBeGreaterThan(7_700)
    expect(on.clock.nowMs() - startedAtMs).toBeLessThanOrEqual(8_000)
    expect(await on.stored()).toMatchObject({ status: 'in-flight' })
    expect(await on.ask()).toMatchObject({ outcome: 'in-flight' })
  })

  it.each([
    ['30 s at most, however much time is left', { deadlineInMs: 900_000 }, 30_000],
    ['what its gateway allows', { deadlineInMs: 900_000, maxWaitMs: 12_000 }, 12_000],
  ])('keeps its caller waiting for %s', async (_, asked, waitedMs) => {
    const on = createLine()
    const startedAtMs = on.clock.nowMs()
    on.inject('complete', resetAfter(1), 999)
    expect(await on.complete('paid', asked)).toMatchObject({ outcome: 'completion-failed', answer: 'paid' })
    expect(on.clock.nowMs() - startedAtMs).toBeGreaterThan(waitedMs - 1_500)
    expect(on.clock.nowMs() - startedAtMs).toBeLessThanOrEqual(waitedMs)

    const failing = createLine()
    failing.inject('release', resetAfter(1), 999)
    expect(await failing.fail(asked)).toMatchObject({ outcome: 'completion-failed' })
    expect(failing.clock.nowMs() - startedAtMs).toBeGreaterThan(waitedMs - 1_500)
    expect(failing.clock.nowMs() - startedAtMs).toBeLessThanOrEqual(waitedMs)
  })

  it('answers, whatever refused its completion for good, and does not release the claim', async () => {
    const on = createLine()
    on.inject('complete', refusedForGood)
    expect(await on.complete('paid')).toMatchObject({
      outcome: 'completion-failed',
      answer: 'paid',
      error: { message: 'no such table' },
    })
    expect(on.called('complete')).toHaveLength(1)
    expect(on.called('release')).toHaveLength(0)
  })

  it('has given up its claim before the completion is tried', async () => {
    const on = createLine()
    const run = await on.start()
    let late: unknown
    on.inject(
      'complete',
      after(async () => {
        late = await rejection(run.attempt.step('late', () => 1))
      }),
    )
    expect(await run.returns()).toMatchObject({ outcome: 'executed' })
    expect(late).toBeInstanceOf(TypeError)
  })
})

describe('a run that throws', () => {
  it('throws its error, and frees the key for any other request', async () => {
    const on = createLine()
    const run = await on.start()
    expect(await run.throws(declined)).toMatchObject({
      outcome: 'released',
      thrown: declined,
      error: declined,
      attempt: 1,
    })
    expect(await on.ask({ fingerprint: 'jcs:b' })).toMatchObject({ outcome: 'executed', attempt: 2 })
  })

  it('recognises its release when that is sent again', async () => {
    const on = createLine()
    on.inject('release', replyLost)
    expect(await on.fail()).toMatchObject({ outcome: 'released' })
    expect(on.called('release')).toHaveLength(2)
  })

  it('throws its own error if the release fails', async () => {
    const on = createLine()
    const run = await on.start()
    on.inject('release', refusedForGood)
    expect(await run.throws(declined)).toMatchObject({
      outcome: 'completion-failed',
      thrown: declined,
      error: { message: 'no such table' },
    })
    expect(await on.stored()).toMatchObject({ leaseUntilMs: on.clock.nowMs() + 10_000 })
  })
})

describe.each(ends)('a run that lost its lease, and $how', ({ end, error, lost }) => {
  const startZombie = async (on: Line): Promise<Run> => {
    const zombie = await on.start()
    on.clock.advance(10_000)
    return zombie
  }

  it('answers with the result of its successor', async () => {
    const on = createLine()
    const zombie = await startZombie(on)
    await on.complete('second')
    expect(await end(zombie)).toMatchObject({
      outcome: 'superseded',
      answer: 'second',
      attempt: 1,
      error,
    })
    expect(await on.ask()).toMatchObject({ outcome: 'replayed', answer: 'second' })
  })

  it('is answered as in flight while its successor runs, and takes nothing from it', async () => {
    const on = createLine()
    const zombie = await startZombie(on)
    await on.start()
    on.clock.advance(700)
    expect(await end(zombie)).toMatchObject({
      outcome: 'in-flight',
      thrown: { code: 'in-flight', key: 'k1', retryAfterMs: 700, cause: error },
      attempt: 1,
    })
    expect(await on.ask()).toMatchObject({ outcome: 'in-flight' })
  })

  it.each<[string, Fault]>([
    ['does not load for the moment', refusedForGood],
    ['is damaged', async () => Buffer.from('another')],
    ['is gone', async () => new Uint8Array()],
  ])('never answers with its own if the result of its successor %s', async (_, fault) => {
    const on = createLine()
    const zombie = await startZombie(on)
    await on.complete(LARGE)
    on.inject('load', fault)
    const ended = await end(zombie)
    expect(ended).toMatchObject({ outcome: 'in-flight', thrown: { code: 'in-flight', retryAfterMs: 0 } })
    expect(ended).not.toHaveProperty('answer')
  })

  it.each([
    ['its successor was released', (on: Line) => on.fail()],
    [
      'its record is gone',
      async (on: Line) => {
        on.clock.advance(60_000)
        await on.start({ id: 'payments#2' })
        expect(await on.stored()).toBeUndefined()
      },
    ],
    [
      'its record is of another request by now',
      async (on: Line) => {
        on.clock.advance(60_000)
        await on.complete('of another', { fingerprint: 'jcs:b' })
      },
    ],
  ])('learns that its lease is lost, once %s', async (_, event) => {
    const on = createLine()
    const zombie = await startZombie(on)
    await event(on)
    expect(await end(zombie)).toMatchObject({
      outcome: 'completion-failed',
      error: { code: 'lease-lost', key: 'k1' },
      attempt: 1,
      ...lost,
    })
  })
})

describe('a result that is not stored', () => {
  const unavailable = (reason: string) => ({ status: 'completed', result: { kind: 'unavailable', reason } })

  it.each([
    ['is not JSON', 1n, 'it is not JSON (TypeError)'],
    ['is too large', 'x'.repeat(6 * 1024 * 1024), 'its 6291458 bytes exceed 6291456'],
  ])('because it %s is answered once, and its work is done', async (_, result, reason) => {
    const on = createLine()
    expect(await on.complete(result)).toMatchObject({ outcome: 'executed', answer: result })
    expect(await on.stored()).toMatchObject(unavailable(reason))
    expect(await on.ask()).toMatchObject({
      outcome: 'replay-unavailable',
      thrown: { code: 'replay-unavailable', key: 'k1', message: expect.stringContaining(reason) },
    })
  })

  it.each([
    ['are refused', refusedForGood],
    ['do not come through', replyLost],
  ])('because its bytes %s is reported with the reason, and its work is done', async (_, fault) => {
    const on = createLine()
    on.inject('offload', fault, Number.POSITIVE_INFINITY)
    const responder = { toStore: (value: unknown) => ({ value, status: 201 }) }
    expect(await on.complete(LARGE, { responder })).toMatchObject({
      outcome: 'executed',
      answer: LARGE,
      error: { code: 'store-unavailable' },
    })
    expect(await on.stored()).toMatchObject(unavailable('it could not be written'))
    expect(await on.ask()).toMatchObject({ outcome: 'replay-unavailable', thrown: { status: 201 } })
  })

  it('is written again if the reply is lost', async () => {
    const on = createLine()
    const expiresAtMs = on.clock.nowMs() + 60_000
    on.inject('offload', replyLost)
    expect(await on.complete(LARGE)).toMatchObject({ outcome: 'executed', error: undefined })
    expect(on.called('offload').map(({ args }) => args[1])).toMatchObject([
      { name: 'result', inlineBytes: 0, expiresAtMs },
      { name: 'result', inlineBytes: 0, expiresAtMs },
    ])
    expect(await on.ask()).toMatchObject({ outcome: 'replayed', answer: LARGE })
  })

  it('leaves time to complete its record', async () => {
    const on = createLine()
    const startedAtMs = on.clock.nowMs()
    on.inject('offload', requestLost, 99)
    await on.complete(LARGE, { deadlineInMs: 10_000 })
    expect(on.clock.nowMs() - startedAtMs).toBeGreaterThan(9_000)
    expect(on.clock.nowMs() - startedAtMs).toBeLessThanOrEqual(9_250)
    expect(await on.stored()).toMatchObject({ status: 'completed' })
  })
})
